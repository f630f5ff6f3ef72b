// A configuration file as it stands, before anybody asks what it means: keys, plain values, places.
// It keeps toml++ out of everything but load_toml.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace torc::config {

/// Where something was written: "torc.toml:12:5", or the name of a command-line option.
struct Place {
    std::string source;
    std::uint32_t line{0};  ///< 0: the source as a whole
    std::uint32_t column{0};

    std::string text() const;
};

/// Text of the command line, which has no quotes: it is what its key wants it to be.
struct Unquoted {
    std::string text;
};

/// A value that no key takes: a table, a date, an array with anything but strings, a fraction.
struct Unsupported {
    std::string_view what;  ///< "a date" and the like; static storage
};

using RawValue =
    std::variant<std::int64_t, bool, std::string, std::vector<std::string>, Unquoted, Unsupported>;

struct RawEntry {
    std::string key;
    RawValue value;
    Place place;  ///< of the key
    Place value_place;
};

/// One table of the file, or one element of an array of tables.
struct RawSection {
    std::string name;  ///< "cluster.timers"; empty for keys before the first header
    Place place;
    bool element{false};  ///< written [[name]]
    std::vector<RawEntry> entries;
};

struct Document {
    std::vector<RawSection> sections;  ///< in the order of the file
};

/// Parses TOML. Takes: the text, and the name to put into places.
/// Fails: on a syntax error, with its place; toml++ stops at the first.
Result<Document> parse_toml(std::string_view text, const std::string& source);

}  // namespace torc::config
