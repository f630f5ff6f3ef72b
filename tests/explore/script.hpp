// The fixed course of a run: which cluster, and what happens to it when. Everything else in a run
// follows from it and from the faults that a chooser places.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/time.hpp"
#include "config/settings.hpp"

namespace torc::explore {

struct Step {
    enum class Kind : std::uint8_t { boot, say, kill, leave, split, heal };
    Nanos at{};
    Kind kind{};
    std::uint32_t node{0};
    Service service{Service::agreed};  ///< say
    std::size_t bytes{0};              ///< say
    std::uint64_t side{0};             ///< split: a bit for each node of one side
};

struct Script {
    std::string name;
    config::ClusterSettings cluster;
    std::vector<Step> steps;  ///< by time
    bool flush{false};        ///< the group of all is a flush group
    std::uint32_t nodes() const { return static_cast<std::uint32_t>(cluster.nodes.size()); }
};

/// How long a hop takes, from whom to whom: all different, so that no two things tie.
constexpr Nanos hop_time(std::uint32_t from, std::uint32_t to) {
    return Nanos{100'000 + 1'700 * std::int64_t{from} + 900 * std::int64_t{to}};
}

/// Names of the courses that `make_script` knows.
const std::vector<std::string_view>& script_names();
/// An unknown name gives a script without nodes.
Script make_script(std::string_view name, std::uint32_t nodes);

}  // namespace torc::explore
