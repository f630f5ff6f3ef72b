// A small good file, and ways to spoil one thing in it.
#pragma once

#include <string>
#include <vector>

#include "config/load.hpp"

namespace torc::config::test {

inline constexpr std::string_view kGood =
    "[cluster]\n"               // 1
    "name = \"t\"\n"            // 2
    "[[node]]\n"                // 3
    "name = \"a\"\n"            // 4
    "address = \"10.0.0.1\"\n"  // 5
    "[[node]]\n"                // 6
    "name = \"b\"\n"            // 7
    "address = \"10.0.0.2\"\n"  // 8
    "[daemon]\n"                // 9
    "node = \"a\"\n";           // 10

inline std::string good() { return std::string(kGood); }

/// Messages of loading `text` as the file "t".
inline std::vector<std::string> mistakes(const std::string& text, const Overrides& overrides = {}) {
    std::vector<std::string> out;
    for (const Error& error : load_text(text, "t", overrides).errors) out.push_back(error.message);
    return out;
}

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    return at == std::string::npos ? "" : text.replace(at, from.size(), to);
}

}  // namespace torc::config::test
