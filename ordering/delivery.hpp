// When a stored frame's messages are handed up: the service ladder of protocol.md 3.4, and the two
// halves of an install (4.5 steps 1 and 3) with rule R.
//
//   unreliable  on arrival, no seq
//   reliable    on arrival
//   FIFO        when the sender's earlier frames are here and delivered
//   causal, agreed   at aru, when everything earlier is delivered: an undelivered SAFE frame stops
//   them safe        the same, and not before it is stable
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/node_set.hpp"
#include "ordering/context.hpp"
#include "ordering/reassembly.hpp"
#include "ordering/receive_window.hpp"
#include "ordering/sender_index.hpp"
#include "wire/data.hpp"

namespace torc::ordering {

class Delivery {
public:
    Delivery(const Context& context, ReceiveWindow& window);

    /// A ring begins: nothing delivered, nothing half-received.
    void start_ring(const RingId& ring);

    /// All messages of a frame without seq; copies of one that was seen are dropped.
    void unreliable(const wire::DataView& frame);
    /// Notes a frame that entered the window. Hands it up if its class need not wait for the order,
    /// and with it the FIFO frames that waited for it.
    void stored(Seq seq);
    /// Off while recovering: nothing is delivered ahead of the order then.
    void set_early(bool early) { early_ = early; }
    /// Goes on in the order, up to `limit` at most.
    void advance(Seq limit);
    /// Everything up to here is delivered (or was skipped in the last install).
    Seq delivered() const { return delivered_; }

    /// 4.5 step 1: in the old regular configuration, up to the first hole or unstable SAFE frame.
    void finish_regular();
    /// 4.5 step 3: the rest; behind a hole only what rule R lets through. `obliged`: senders whose
    /// frames must not be skipped.
    void finish_transitional(const NodeSet& obliged);

private:
    bool deliverable(Seq seq, const Slot& slot) const;
    bool passes_rule_r(const Slot& slot, const NodeSet& obliged);
    void deliver(Slot& slot);
    void release_followers(NodeIndex sender);
    void hand_up(const wire::DataView& frame);
    bool gather(const wire::MessageView& piece, OrderedMessage& message);

    /// Copies of unreliable frames: the newest counter and which of the 64 before it were seen.
    struct Seen {
        std::uint32_t newest{0};
        std::uint64_t before{0};
    };
    static bool first_sight(Seen& seen, std::uint32_t counter);

    const Context& context_;
    ReceiveWindow& window_;
    Reassembly application_;
    Reassembly control_;
    SenderIndex senders_;
    std::vector<Seen> unreliable_;
    RingId ring_;
    Seq delivered_;
    bool early_{true};
};

}  // namespace torc::ordering
