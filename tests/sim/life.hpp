// Names that the oracles share: a broken promise, a node's life, a configuration, a place in order.
#pragma once

#include <compare>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace torc::sim {

struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A node's one boot, as the oracles name it.
struct Life {
    std::uint32_t node{0};
    std::uint32_t boot{0};
    friend auto operator<=>(const Life&, const Life&) = default;
};

[[noreturn]] inline void fail(Life life, const std::string& what) {
    std::ostringstream text;
    text << "node " << life.node << " boot " << life.boot << ": " << what;
    throw Violation(text.str());
}

using Ring = std::pair<std::uint64_t, std::uint64_t>;  ///< epoch, representative

/// A message's place in its ring: seq of the frame that completed it, number in that frame.
using Place = std::uint64_t;
constexpr Place place_of(std::uint64_t seq, std::uint64_t index) { return seq << 12 | index; }
constexpr std::uint64_t seq_of(Place place) { return place >> 12; }

constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ (hash >> 29);
}

}  // namespace torc::sim
