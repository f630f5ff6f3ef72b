#include "client_shm/server/client_plane.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "client_shm/server/deliver_writer.hpp"

namespace torc::client_shm {

using config::SlowReaderPolicy;
using engine::ClientOp;

ClientPlane::ClientPlane(SessionTable& table, const PlaneOptions& options)
    : table_{table},
      options_{options},
      page_{table.daemon_page().header<DaemonHeader>()},
      sessions_(table.options().sessions) {
    active_.reserve(sessions_.size());
    dirty_.reserve(sessions_.size());
}

void ClientPlane::take_news() {
    while (const std::optional<ToCore> news = table_.take_for_core()) {
        Session& session = sessions_[news->session.slot];
        switch (news->kind) {
            case ToCore::Kind::opened:
                session.start(table_.slot(news->session));
                active_.push_back(news->session.slot);
                ++counters_.sessions_opened;
                break;
            case ToCore::Kind::hung_up:
                if (session.is(news->session)) session.hang_up();  // else kicked and released
                break;
        }
    }
}

/// Lets go of sessions that the engine has closed. Their last records are published first.
void ClientPlane::reap() {
    reap_due_ = false;
    publish();
    for (std::size_t i = 0; i < active_.size();) {
        Session& session = sessions_[active_[i]];
        if (session.phase() != Session::Phase::done) {
            ++i;
            continue;
        }
        if (session.above_high) --slow_;
        // A client that closed in order has its socket open: without a reason it would never learn.
        if (!session.ended()) {
            session.end(Reason::closed);
            table_.kick(session.id(), Reason::closed);
        }
        session.finish();
        table_.release(session.id());
        ++counters_.sessions_closed;
        active_[i] = active_.back();
        active_.pop_back();
    }
    table_.flush_to_control();
}

Session* ClientPlane::find(SessionId id) {
    if (id.slot >= sessions_.size() || !sessions_[id.slot].is(id)) return nullptr;
    return &sessions_[id.slot];
}

void ClientPlane::touch(Session& session) {
    if (session.dirty) return;
    session.dirty = true;
    dirty_.push_back(session.id().slot);
}

void ClientPlane::end(Session& session, Reason reason) {
    if (session.ended()) return;
    if (reason == Reason::violation) ++counters_.violations;
    if (reason == Reason::slow_reader) ++counters_.slow_readers;
    session.end(reason);
    table_.kick(session.id(), reason);
    touch(session);
}

void ClientPlane::refuse(Session& session, const ClientOp& op) {
    switch (op.kind) {
        case ClientOp::Kind::open:
            end(session, Reason::name_taken);
            return;
        case ClientOp::Kind::close:
            return;
        case ClientOp::Kind::join:
        case ClientOp::Kind::leave:
        case ClientOp::Kind::send:
        case ClientOp::Kind::flush_ok:
            break;
    }
    ++counters_.refused;
    if (!session.receives()) return;
    const Reason reason =
        op.payload.size() > table_.options().message_bytes ? Reason::too_large : Reason::bad_name;
    settle(session,
           write_refused(session.deliver(), session.record_type(), reason, session.operation()),
           Reason::too_large);
}

// --- deliveries ----------------------------------------------------------------------------------

void ClientPlane::deliver(const engine::Delivery& delivery) {
    const std::uint64_t bytes = message_ring_bytes(delivery);
    for (const SessionId id : delivery.sessions) {
        Session* session = find(id);
        if (session == nullptr || !session->receives()) {
            ++counters_.stale;
            continue;
        }
        if (!admit(*session, bytes, delivery.service)) continue;
        const RingStatus status = write_message(session->deliver(), delivery);
        if (status == RingStatus::ok) counters_.delivered_bytes += delivery.payload.size();
        settle(*session, status, Reason::too_large);
    }
}

void ClientPlane::view(const engine::ViewEvent& event) {
    Session* session = find(event.session);
    if (session == nullptr || !session->receives()) {
        ++counters_.stale;
        return;
    }
    settle(*session, write_view(session->deliver(), event), Reason::view_too_large);
}

void ClientPlane::session(SessionId id, engine::SessionOutcome outcome) {
    Session* session = find(id);
    if (session == nullptr) return;
    switch (outcome) {
        case engine::SessionOutcome::closed:
            end(*session, Reason::closed);
            return;
        case engine::SessionOutcome::name_taken:
            end(*session, Reason::name_taken);
            return;
        case engine::SessionOutcome::limit_reached:
            if (!session->receives()) return;
            ++counters_.refused;
            settle(*session, write_refused(session->deliver(), RecordType::join, Reason::limit, 0),
                   Reason::too_large);
            return;
        case engine::SessionOutcome::group_kind:
        case engine::SessionOutcome::not_member:
        case engine::SessionOutcome::flushed:
            ++counters_.refused;
            return;
        case engine::SessionOutcome::flush_timeout:
            end(*session, Reason::kicked);
            return;
    }
}

bool ClientPlane::admit(Session& session, std::uint64_t bytes, Service service) {
    RingProducer& ring = session.deliver();
    const std::uint64_t high = ring.capacity() / 4 * 3;
    if (ring.fill() + bytes <= high) return true;
    if (!ring.refresh()) {
        end(session, Reason::violation);
        return false;
    }
    if (ring.fill() + bytes <= high) return true;
    if (!session.above_high) {
        session.above_high = true;
        ++slow_;
        ++counters_.warnings;
        // If even the warning does not fit, the record behind it will say so.
        if (write_warning(ring) == RingStatus::ok) touch(session);
    }
    if (options_.slow_reader == SlowReaderPolicy::drop_unreliable &&
        service == Service::unreliable) {
        ++counters_.dropped_unreliable;
        return false;
    }
    return true;
}

void ClientPlane::settle(Session& session, RingStatus status, Reason too_large) {
    switch (status) {
        case RingStatus::ok:
            ++counters_.deliveries;
            touch(session);
            return;
        case RingStatus::full:
            end(session, Reason::slow_reader);
            return;
        case RingStatus::too_large:
            end(session, too_large);
            return;
        case RingStatus::corrupt:
            end(session, Reason::violation);
            return;
        case RingStatus::empty:
            break;
    }
    check_failed("a producer is never empty");
}

/// Forgets slow readers that have caught up to half, or will never read again: a dead one must not
/// hold back sends, its own last ones least of all. Only while there are any.
void ClientPlane::update_slow() {
    for (const std::uint16_t slot : active_) {
        Session& session = sessions_[slot];
        if (!session.above_high) continue;
        RingProducer& ring = session.deliver();
        if (session.receives() && !ring.refresh()) end(session, Reason::violation);
        if (!session.receives() || ring.fill() <= ring.capacity() / 2) {
            session.above_high = false;
            --slow_;
        }
    }
}

// --- end of pass ---------------------------------------------------------------------------------

void ClientPlane::publish() {
    if (!dirty_.empty()) {
        bool changed = false;
        for (const std::uint16_t slot : dirty_) changed |= sessions_[slot].publish();
        // One fence for all: our counters before our look at the clients' tickets.
        if (changed) full_fence();
        for (const std::uint16_t slot : dirty_) {
            sessions_[slot].dirty = false;
            counters_.bells += sessions_[slot].ring_bells();
        }
        dirty_.clear();
    }
    table_.flush_to_control();
}

bool ClientPlane::arm_sleep() {
    const std::uint32_t ticket = page_->core_ticket.load(std::memory_order_relaxed);
    page_->core_ticket.store(ticket | 1, std::memory_order_relaxed);
    full_fence();  // pairs with the clients' fence between their publish and their look here
    // A reader that catches up rings no bell, so sends held back for it need us awake.
    const bool holding = slow_ > 0 && options_.slow_reader == SlowReaderPolicy::block;
    const bool news = holding || table_.core_has_news() ||
                      std::any_of(active_.begin(), active_.end(),
                                  [this](std::uint16_t slot) { return sessions_[slot].fresh(); });
    if (news) disarm_sleep();
    return !news;
}

void ClientPlane::disarm_sleep() {
    const std::uint32_t ticket = page_->core_ticket.load(std::memory_order_relaxed);
    if (ticket % 2 == 0) return;
    page_->core_ticket.store(ticket + 1, std::memory_order_relaxed);
    clear_bell(table_.core_bell());
}

void ClientPlane::kick(SessionId id, Reason reason) {
    if (Session* session = find(id)) end(*session, reason);
}

void ClientPlane::kick_all(Reason reason) {
    for (const std::uint16_t slot : active_) end(sessions_[slot], reason);
}

}  // namespace torc::client_shm
