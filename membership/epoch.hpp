// Ring epochs: counter:40 | salt:24. The counter orders rings; the salt keeps the ids of two rings
// apart when a restarted daemon has forgotten its epochs (protocol.md 4.3).
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/mutants.hpp"
#include "base/prng.hpp"

namespace torc::membership {

inline constexpr unsigned kSaltBits = 24;
/// No honest cluster gets there (a ring a microsecond for six days); a message that claims more is
/// refused, so that a forged epoch cannot use the counter up.
inline constexpr std::uint64_t kEpochCounterMax = std::uint64_t{1} << 39;

constexpr std::uint64_t counter_of(std::uint64_t epoch) { return epoch >> kSaltBits; }
constexpr bool is_plausible(std::uint64_t epoch) { return counter_of(epoch) < kEpochCounterMax; }

/// The epoch of a new ring: later than everything seen, with a fresh salt.
inline std::uint64_t next_epoch(std::uint64_t highest_seen, Prng& prng) {
    const std::uint64_t counter = counter_of(highest_seen) + 1;
    const std::uint64_t salt = prng.next() & ((std::uint64_t{1} << kSaltBits) - 1);
    return counter << kSaltBits | (mutant(Mutant::epoch_without_salt) ? 0 : salt);
}

}  // namespace torc::membership
