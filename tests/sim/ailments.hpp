// What links come down with for a while: one way of casting fails, large frames vanish, a path is
// lossy or clogged. It strikes one directed link, or all that leads to one host (as a port of a
// switch or a lost IGMP membership does), and passes.
#pragma once

#include <cstdint>

#include "base/fixed_vec.hpp"
#include "base/prng.hpp"
#include "base/time.hpp"
#include "tests/sim/hazards.hpp"

namespace torc::sim {

enum class Ailment : std::uint8_t {
    no_unicast,    ///< multicast passes
    no_multicast,  ///< unicast passes: snooping that forgot a member
    small_only,    ///< MTU black hole
    lossy,         ///< every second copy
    clogged,       ///< nothing lost, but all comes when it is over
};
inline constexpr std::uint32_t kAilments = 5;

class Ailments {
public:
    Ailments(const LinkHazards& hazards, std::uint32_t nodes, std::uint64_t seed)
        : hazards_(hazards), nodes_(nodes), prng_(seed) {}

    /// Lets time pass: some begin, some end.
    void advance(Instant now);
    /// Whether a copy of so many bytes is lost on its way.
    bool loses(std::uint32_t from, std::uint32_t to, bool multicast, std::size_t bytes);
    /// Not before this may anything arrive; Instant{} if nothing is clogged.
    Instant clogged_until(std::uint32_t from, std::uint32_t to) const;
    /// All are well from now on.
    void cure();

    static constexpr std::size_t kSmall = 576;  ///< bytes that pass everywhere

private:
    static constexpr std::uint32_t kAnybody = UINT32_MAX;
    struct Case {
        Ailment ailment{};
        std::uint32_t from{0};  ///< or kAnybody
        std::uint32_t to{0};
        Instant until;
        bool is_on(std::uint32_t a, std::uint32_t b) const {
            return to == b && (from == a || from == kAnybody);
        }
    };
    void begin(Instant now);
    Nanos microseconds(std::uint64_t low, std::uint64_t high);

    LinkHazards hazards_;
    std::uint32_t nodes_;
    Prng prng_;
    Instant next_{};  ///< the next one begins; Instant{}: not drawn yet
    FixedVec<Case, 4> cases_;
};

}  // namespace torc::sim
