// Names for what daemons or members have in common: hashes that go on as configurations come.
#pragma once

#include <cstdint>

#include "base/ids.hpp"

namespace torc::groups {

/// What had `seed` in common has this in common once it went through the configuration `id`. Equal
/// on every host; different seeds or configurations give different results. Seeds may be small
/// numbers and so may epochs, hence the factor: `seed ^ epoch` alone would not tell (2, 104) from
/// (1, 107).
constexpr std::uint64_t fold(std::uint64_t seed, const RingId& id) {
    seed = (seed * 0xD6E8FEB86659FD93u + id.epoch) * 0x9E3779B97F4A7C15u;
    return (seed ^ raw(id.representative) ^ (seed >> 29)) * 0xBF58476D1CE4E5B9u;
}

}  // namespace torc::groups
