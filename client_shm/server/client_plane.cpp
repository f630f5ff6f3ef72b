#include "client_shm/server/client_plane.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/check.hpp"

namespace torc::client_shm {
namespace {

/// Messages that one reference stands for at the most.
constexpr std::uint64_t kRunRecordsMax = 1024;

/// Of a limit where 0 means none.
std::uint64_t share_of(std::uint64_t limit, std::uint32_t percent) {
    if (limit == 0) return std::numeric_limits<std::uint64_t>::max();
    return std::max<std::uint64_t>(limit * percent / 100, 1);
}

bool is_private_name(std::string_view name, std::string_view session, std::string_view daemon) {
    return name.size() == 2 + session.size() + daemon.size() && name.front() == '#' &&
           name.substr(1, session.size()) == session && name[1 + session.size()] == '#' &&
           name.substr(2 + session.size()) == daemon;
}

}  // namespace

using config::SlowReaderPolicy;
using engine::ClientOp;

ClientPlane::ClientPlane(SessionTable& table, const PlaneOptions& options)
    : table_{table},
      options_{options},
      high_bytes_{table.options().ring_bytes / 100 * options.high_water_percent},
      high_unread_{share_of(options.unread_max, options.high_water_percent)},
      run_bytes_{std::min(kLogBlockBytes, high_bytes_ / 4)},
      run_records_{std::min(kRunRecordsMax, high_unread_ / 4)},
      page_{table.daemon_page().header<DaemonHeader>()},
      sessions_(table.options().sessions),
      names_(options.is_ahead ? sessions_.size() * OpWindow::kNamesBytes : 0),
      fan_out_(table.options().sessions) {
    active_.reserve(sessions_.size());
    dirty_.reserve(sessions_.size());
    if (!options.is_ahead) return;
    windows_.reserve(sessions_.size());
    for (std::size_t i = 0; i < sessions_.size(); ++i) {
        windows_.emplace_back(names_.data() + i * OpWindow::kNamesBytes);
    }
}

void ClientPlane::take_news() {
    while (const std::optional<ToCore> news = table_.take_for_core()) {
        Session& session = sessions_[news->session.slot];
        switch (news->kind) {
            case ToCore::Kind::opened:
                session.start(table_.slot(news->session),
                              options_.is_ahead ? &windows_[news->session.slot] : nullptr);
                active_.push_back(news->session.slot);
                if (session.log() != nullptr) ++log_readers_;
                ++counters_.sessions_opened;
                break;
            case ToCore::Kind::let_go:
            case ToCore::Kind::hung_up:  // of no session: kicked and released
                if (session.is(news->session)) {
                    session.hang_up(news->kind == ToCore::Kind::let_go);
                }
                break;
            case ToCore::Kind::end:
                if (session.is(news->session)) end(session, news->reason);
                break;
        }
    }
}

/// Lets go of sessions that the engine has closed. Their last records are published first.
void ClientPlane::reap() {
    publish();
    bool again = false;
    for (std::size_t i = 0; i < active_.size();) {
        Session& session = sessions_[active_[i]];
        const bool done = session.phase() == Session::Phase::done;
        if (!done || lingers(session)) {
            again |= done;
            ++i;
            continue;
        }
        if (session.above_high) --slow_;
        if (session.log() != nullptr) --log_readers_;
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
    reap_due_ = again;
    table_.flush_to_control();
}

/// Over for everybody else, but its client may still read from the log: nothing there may change
/// until it has, or is gone. A daemon that stops writes no more, and need not wait.
bool ClientPlane::lingers(Session& session) {
    if (closing_ || !session.lingers()) return false;
    if (!session.lingering) {
        session.lingering = true;
        table_.linger(session.id());
    }
    return true;
}

void ClientPlane::touch(Session& session) {
    if (session.dirty) return;
    session.dirty = true;
    dirty_.push_back(session.id().slot);
}

void ClientPlane::end(Session& session, Reason reason) {
    if (session.ended()) return;
    if (session.in_run) close_run();  // what came before the end; it may be the end
    if (session.ended()) return;
    if (reason == Reason::violation) ++counters_.violations;
    if (reason == Reason::slow_reader) ++counters_.slow_readers;
    if (reason == Reason::kicked) ++counters_.kicked;
    if (reason == Reason::flush_timeout) ++counters_.flush_timeouts;
    session.end(reason);
    table_.kick(session.id(), reason, !closing_ && session.lingers());
    touch(session);
}

/// The engine refused an operation before it got a place in the order.
void ClientPlane::refuse(Session& session, ClientOp::Kind kind, RecordType record, bool is_large,
                         engine::Accept accept) {
    switch (kind) {
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
    const bool answer = kind == ClientOp::Kind::flush_ok;
    Reason reason = is_large ? Reason::too_large : Reason::bad_name;
    if (accept == engine::Accept::group_kind) reason = Reason::group_kind;
    if (accept == engine::Accept::not_member) reason = Reason::not_member;
    if (accept == engine::Accept::flushed) reason = answer ? Reason::wrong_state : Reason::flushed;
    tell_refused(session, record, reason, session.operations().taken());
}

void ClientPlane::tell_refused(Session& session, RecordType what, Reason reason,
                               std::uint64_t operation) {
    ++counters_.refused;
    if (!session.receives()) return;
    if (room_for(session, record_bytes(sizeof(RefusedBody))) == Room::none) return;
    settle(session, write_refused(session.deliver(), what, reason, operation), Reason::too_large);
}

// --- answers that come later ---------------------------------------------------------------------

void ClientPlane::answer(SessionId id, engine::Accept accept) {
    Session* const session = find(id);
    TORC_CHECK(session != nullptr);  // it is let go only once its close has been answered
    const OpWindow::Op op = session->answering();
    if (!is_accepted(accept)) refuse(*session, op.kind, op.record, op.is_large, accept);
    session->answered(accept);
    sends_ahead_ -= op.sent != 0 ? 1 : 0;
    sent_ahead_ -= op.sent;
    if (op.kind == ClientOp::Kind::open && accept == engine::Accept::accepted) table_.opened(id);
    if (session->phase() == Session::Phase::done) reap_due_ = true;
    ++counters_.operations;
    touch(*session);
}

void ClientPlane::at_hand(SessionId id) {
    if (Session* const session = find(id)) session->note_at_hand();
}

void ClientPlane::overrun() {
    close_run();
    for (const std::uint16_t slot : active_) {
        // Others are not yet or no longer known to the engine: there was nothing to miss.
        if (sessions_[slot].phase() == Session::Phase::open) {
            end(sessions_[slot], Reason::slow_reader);
        }
    }
}

// --- deliveries ----------------------------------------------------------------------------------

void ClientPlane::deliver(const engine::Delivery& delivery) {
    head_.measure(delivery);
    if (delivery.sessions.size() == 1) return give(delivery.sessions.front());
    deliver_to_many(delivery);
}

void ClientPlane::deliver_to_many(const engine::Delivery& delivery) {
    std::span<const SessionId> copies = delivery.sessions;
    if (!copies.empty() && head_.fits()) {
        head_.make();
        if (is_shared(delivery)) {
            append_to_logs();
            copies = fan_out_.copies();
        }
    }
    for (const SessionId id : copies) give(id);
}

/// The message being delivered, as a copy.
[[gnu::always_inline]] inline void ClientPlane::give(SessionId id) {
    Session* const session = find(id);
    if (session == nullptr || !session->receives()) {
        ++counters_.stale;
    } else if (!follow(*session) && !append_whole(*session)) {
        copy_to(*session);
    }
}

/// The usual copy: the session's ring ends with a message of the same head, and the session is far
/// from its limits. False: nothing was done.
[[gnu::always_inline]] inline bool ClientPlane::follow(Session& session) {
    if (!session.ends_with(head_.serial()) || is_high(session, head_.ring_bytes(true))) {
        return false;
    }
    std::byte* const body = session.deliver().append(message_header(head_, true));
    if (body == nullptr) return false;
    session.on_followed();
    if (!session.dirty) touch(session);
    const std::span<const std::byte> payload = head_.payload();
    ++counters_.deliveries;
    counters_.delivered_bytes += payload.size();
    if (!payload.empty()) std::memcpy(body, payload.data(), payload.size());
    return true;
}

/// The same with its head, where the record before it has another one.
bool ClientPlane::append_whole(Session& session) {
    if (session.in_run || !head_.fits() || is_high(session, head_.ring_bytes())) return false;
    std::byte* const body = session.deliver().append(message_header(head_, false));
    if (body == nullptr) return false;
    session.on_written(head_.shared_serial());
    if (!session.dirty) touch(session);
    ++counters_.deliveries;
    counters_.delivered_bytes += head_.payload().size();
    write_body(body, head_, false);
    return true;
}

/// Any copy; of a message that fits in no record the session's end.
void ClientPlane::copy_to(Session& session) {
    const std::uint64_t bytes = head_.ring_bytes();  // at the most
    const Room room = room_for(session, bytes);
    if (room == Room::none) return;
    if (room == Room::high && may_drop(head_.service())) {
        ++counters_.dropped_unreliable;
        return;
    }
    RingStatus status = head_.fits() ? RingStatus::ok : RingStatus::too_large;
    // What waits in the log counts as if it waited in the ring.
    if (head_.fits() && room == Room::high && session.is_full_for(bytes)) status = RingStatus::full;
    if (status == RingStatus::ok) {
        const bool same = session.ends_with(head_.serial());  // now: a warning may be in between
        status = write_message(session.deliver(), head_, same);
    }
    if (status == RingStatus::ok) counters_.delivered_bytes += head_.payload().size();
    settle(session, status, Reason::too_large, head_.shared_serial());
}

void ClientPlane::view(const engine::ViewEvent& event) {
    Session* session = find(event.session);
    if (session == nullptr || !session->receives()) {
        ++counters_.stale;
        return;
    }
    if (room_for(*session, view_ring_bytes(event)) == Room::none) return;
    const bool joined = is_private_name(event.who, session->name(), table_.options().daemon);
    const Reason reason = event.kind_lost ? Reason::group_kind : Reason::none;
    settle(*session, write_view(session->deliver(), event, joined, reason), Reason::view_too_large);
}

void ClientPlane::flush(const engine::FlushRequest& request) {
    Session* session = find(request.session);
    if (session == nullptr || !session->receives()) {
        ++counters_.stale;
        return;
    }
    const std::uint64_t bytes = record_bytes(sizeof(ViewBody) + name_bytes(request.group.size()));
    if (room_for(*session, bytes) == Room::none) return;
    settle(*session, write_flush_request(session->deliver(), request), Reason::view_too_large);
}

void ClientPlane::ordered(SessionId id, Service service) {
    Session* session = find(id);
    placed_ = id;
    placed_operation_ = session == nullptr ? 0 : session->placed(service);
    if (session != nullptr) touch(*session);
}

void ClientPlane::session(SessionId id, engine::SessionOutcome outcome) {
    using engine::SessionOutcome;
    Session* session = find(id);
    if (session == nullptr) return;
    const std::uint64_t operation = id == placed_ ? placed_operation_ : 0;
    switch (outcome) {
        case SessionOutcome::closed:
            return end(*session, Reason::closed);
        case SessionOutcome::name_taken:
            return end(*session, Reason::name_taken);
        case SessionOutcome::flush_timeout:
            return end(*session, Reason::flush_timeout);
        case SessionOutcome::limit_reached:
            return tell_refused(*session, RecordType::join, Reason::limit, operation);
        case SessionOutcome::group_kind:
            return tell_refused(*session, RecordType::join, Reason::group_kind, operation);
        case SessionOutcome::not_member:
            return tell_refused(*session, RecordType::send, Reason::not_member, operation);
        case SessionOutcome::flushed:
            return tell_refused(*session, RecordType::send, Reason::flushed, operation);
    }
}

// --- slow readers --------------------------------------------------------------------------------

/// Well below the mark, or every record around it would be a warning.
bool ClientPlane::has_caught_up(const Session& session) const {
    return session.unread_bytes() <= high_bytes_ / 3 * 2 &&
           session.unread() <= high_unread_ / 3 * 2;
}

void ClientPlane::warn(Session& session) {
    session.above_high = true;
    ++slow_;
    ++counters_.warnings;
    RingProducer& ring = session.deliver();
    const WarningBody body{session.unread_bytes(), ring.capacity(), session.unread(),
                           options_.unread_max};
    // If even the warning does not fit, the record behind it will say so.
    if (write_warning(ring, body) != RingStatus::ok) return;
    session.on_written();
    touch(session);
}

ClientPlane::Room ClientPlane::room_when_high(Session& session, std::uint64_t bytes) {
    if (!session.refresh()) {
        end(session, Reason::violation);
        return Room::none;
    }
    if (!is_high(session, bytes)) return Room::enough;
    if (!session.above_high) warn(session);
    if (options_.unread_max == 0 || session.unread() < options_.unread_max) return Room::high;
    end(session, Reason::slow_reader);
    return Room::none;
}

void ClientPlane::settle(Session& session, RingStatus status, Reason too_large,
                         std::uint64_t head) {
    switch (status) {
        case RingStatus::ok:
            ++counters_.deliveries;
            session.on_written(head);
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

/// Forgets slow readers that have caught up, or will never read again: a dead one must not
/// hold back sends, its own last ones least of all. Only while there are any.
void ClientPlane::update_slow() {
    for (const std::uint16_t slot : active_) {
        Session& session = sessions_[slot];
        if (!session.above_high) continue;
        if (session.receives() && !session.refresh()) end(session, Reason::violation);
        if (!session.receives() || has_caught_up(session)) {
            session.above_high = false;
            --slow_;
        }
    }
}

// --- end of pass ---------------------------------------------------------------------------------

void ClientPlane::publish() {
    close_run();
    ++pass_;
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
    close_run();
    closing_ = true;
    for (const std::uint16_t slot : active_) end(sessions_[slot], reason);
}

}  // namespace torc::client_shm
