// All clients of the ring core: the poll loop asks `poll` for their operations, hands deliveries to
// `deliver`, `view` and `session` (it wires them to engine::Effects), and calls `publish` once at
// the end of each pass. No system call but bells, at most two a session and pass, and only for
// clients that sleep. No allocation after construction.
//
// Threads: everything belongs to one thread, the ring core; or, where clients have a core of their
// own, that one, which offers operations ahead of their answers (client_relay.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.hpp"
#include "base/lazy_array.hpp"
#include "base/time.hpp"
#include "client_shm/server/deliver_writer.hpp"
#include "client_shm/server/fan_out.hpp"
#include "client_shm/server/session.hpp"
#include "client_shm/server/session_table.hpp"
#include "config/settings.hpp"
#include "engine/effects.hpp"

namespace torc::client_shm {

struct PlaneOptions {
    config::SlowReaderPolicy slow_reader{config::SlowReaderPolicy::disconnect};
    std::uint32_t records_per_pass{64};                    ///< of one session
    std::uint64_t bytes_per_pass{std::uint64_t{1} << 20};  ///< of one session
    /// Records that may wait for one session; 0: as many as its memory holds.
    std::uint64_t unread_max{0};
    /// Of either limit: from here on a session is warned, and its reader is slow.
    std::uint32_t high_water_percent{75};
    /// `poll_ahead` and `answer` instead of `poll`.
    bool is_ahead{false};
};

constexpr bool is_accepted(engine::Accept accept) {
    return accept == engine::Accept::accepted || accept == engine::Accept::raised;
}

struct PlaneCounters {
    std::uint64_t operations{0};  ///< taken by the engine
    std::uint64_t refused{0};     ///< illegal, told to the client
    std::uint64_t would_block{0};
    std::uint64_t deliveries{0};       ///< records given to sessions: messages and views
    std::uint64_t shared{0};           ///< of those, messages that were not copied for the session
    std::uint64_t log_full{0};         ///< passes that found no room in a log, and copied
    std::uint64_t delivered_bytes{0};  ///< payload
    std::uint64_t stale{0};            ///< for a session that is gone or going
    std::uint64_t dropped_unreliable{0};
    std::uint64_t warnings{0};    ///< sessions that crossed the high-water mark
    std::uint64_t violations{0};  ///< sessions ended because their memory held nonsense
    std::uint64_t slow_readers{0};
    std::uint64_t kicked{0};          ///< sessions ended by the administrator
    std::uint64_t flush_timeouts{0};  ///< sessions ended because others waited for their flush_ok
    std::uint64_t bells{0};
    std::uint64_t sessions_opened{0};
    std::uint64_t sessions_closed{0};
};

class ClientPlane {
public:
    /// Takes: the table, which must outlive the plane.
    ClientPlane(SessionTable& table, const PlaneOptions& options);

    /// Offers the operations of all sessions to `on_op(const engine::ClientOp&) -> engine::Accept`,
    /// in order for each session, starting with another session each pass. `on_op` may deliver.
    /// Call it every pass; while the engine wants no clients let `on_op` answer would_block (but
    /// take opens: a client's connect waits for that). Gives: operations taken. Cost: one load of a
    /// shared line for an idle session.
    template <typename F>
    std::size_t poll(Instant now, F&& on_op);

    /// The same where answers come later, with PlaneOptions::is_ahead. `has_room() -> bool` says
    /// whether another operation can be passed on now, `pass_on(const engine::ClientOp&)` does it:
    /// names and payload stay as they are until it is answered. At most OpWindow::kOpsMax of a
    /// session are under way. Gives: operations passed on.
    template <typename R, typename F>
    std::size_t poll_ahead(Instant now, R&& has_room, F&& pass_on);
    /// What became of the oldest operation under way of that session; never would_block. Between
    /// two answers everything comes as with `poll` it came between two operations.
    void answer(SessionId id, engine::Accept accept);
    /// The engine has begun with the session's oldest operation under way, and what `ordered` says
    /// next may be about it.
    void at_hand(SessionId id);
    /// The ring core could not tell all that happened: ends every session that may have missed
    /// something.
    void overrun();

    /// Gives one record to each of the delivery's sessions; a full ring is the reader's problem
    /// (SlowReaderPolicy), never the ring's. Cost: one copy for all receivers that share a log, one
    /// for each of the others.
    void deliver(const engine::Delivery& delivery);
    void view(const engine::ViewEvent& event);
    void flush(const engine::FlushRequest& request);
    /// An operation of the session, of that service, got its place in the order. What `session`
    /// says before the next such call is about it.
    void ordered(SessionId id, Service service);
    void session(SessionId id, engine::SessionOutcome outcome);

