#include "client_shm/server/relayed_plane.hpp"

#include <cstring>

#include "base/check.hpp"

namespace torc::client_shm {

using engine::ClientOp;

RelayedPlane::RelayedPlane(CoreLink& link, ClientPlane& plane)
    : link_{link}, plane_{plane}, operations_{link.operations_in()}, events_{link.events_out()} {}

RelayedPlane::Found RelayedPlane::pass(Instant now) {
    // Asked before looking for events: whatever was said before the kick is then seen before it.
    const Reason kick = link_.kick_all.load(std::memory_order_acquire);  // pairs with ClientRelay
    Found found;
    found.events = replay();
    if (kick != Reason::none && !kicked_ && has_replayed_all()) {
        kicked_ = true;
        plane_.kick_all(kick);
    }
    found.operations = plane_.poll_ahead(
        now, [this] { return operations_.reserve(sizeof(ClientOp)) == RingStatus::ok; },
        [this](const ClientOp& op) { pass_on(op); });
    show_operations();
    plane_.publish();
    if (now >= counters_due_) {
        counters_due_ = now + kCountersInterval;
        share_counters();
    }
    return found;
}

void RelayedPlane::finish(Instant now) {
    do {
        pass(now);
    } while (!has_replayed_all());
    pass(now);  // the kick comes behind the last event
    share_counters();
}

// --- events --------------------------------------------------------------------------------------

std::size_t RelayedPlane::replay() {
    std::size_t events = 0;
    const std::uint64_t begin = events_.cursor();
    RecordView record;
    while (events < kEventsPerPass && events_.cursor() - begin < kEventBytesPerPass &&
           events_.peek(record) == RingStatus::ok) {
        tell(record);
        events_.advance(record);
        ++events;
        // The ring core may be waiting for it.
        if (events_.cursor() - events_.head() >= kGiveBackBytes) events_.publish();
    }
    if (events_.unpublished()) events_.publish();
    return events;
}

void RelayedPlane::tell(const RecordView& record) {
    const SessionId session = event_session(record.header);
    const std::uint16_t flags = record.header.flags;
    switch (event_type(record.header)) {
        case EventType::answer:
            return plane_.answer(session, static_cast<engine::Accept>(flags));
        case EventType::ordered:
            if ((flags & kAtHand) != 0) plane_.at_hand(session);
            return plane_.ordered(session, static_cast<Service>(flags & ~kAtHand));
        case EventType::outcome:
            return plane_.session(session, static_cast<engine::SessionOutcome>(flags));
        case EventType::too_large:
            return plane_.kick(session, static_cast<Reason>(-static_cast<int>(flags)));
        case EventType::overrun:
            return plane_.overrun();
        case EventType::delivery:
            return plane_.deliver(reader_.delivery(record));
        case EventType::view:
            return plane_.view(reader_.view(record));
        case EventType::flush:
            return plane_.flush(reader_.flush(record));
    }
    check_failed("an event has one of the types above");
}

// --- operations ----------------------------------------------------------------------------------

void RelayedPlane::pass_on(const ClientOp& op) {
    std::memcpy(operations_.body(), &op, sizeof op);
    operations_.commit({sizeof op, RecordType{}, 0, 0});
}

void RelayedPlane::show_operations() {
    if (!operations_.unpublished()) return;
    operations_.publish();
    if (link_.ring_core.must_ring()) ring_bell(link_.ring_bell());
}

// --- sleep ---------------------------------------------------------------------------------------

bool RelayedPlane::arm_sleep() {
    share_counters();
    link_.client_core.arm();
    const bool kick = link_.kick_all.load(std::memory_order_acquire) != Reason::none && !kicked_;
    if (!kick && !events_.fresh() && events_.drained() && plane_.arm_sleep()) return true;
    link_.client_core.disarm();
    return false;
}

void RelayedPlane::disarm_sleep() {
    link_.client_core.disarm();
    plane_.disarm_sleep();
}

void RelayedPlane::share_counters() { link_.counters.write(plane_.counters(), plane_.sessions()); }

}  // namespace torc::client_shm
