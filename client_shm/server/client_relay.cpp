#include "client_shm/server/client_relay.hpp"

#include <cstring>

#include <sched.h>
#include <time.h>

#include "base/check.hpp"

namespace torc::client_shm {
namespace {

Instant monotonic_now() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return instant_from_ns(now.tv_sec * 1'000'000'000 + now.tv_nsec);
}

}  // namespace

using engine::ClientOp;

ClientRelay::ClientRelay(CoreLink& link, const SessionTable& table, const RelayOptions& options)
    : link_{link},
      options_{options},
      operations_{link.operations_out()},
      events_{link.events_in()},
      client_bell_{table.core_bell()},
      lanes_(table.options().sessions),
      ops_(lanes_.size() * OpWindow::kOpsMax) {
    active_.reserve(lanes_.size());
}

// --- operations ----------------------------------------------------------------------------------

/// All of them, whoever can be served: the ring is never what a session waits in.
void ClientRelay::take_operations() {
    RecordView record;
    while (operations_.peek(record) == RingStatus::ok) {
        ClientOp op;
        std::memcpy(static_cast<void*>(&op), record.body, sizeof op);
        operations_.advance(record);
        Lane& lane = lanes_[op.session.slot];
        TORC_CHECK(lane.count < OpWindow::kOpsMax);
        if (lane.count == 0) active_.push_back(op.session.slot);
        const std::size_t place = (lane.first + lane.count) % OpWindow::kOpsMax;
        ops_.put(op.session.slot * OpWindow::kOpsMax + place, op);
        ++lane.count;
    }
}

bool ClientRelay::half_is_free() {
    if (events_.fill() <= events_.capacity() / 2) return true;
    TORC_CHECK(events_.refresh());
    return events_.fill() <= events_.capacity() / 2;
}

/// What operations bring about needs room, too.
bool ClientRelay::may_offer() {
    if (!half_is_free()) {
        more_ = is_overrun_ || !active_.empty();
        return false;
    }
    if (is_overrun_) {
        is_overrun_ = false;
        write_small(EventType::overrun, 0, {});
    }
    return true;
}

void ClientRelay::answer(SessionId id, engine::Accept accept) {
    TORC_CHECK(events_.reserve(0) == RingStatus::ok);
    events_.commit(event_header(EventType::answer, static_cast<std::uint16_t>(accept), raw(id)));
}

// --- events --------------------------------------------------------------------------------------

RingStatus ClientRelay::reserve(std::size_t body_bytes) {
    return events_.reserve(body_bytes + kReserve);
}

/// False: there was no room in time, or an event is missing before this one already.
bool ClientRelay::wait_for_room(std::size_t body_bytes) {
    ++counters_.waits;
    show_events();  // what is waited for must be seen
    std::uint64_t head = events_.head();
    Instant limit = monotonic_now() + options_.stall_max;
    for (;;) {
        if (reserve(body_bytes) == RingStatus::ok) return true;
        if (events_.head() != head) {
            head = events_.head();
            limit = monotonic_now() + options_.stall_max;
        }
        if (monotonic_now() >= limit) break;
        sched_yield();
    }
    is_overrun_ = true;
    ++counters_.overruns;
    return false;
}

/// False: it fits in no ring.
template <typename Event>
bool ClientRelay::write(EventType type, std::uint32_t session, const Event& event,
                        std::uint16_t flags) {
    const std::size_t bytes = event_bytes(event);
    const RingStatus status = is_overrun_ ? RingStatus::full : reserve(bytes);
    if (status == RingStatus::too_large) return false;
    TORC_CHECK(status != RingStatus::corrupt);
    if (status == RingStatus::full && (is_overrun_ || !wait_for_room(bytes))) {
        ++counters_.lost;
        has_last_delivery_ = false;
        return true;
    }
    write_event(events_.body(), event);
    events_.commit(event_header(type, flags, session, bytes));
    return true;
}

void ClientRelay::write_small(EventType type, std::uint16_t flags, SessionId session) {
    if (is_overrun_ || (reserve(0) != RingStatus::ok && !wait_for_room(0))) {
        ++counters_.lost;
        return;
    }
    events_.commit(event_header(type, flags, raw(session)));
}

void ClientRelay::end(SessionId id, Reason reason) {
    write_small(EventType::too_large, static_cast<std::uint16_t>(-static_cast<int>(reason)), id);
}

void ClientRelay::deliver(const engine::Delivery& delivery) {
    const bool repeats = delivery.repeats && has_last_delivery_;
    has_last_delivery_ = true;  // unless `write` says otherwise
    if (write(EventType::delivery, 0, delivery, repeats ? kRepeats : 0)) return;
    has_last_delivery_ = false;
    for (const SessionId id : delivery.sessions) end(id, Reason::too_large);
}

void ClientRelay::view(const engine::ViewEvent& event) {
    if (write(EventType::view, raw(event.session), event)) return;
    end(event.session, Reason::view_too_large);
}

void ClientRelay::flush(const engine::FlushRequest& request) {
    TORC_CHECK(write(EventType::flush, raw(request.session), request));
}

void ClientRelay::ordered(SessionId id, Service service) {
    const bool at_hand = id.slot < lanes_.size() && lanes_[id.slot].is_begun;
    const int flags = static_cast<int>(service) | (at_hand ? kAtHand : 0);
    write_small(EventType::ordered, static_cast<std::uint16_t>(flags), id);
}

void ClientRelay::session(SessionId id, engine::SessionOutcome outcome) {
    write_small(EventType::outcome, static_cast<std::uint16_t>(outcome), id);
}

// --- end of pass ---------------------------------------------------------------------------------

void ClientRelay::show_events() {
    if (!events_.unpublished()) return;
    events_.publish();
    if (link_.client_core.must_ring()) ring_bell(client_bell_);
}

void ClientRelay::publish() {
    show_events();
    if (operations_.unpublished()) operations_.publish();
}

bool ClientRelay::arm_sleep() {
    link_.ring_core.arm();
    if (!more_ && !is_overrun_ && !operations_.fresh()) return true;
    link_.ring_core.disarm();
    return false;
}

void ClientRelay::disarm_sleep() {
    link_.ring_core.disarm();
    clear_bell(link_.ring_bell());
}

void ClientRelay::kick_all(Reason reason) {
    show_events();
    link_.kick_all.store(reason, std::memory_order_release);  // pairs with RelayedPlane::pass
    if (link_.client_core.must_ring()) ring_bell(client_bell_);
}

}  // namespace torc::client_shm