    /// End of pass: shows records, gives room back, rings sleepers, tells the control thread.
    void publish();

    /// Announces that the core is about to sleep on `doorbell_fd`. False: something came in
    /// between, do not sleep (and the announcement is withdrawn).
    bool arm_sleep();
    /// After the sleep: no more bells, and empties the doorbell.
    void disarm_sleep();
    /// A client can read this eventfd too and so delay another's wake-up, by the loop's longest
    /// sleep at the most; every sleep must therefore be bounded.
    int doorbell_fd() const { return table_.core_bell(); }

    /// Ends one session (the administrator wills it, or what came for it fits in no ring), or all
    /// of them at shutdown; go on polling until `sessions()` is 0.
    void kick(SessionId id, Reason reason);
    void kick_all(Reason reason);
    std::size_t sessions() const { return active_.size(); }
    const PlaneCounters& counters() const { return counters_; }

private:
    template <typename F>
    std::size_t visit(Instant now, F&& serve_session);
    template <typename F>
    std::size_t serve(Session& session, F&& on_op);
    template <typename R, typename F>
    std::size_t serve_ahead(Session& session, R&& has_room, F&& pass_on);

    void take_news();
    void reap();
    bool lingers(Session& session);
    Session* find(SessionId id) {
        // Not sessions_.size(), which divides.
        if (id.slot >= table_.options().sessions) return nullptr;
        Session& session = sessions_[id.slot];
        return session.is(id) ? &session : nullptr;
    }
    void touch(Session& session);
    void end(Session& session, Reason reason);
    /// An operation of that kind; of a record of that type.
    void refuse(Session& session, engine::ClientOp::Kind kind, RecordType record, bool is_large,
                engine::Accept accept);
    void tell_refused(Session& session, RecordType what, Reason reason, std::uint64_t operation);
    /// Whether a record of that size takes the session over its high-water mark.
    bool is_high(const Session& session, std::uint64_t bytes) const {
        return session.unread_bytes() + bytes > high_bytes_ || session.unread() >= high_unread_;
    }
    bool has_caught_up(const Session& session) const;
    void warn(Session& session);
    enum class Room : std::uint8_t { enough, high, none };
    /// Before any record: what the session reads from a log comes first. Notes the high-water mark.
    /// `none` has ended the session.
    Room room_for(Session& session, std::uint64_t bytes) {
        if (session.in_run) close_run();
        return is_high(session, bytes) ? room_when_high(session, bytes) : Room::enough;
    }
    Room room_when_high(Session& session, std::uint64_t bytes);
    /// Of a message: the head as in Session::on_written.
    void settle(Session& session, RingStatus status, Reason too_large, std::uint64_t head = 0);
    void deliver_to_many(const engine::Delivery& delivery);
    void give(SessionId id);
    bool follow(Session& session);
    bool append_whole(Session& session);
    void copy_to(Session& session);
    bool may_drop(Service service) const {
        return service == Service::unreliable &&
               options_.slow_reader == config::SlowReaderPolicy::drop_unreliable;
    }

    // client_plane_log.cpp
    bool is_shared(const engine::Delivery& delivery);
    bool make_room(DeliveryLog& log, std::uint64_t bytes);
    bool has_room_for_run(Session& session, std::uint64_t bytes);
    void begin_run(std::span<const SessionId> receivers, std::uint64_t bytes);
    void append_to_logs();
    void close_run();
    void refer(Session& session, const RunBody& run);

    void update_slow();
    bool holds_back(const Session& session) const {
        return slow_ > 0 && options_.slow_reader == config::SlowReaderPolicy::block &&
               session.offers_send() && !session.ended();
    }

    /// A slow reader holds back those sends only that are not under way yet. So with
    /// SlowReaderPolicy::block no more are under way than fit between its high-water mark and its
    /// end; a record grows by its sender's name and its place on the way, hence half.
    bool may_go_ahead(std::uint64_t sent) const {
        if (options_.slow_reader != config::SlowReaderPolicy::block) return true;
        if (sent == 0 || sends_ahead_ == 0) return true;
        const bool few =
            options_.unread_max == 0 || sends_ahead_ < (options_.unread_max - high_unread_) / 2;
        return few && sent_ahead_ + sent <= (table_.options().ring_bytes - high_bytes_) / 2;
    }

