// The faults that wait for something to be sent: traps, nodes that die in the middle of a burst,
// tokens and kinds of frame that go astray, old packets to be replayed. The world asks it about
// each frame; faults that happen at once (a crash, a cut) the world does itself.
#pragma once

#include <cstdint>
#include <vector>

#include "base/prng.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/schedule.hpp"

namespace torc::sim {

/// What becomes of a frame before the network gets it.
struct Fate {
    bool lost{false};
    Nanos late{};       ///< each copy so much later than usual
    Nanos late_max{};   ///< and each up to so much later again
    bool twice{false};  ///< one copy in time, one `late`
};

class Mischief {
public:
    Mischief(std::uint32_t nodes, Prng& prng) : dooms_(nodes), prng_(prng) {}

    void doom(const Fault& fault);
    void set_trap(const Fault& fault);
    void lose_tokens(std::uint64_t count) { tokens_to_lose_ = count; }
    void double_tokens(const Fault& fault);
    void delay_tokens(const Fault& fault);
    void lose_kind(std::uint32_t kind, Instant until);
    /// Forgets all that is armed.
    void calm();
    /// A node that booted or died is not about to die any more.
    void spare(std::uint32_t node) { dooms_[node] = Doom{}; }

    Fate fate_of(Instant now, std::uint32_t from, std::uint32_t kind);
    /// A frame of that kind went out; gives the partition that a trap springs, or nullptr.
    const Fault* watch(std::uint32_t kind);
    /// Whether `node` has sent all that its fault lets it send, and is to die; how it comes back.
    bool is_spent(std::uint32_t node) const;
    Nanos back_after(std::uint32_t node) const { return dooms_[node].back_after; }

    /// Keeps a sample of all that was ever sent: each packet equally likely to be in it.
    void remember(const Packet& packet);
    const std::vector<Packet>& old_packets() const { return old_packets_; }

private:
    /// How a node's end comes: armed, then it counts the DATA that it still gets rid of. What goes
    /// out may hang in a switch until the others have long made their plan without it.
    struct Doom {
        bool armed{false};
        bool counting{false};   ///< the token is out
        std::uint64_t lost{0};  ///< DATA that nobody gets
        std::uint64_t sent{0};  ///< DATA behind it that goes out
        Nanos late_max{};
        Nanos back_after{};
    };

    bool survives_doom(std::uint32_t from, std::uint32_t kind);
    void token_fate(Fate& fate);

    std::vector<Doom> dooms_;
    std::vector<Fault> traps_;  ///< `skip` and `tokens` count down
    Fault sprung_;
    std::uint64_t tokens_to_lose_{0};
    std::uint64_t tokens_to_double_{0};
    std::uint64_t tokens_to_delay_{0};
    Nanos double_late_{};
    Nanos delay_late_{};
    std::uint32_t lost_kind_{0};
    Instant lost_kind_until_{};
    std::vector<Packet> old_packets_;
    std::uint64_t remembered_{0};
    Prng& prng_;

    static constexpr std::size_t kOldPackets = 512;  ///< kept to be replayed
    static constexpr std::size_t kTraps = 16;  ///< armed at a time; more take the oldest's place
};

}  // namespace torc::sim
