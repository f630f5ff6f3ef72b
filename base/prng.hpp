// Seeded pseudo-random numbers (xoshiro256**, Blackman and Vigna 2018; seeded by SplitMix64).
// For jitter, salts and simulation; not for secrets.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace torc {

class Prng {
public:
    explicit constexpr Prng(std::uint64_t seed) {
        for (std::uint64_t& word : state_) {
            seed += 0x9E3779B97F4A7C15u;
            std::uint64_t mixed = seed;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
            word = mixed ^ (mixed >> 31);
        }
    }

    constexpr std::uint64_t next() {
        const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    /// Uniform in [0, bound); 0 if bound is 0. The bias of the multiply-shift is below 2^-32 for
    /// the bounds used here.
    constexpr std::uint64_t below(std::uint64_t bound) {
        return static_cast<std::uint64_t>((Wide{next()} * bound) >> 64);
    }
    /// Uniform in [low, high].
    constexpr std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + below(high - low + 1);
    }
    /// True with the probability `per_million` / 1,000,000.
    constexpr bool chance(std::uint32_t per_million) { return below(1'000'000) < per_million; }

private:
    __extension__ using Wide = unsigned __int128;

    std::array<std::uint64_t, 4> state_{};
};

}  // namespace torc
