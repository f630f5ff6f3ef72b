// What a check found: broken promises, each by the number or name that README.md gives it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace torc::check {

struct Finding {
    std::string property;
    std::string text;
};

class Verdict {
public:
    /// Kept word for word: the first few of each property; the rest is only counted.
    static constexpr std::uint64_t kKeptOfEach = 10;

    void add(std::string_view property, std::string text) {
        const auto [at, fresh] = counts_.try_emplace(std::string(property), 0);
        if (++at->second <= kKeptOfEach) findings_.push_back({at->first, std::move(text)});
    }

    bool clean() const { return counts_.empty(); }
    const std::vector<Finding>& findings() const { return findings_; }
    /// Property -> how many times it was broken.
    const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
    bool broke(std::string_view property) const { return counts_.contains(std::string(property)); }

private:
    std::vector<Finding> findings_;
    std::map<std::string, std::uint64_t> counts_;
};

}  // namespace torc::check
