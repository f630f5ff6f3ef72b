// Which state may follow which, and for what cause: the whole of the machine as one table. Every
// transition is checked against it, and a test compares it with the table in README.md.
#pragma once

#include <span>

#include "membership/former.hpp"

namespace torc::membership {

struct Edge {
    State from;
    State to;
    Cause cause;
    friend bool operator==(const Edge&, const Edge&) = default;
};

/// All edges, in the order of README.md.
std::span<const Edge> edges();
bool is_edge(State from, State to, Cause cause);

inline constexpr std::size_t kStates = static_cast<std::size_t>(State::left) + 1;
inline constexpr std::size_t kCauses = static_cast<std::size_t>(Cause::duplicate_index) + 1;

}  // namespace torc::membership