    SessionTable& table_;
    PlaneOptions options_;
    std::uint64_t high_bytes_;   ///< of a session, from here on its reader is slow
    std::uint64_t high_unread_;  ///< records; the same
    std::uint64_t run_bytes_;    ///< of a run, unless one message has more
    std::uint64_t run_records_;  ///< of a run; 0: limits are so low that all get copies
    DaemonHeader* page_;
    std::vector<Session> sessions_;      ///< by slot
    LazyArray<std::byte> names_;         ///< of operations under way; empty without is_ahead
    std::vector<OpWindow> windows_;      ///< by slot; the same
    std::uint64_t sends_ahead_{0};       ///< under way, of all sessions
    std::uint64_t sent_ahead_{0};        ///< bytes of their records
    std::vector<std::uint16_t> active_;  ///< slots in use
    std::vector<std::uint16_t> dirty_;   ///< slots to publish; no duplicates
    std::size_t first_{0};               ///< rotates
    std::size_t slow_{0};                ///< sessions above the high-water mark
    bool reap_due_{false};
    SessionId placed_;  ///< whose operation was the latest to get its place
    std::uint64_t placed_operation_{0};
    MessageHead head_;  ///< of the message being delivered
    FanOut fan_out_;
    std::size_t log_readers_{0};  ///< sessions that have one
    std::uint64_t pass_{1};
    bool closing_{false};  ///< all sessions are being ended
    PlaneCounters counters_;
};

template <typename F>
std::size_t ClientPlane::poll(Instant now, F&& on_op) {
    return visit(now, [&](Session& session) { return serve(session, on_op); });
}

template <typename R, typename F>
std::size_t ClientPlane::poll_ahead(Instant now, R&& has_room, F&& pass_on) {
    return visit(now, [&](Session& session) { return serve_ahead(session, has_room, pass_on); });
}

template <typename F>
std::size_t ClientPlane::visit(Instant now, F&& serve_session) {
    page_->heartbeat_ns.store(static_cast<std::uint64_t>(ns_of(now)), std::memory_order_relaxed);
    if (table_.core_has_news()) take_news();
    if (slow_ > 0) update_slow();
    const std::size_t count = active_.size();
    std::size_t taken = 0;
    if (++first_ >= count) first_ = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t place = first_ + i < count ? first_ + i : first_ + i - count;
        Session& session = sessions_[active_[place]];
        if (!session.is_quiet()) taken += serve_session(session);
    }
    if (reap_due_) reap();
    return taken;
}

template <typename F>
std::size_t ClientPlane::serve(Session& session, F&& on_op) {
    std::size_t taken = 0;
    std::uint64_t bytes = 0;
    session.set_more(false);
    for (;;) {
        if (taken == options_.records_per_pass || bytes >= options_.bytes_per_pass) {
            session.set_more(true);
            break;
        }
        const Session::Next next = session.next();
        if (next == Session::Next::nothing) break;
        if (next == Session::Next::violation) {
            end(session, Reason::violation);
            continue;  // it now offers the close
        }
        if (holds_back(session)) {
            session.withdrawn();
            break;
        }
        const engine::ClientOp& op = session.op();
        const engine::Accept accept = on_op(op);
        if (accept == engine::Accept::would_block) {
            session.withdrawn();
            ++counters_.would_block;
            break;
        }
        if (!is_accepted(accept)) {
            const bool is_large = op.payload.size() > table_.options().message_bytes;
            refuse(session, op.kind, session.record_type(), is_large, accept);
        }
        session.consumed(accept);
        if (op.kind == engine::ClientOp::Kind::open && accept == engine::Accept::accepted) {
            table_.opened(session.id());
        }
        ++taken;
        bytes += op.payload.size();
    }
    if (session.phase() == Session::Phase::done) reap_due_ = true;
    if (taken > 0) {
        counters_.operations += taken;
        touch(session);
    }
    return taken;
}

template <typename R, typename F>
std::size_t ClientPlane::serve_ahead(Session& session, R&& has_room, F&& pass_on) {
    std::size_t taken = 0;
    session.set_more(false);
    for (;;) {
        const Session::Next next = session.next_ahead();
        if (next == Session::Next::nothing) break;
        if (next == Session::Next::violation) {
            end(session, Reason::violation);
            continue;  // it offers the close, if nothing is under way
        }
        // Answers make room, and come with a bell; what the ring has no room for is asked again.
        const std::uint64_t sent = session.sent_bytes();
        if (holds_back(session) || !session.can_keep() || !may_go_ahead(sent)) break;
        if (!has_room()) {
            session.set_more(true);
            break;
        }
        pass_on(session.keep(table_.options().message_bytes));
        sends_ahead_ += sent != 0 ? 1 : 0;
        sent_ahead_ += sent;
        ++taken;
    }
    return taken;
}

}  // namespace torc::client_shm
