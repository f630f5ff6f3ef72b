#include "ordering/delivery.hpp"

#include "base/check.hpp"
#include "base/mutants.hpp"
#include "ordering/send_queue.hpp"

namespace torc::ordering {
namespace {

/// Counts what is handed up, once for neighbours of one class.
class Tally {
public:
    explicit Tally(const Context& context) : context_(context) {}
    ~Tally() { note(); }
    Tally(const Tally&) = delete;
    Tally& operator=(const Tally&) = delete;

    void add(Service service, std::size_t bytes) {
        if (service != service_) note();
        service_ = service;
        ++messages_;
        bytes_ += bytes;
    }

private:
    void note() {
        if (messages_ == 0) return;
        context_.count(telemetry::counter_at(telemetry::CounterId::delivered_unreliable, service_),
                       messages_);
        context_.count(telemetry::CounterId::delivered_bytes, bytes_);
        messages_ = bytes_ = 0;
    }

    const Context& context_;
    Service service_{};
    std::uint64_t messages_{0};
    std::uint64_t bytes_{0};
};

}  // namespace

Delivery::Delivery(const Context& context, ReceiveWindow& window)
    : context_(context),
      window_(window),
      application_(context.settings.nodes.size(),
                   context.settings.message_bytes + wire::kEnvelopeRoom),
      control_(context.settings.nodes.size(), kControlMessageBytesMax),
      senders_(context.settings.nodes.size()),
      unreliable_(context.settings.nodes.size()) {}

void Delivery::start_ring(const RingId& ring) {
    ring_ = ring;
    delivered_ = Seq{};
    early_ = true;
    senders_.reset();
    unreliable_.assign(unreliable_.size(), Seen{});
    const std::size_t dropped =
        mutant(Mutant::large_message_continued) ? 0 : application_.reset() + control_.reset();
    if (dropped != 0) context_.count(telemetry::CounterId::partial_dropped, dropped);
}

// --- the operational state ---------------------------------------------------------------------

void Delivery::unreliable(const wire::DataView& frame) {
    if (!first_sight(unreliable_[raw(frame.sender())], frame.sealed().sender_seq) &&
        !mutant(Mutant::copies_of_unreliable)) {
        return context_.count(telemetry::CounterId::data_duplicate);
    }
    hand_up(frame);
}

bool Delivery::first_sight(Seen& seen, std::uint32_t counter) {
    const auto ahead = static_cast<std::int32_t>(counter - seen.newest);
    if (ahead > 0) {
        seen.before = ahead < 64 ? seen.before << ahead : 0;
        if (ahead <= 64) seen.before |= std::uint64_t{1} << (ahead - 1);
        seen.newest = counter;
        return true;
    }
    if (ahead == 0 || ahead < -64) return false;
    const std::uint64_t bit = std::uint64_t{1} << (-ahead - 1);
    const bool first = (seen.before & bit) == 0;
    seen.before |= bit;
    return first;
}

void Delivery::stored(Seq seq) {
    Slot& slot = window_.slot(seq);
    senders_.note(seq, slot);
    if (!early_) return;
    const bool next_of_sender = slot.sender_seq == senders_.released(slot.sender) + 1;
    if (slot.service == Service::reliable || (slot.service == Service::fifo && next_of_sender)) {
        deliver(slot);
    } else if (slot.service == Service::fifo && mutant(Mutant::fifo_on_arrival)) {
        deliver(slot);
    } else if (slot.service == Service::causal && mutant(Mutant::causal_on_arrival)) {
        if (next_of_sender) deliver(slot);
    }
}

void Delivery::advance(Seq limit) {
    while (delivered_ < window_.aru() && delivered_ < limit) {
        const Seq seq = delivered_.next();
        Slot& slot = window_.slot(seq);
        if (slot.state == SlotState::have) {
            if (!deliverable(seq, slot)) return;
            deliver(slot);
        }
        if (slot.state == SlotState::hole && !mutant(Mutant::past_a_hole)) return;
        delivered_ = seq;
    }
}

bool Delivery::deliverable(Seq seq, const Slot& slot) const {
    return slot.service != Service::safe || seq <= window_.stable() || mutant(Mutant::safe_at_aru);
}

void Delivery::deliver(Slot& slot) {
    TORC_DCHECK(slot.state == SlotState::have);
    slot.state = SlotState::delivered;
    hand_up(wire::DataView::of_validated(slot.frame.bytes()));
    release_followers(slot.sender);
}

/// Moves `released` over what is delivered, and delivers the FIFO frames that only waited for that.
void Delivery::release_followers(NodeIndex sender) {
    std::uint32_t& released = senders_.released(sender);
    while (Slot* next = senders_.find(window_, sender, released + 1)) {
        if (next->state == SlotState::have) {
            if (!early_ || next->service != Service::fifo) return;
            next->state = SlotState::delivered;
            hand_up(wire::DataView::of_validated(next->frame.bytes()));
        }
        ++released;
    }
}

// --- the install -------------------------------------------------------------------------------

void Delivery::finish_regular() {
    early_ = false;
    advance(window_.high());
}

void Delivery::finish_transitional(const NodeSet& obliged) {
    early_ = false;
    bool behind_hole = false;
    while (delivered_ < window_.high()) {
        delivered_ = delivered_.next();
        Slot& slot = window_.slot(delivered_);
        if (slot.state == SlotState::hole) behind_hole = true;
        if (slot.state != SlotState::have) continue;
        if (!behind_hole ||
            (passes_rule_r(slot, obliged) && !mutant(Mutant::dropped_behind_hole))) {
            deliver(slot);
        } else {
            context_.count(telemetry::CounterId::frames_skipped);
            context_.trace(telemetry::TraceKind::skipped, delivered_.raw, raw(slot.sender));
        }
    }
}

/// Others may causally depend on what the hole held; reliable ones claim no order, and a sender's
/// own counter proves that a FIFO frame does not miss anything of its own.
bool Delivery::passes_rule_r(const Slot& slot, const NodeSet& obliged) {
    switch (slot.service) {
        case Service::unreliable:
        case Service::reliable:
            return true;
        case Service::fifo:
            return slot.sender_seq == senders_.released(slot.sender) + 1 ||
                   mutant(Mutant::fifo_behind_own_gap);
        case Service::causal:
        case Service::agreed:
        case Service::safe:
            return obliged.contains(slot.sender) || mutant(Mutant::no_obligation_filter);
    }
    return false;
}

// --- messages ----------------------------------------------------------------------------------

void Delivery::hand_up(const wire::DataView& frame) {
    OrderedMessage message;
    message.sender = frame.sender();
    message.ring = ring_;
    message.seq = frame.seq();
    Tally tally(context_);
    for (const wire::MessageView& piece : frame) {
        message.session = piece.session;
        message.service = piece.service();
        message.control = piece.has(wire::kControlMessage);
        message.same_envelope = piece.has(wire::kSameEnvelope);
        message.payload = piece.bytes;
        if (!piece.has(wire::kFragment) || gather(piece, message)) {
            tally.add(message.service, message.payload.size());
            context_.upcalls.deliver_fn(context_.upcalls.engine, message);
        }
        ++message.index;
    }
}

bool Delivery::gather(const wire::MessageView& piece, OrderedMessage& message) {
    Reassembly& reassembly = message.control ? control_ : application_;
    switch (reassembly.add(message.sender, piece)) {
        case Reassembly::Outcome::open:
            return false;
        case Reassembly::Outcome::complete:
            message.payload = reassembly.message(message.sender);
            return true;
        case Reassembly::Outcome::broken:
            context_.count(telemetry::CounterId::fragments_malformed);
            return false;
    }
    return false;
}

}  // namespace torc::ordering
