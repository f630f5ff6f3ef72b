// Names for what daemons or members have in common: hashes that go on as configurations come.
#pragma once

#include <cstdint>

#include "base/ids.hpp"

namespace torc::groups {

/// What had `seed` in common has this in common once it went through the configuration `id`. Equal
/// on every host; different seeds or configurations give different results.
constexpr std::uint64_t fold(std::uint64_t seed, const RingId& id) {
    seed = (seed ^ id.epoch) * 0x9E3779B97F4A7C15u;
    return (seed ^ raw(id.representative) ^ (seed >> 29)) * 0xBF58476D1CE4E5B9u;
}

}  // namespace torc::groups
