// Losses that are certain, long before the token tells of them: each sender counts its frames
// (`sender_seq`), and on a path that keeps their order a counter that jumps has lost what is
// between. protocol.md 3.6. Which frames these were, and when to ask for them.
//
// Where the network reorders, a frame that is merely late is asked for as well. That costs a copy,
// within the bounds of whoever answers (nack_answers.hpp), and nothing else: a copy is dropped like
// any other.
//
// Each frame is asked for once. What stays missing is the token's business, as it always was.
#pragma once

#include <array>
#include <cstdint>

#include "base/fixed_vec.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "base/time.hpp"
#include "ordering/nack.hpp"
#include "ordering/receive_window.hpp"

namespace torc::ordering {

/// Least time between two STATUS multicasts of a member for the same reason: under load a rotation
/// is longer. Also how long a member waits for what somebody else asked for.
inline constexpr Nanos kStatusInterval = std::chrono::microseconds{10};

class LossWatch {
public:
    /// A frame's place in the order and in its sender's own.
    struct Place {
        Seq seq;
        std::uint32_t sender_seq{0};
        bool ends_visit{true};  ///< LAST_OF_VISIT
    };

    void start_ring();
    /// The ring is left: nothing is asked for any more.
    void stop();

    /// For every frame that is stored: whether it is the next of its sender. Cost: one comparison.
    bool follows(NodeIndex sender, const Place& frame) {
        Place& last = last_[raw(sender)];
        if (frame.sender_seq != last.sender_seq + 1) return false;
        last = frame;
        return true;
    }
    /// It was not, and came from its sender itself. Notes what is lost, as far as that is certain.
    /// Gives how many frames somebody else has asked for a moment ago, which I wait for.
    std::uint32_t jumped(Instant now, const ReceiveWindow& window, NodeIndex sender,
                         const Place& frame);
    /// Somebody else asks. What I miss of that may come without my asking: I wait an interval for
    /// it, once. Gives the number of frames for which I wait from now on.
    std::uint32_t overhear(Instant now, const Nack& nack);

    /// When to ask for something.
    Instant due() const { return due_; }
    /// What to ask for now; perhaps nothing, if all of it came meanwhile.
    Nack take_due(Instant now, const ReceiveWindow& window);

private:
    struct Wanted {
        Seq seq;
        Instant ask_at{};
        bool waited{false};  ///< for what somebody else asked for; once, or a liar could silence me
    };

    std::uint32_t want(Instant now, const ReceiveWindow& window, Seq seq);
    void settle_due();

    std::array<Place, kNodesMax> last_{};
    FixedVec<Wanted, Nack::kBits> wanted_;
    Nack overheard_;  ///< the latest of anybody
    Instant overheard_at_{};
    Instant asked_at_{};
    Instant due_{kNever};
};

}  // namespace torc::ordering
