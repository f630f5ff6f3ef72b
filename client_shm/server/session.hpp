// One client as the ring core sees it: its next operation in, deliveries out, and how it ends.
// Everything here is private memory of the daemon; the shared segments are reached through the ring
// ends only. A session lives from the control thread's `opened` to our `released`.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/ids.hpp"
#include "client_shm/rings.hpp"
#include "client_shm/server/log_pins.hpp"
#include "client_shm/server/op_decoder.hpp"
#include "client_shm/server/op_window.hpp"
#include "client_shm/server/operation_log.hpp"
#include "client_shm/server/session_table.hpp"
#include "engine/effects.hpp"

namespace torc::client_shm {

class Session {
public:
    enum class Phase : std::uint8_t {
        unused,
        opening,  ///< the engine has not yet taken the open
        open,     ///< records are served in order
        closing,  ///< nothing more is read; the engine has not yet taken the close
        done,     ///< the engine knows nothing of it any more; release
    };

    /// What to offer the engine next.
    enum class Next : std::uint8_t { nothing, operation, violation };

    Session() {}  // NOLINT: `= default` would let a table of them zero 28 KB for each

    /// Begins a life on memory lent by the control thread. With a window, which outlives it,
    /// operations are offered ahead of their answers; without, each is answered at once.
    void start(const SessionSlot& slot, OpWindow* window = nullptr);
    void finish() {
        pins_.drop_all();
        phase_ = Phase::unused;
    }

    SessionId id() const { return id_; }
    Phase phase() const { return phase_; }
    bool is(SessionId id) const { return phase_ != Phase::unused && id_ == id; }
    bool ended() const { return ended_; }
    /// Deliveries are written only here.
    bool receives() const { return phase_ == Phase::open && !ended_ && !hung_up_; }

    /// Nothing to offer, nothing to end, no release due: `next` would say so. Asked each pass of
    /// every session, most of which are idle. Cost: one load of a shared line.
    bool is_quiet() const {
        const bool is_watched = ended_ | hung_up_ | decoded_ | more_;
        return phase_ == Phase::open && !is_watched && submit_.drained() && !submit_.fresh();
    }
    /// What to offer now. After would_block the very same operation again, from private memory: the
    /// record is not read a second time.
    Next next();
    /// Where `next` said so, the operation; until the next call.
    const engine::ClientOp& op() const { return op_; }
    /// The engine took the operation or refused it: go on behind it.
    void consumed(engine::Accept accept);
    /// The engine did not take it; offer it again.
    void withdrawn();

    // With a window: `next_ahead`, then `keep` and pass on what it gives, or nothing; answers come
    // in order, each with `answering` before anything is said of it, and `answered` behind that.

    /// As `next`; nothing, too, while an answer must come first.
    Next next_ahead();
    bool can_keep() const { return window_->has_room_for(op_); }
    /// Of the operation that `next_ahead` found: what its record takes, if it is a send; else 0.
    std::uint64_t sent_bytes() const {
        const bool sends = op_.kind == engine::ClientOp::Kind::send;
        return sends ? record_bytes(record_.header.body_bytes) : 0;
    }
    /// The operation is under way. Gives it with names that stay until it is answered, as its
    /// payload does: the record is not given back before.
    engine::ClientOp keep(std::uint64_t message_bytes);
    const OpWindow::Op& answering();
    void answered(engine::Accept accept);
    /// The engine has been offered the next operation to be answered: its place may come.
    void note_at_hand();
    std::size_t under_way() const { return window_ == nullptr ? 0 : window_->count(); }

    /// An operation of the session that is, or is like, a message of that service got its place.
    /// Gives: its number, or 0 if that is not known.
    std::uint64_t placed(Service service) {
        if (service == Service::unreliable) return 0;  // settled when it was taken
        counted_ = true;
        if (service >= Service::causal) return operations_.on_total();
        operations_.on_loose();
        return 0;
    }
    OperationLog& operations() { return operations_; }
    const OperationLog& operations() const { return operations_; }
    /// Of the operation being offered.
    RecordType record_type() const { return record_.header.type; }
    std::string_view name() const { return name_; }
    bool offers_send() const { return decoded_ && op_.kind == engine::ClientOp::Kind::send; }

    /// The client is gone: serve what it had committed, then close. With `reads_on` it has only
    /// said so, and may still read what it was given; a second call without that is its real end.
    void hang_up(bool reads_on) {
        hung_up_ = true;
        gone_ = !reads_on;
    }
    /// The daemon ends it: what is half taken is finished, the rest is not read.
    void end(Reason reason);

    /// Client wrote something since `next` last found nothing. One load of a shared line.
    bool fresh() const { return (phase_ == Phase::open && submit_.fresh()) || more_; }
    /// The pass stopped at its bound, not at the end of the ring.
    void set_more(bool more) { more_ = more; }

    RingProducer& deliver() { return deliver_; }
    /// A record was written to its ring. Takes: of a message that others may follow the serial of
    /// its head (MessageHead::shared_serial).
    void on_written(std::uint64_t head = 0) {
        ++written_;
        last_head_ = head;
    }
    /// A message that has the head of the record before it.
    void on_followed() { ++written_; }
    /// Its ring ends with a message that has this head.
    bool ends_with(std::uint64_t head) const { return last_head_ == head; }
    /// The log that its client maps, or nullptr.
    DeliveryLog* log() const { return pins_.log(); }
    /// Whether its ring may refer to the log's open extent now. Looks at the client's counters once
    /// an extent. False too if those are impossible: see `refresh`.
    bool may_refer() { return pins_.has_open() || (refresh() && pins_.may_pin_open()); }
    /// So many messages in the log's open extent were referred to by the record just written.
    void on_run(const RunBody& run) {
        written_ += run.records;
        log_written_ += run.bytes;
        pins_.pin_open(deliver_.tail());
    }
    /// It reads the plane's open run: its ring must refer to that before anything else.
    void enter_run() {
        in_run = true;
        last_head_ = 0;  // and so behind it
    }
    /// Ended while its client may still read what the ring refers to: memory of the log, which must
    /// not change under it.
    bool lingers() {
        if (gone_ || pins_.empty() || !(ended_ || hung_up_)) return false;
        return refresh() && !pins_.empty();
    }
    /// Bytes in its ring and, through it, in the log; as far as known, an upper bound until
    /// `refresh`.
    std::uint64_t unread_bytes() const { return deliver_.fill() + log_written_ - log_released_; }
    /// Log and ring together hold as much for it as its ring alone might; only then, for the ring
    /// tells by itself that it is full.
    bool is_full_for(std::uint64_t bytes) const {
        return log_written_ != log_released_ && unread_bytes() + bytes > deliver_.capacity();
    }
    /// Records written and not released, as far as known; an upper bound until `refresh`.
    std::uint64_t unread() const { return written_ - released_; }
    /// Reads what the client says it has released, and unpins that. False if that is impossible.
    bool refresh();
    /// Shows what was written and gives back what was read. Gives: whether anything changed.
    bool publish();
    /// After a full fence: rings those bells that the client sleeps on. Gives: bells rung.
    unsigned ring_bells();

    bool above_high{false};  ///< was over the high-water mark and not under half since
    bool dirty{false};       ///< in the plane's list for this pass
    bool lingering{false};   ///< the control thread knows that it lingers
    bool in_run{false};      ///< reads the plane's open run: its ring must refer to that first

private:
    /// Makes `op_` the next operation, if there is one and none is left from last time.
    Next decode_next();
    void settle(engine::ClientOp::Kind kind, engine::Accept accept, OperationLog::Place place);
    /// Before here no operation is under way or to come.
    std::uint64_t done_with() const {
        return window_ == nullptr || window_->empty() ? submit_.cursor()
                                                      : window_->front().position;
    }
    /// An operation without a record.
    void offer_simple(engine::ClientOp::Kind kind);
    bool take_ticket(const Ticket& word, std::uint32_t& answered) const;
    void publish_counts();

    // what every pass touches comes first
    Phase phase_{Phase::unused};
    bool hung_up_{false};
    bool gone_{false};  ///< the client reads nothing any more
    bool ended_{false};
    bool decoded_{false};  ///< op_ was offered and not taken
    bool more_{false};
    bool space_given_{false};
    bool news_given_{false};
    SessionId id_;
    RingConsumer submit_;
    RingProducer deliver_;
    std::uint64_t last_head_{0};    ///< of the ring's last record; 0: nobody may follow it
    std::uint64_t written_{0};      ///< records
    std::uint64_t released_{0};     ///< last seen of the client's
    std::uint64_t log_written_{0};  ///< bytes; the same in the log
    std::uint64_t log_released_{0};
    LogPins pins_;
    std::uint32_t receive_answered_{0};
    std::uint32_t space_answered_{0};
    const SubmitHeader* submit_header_{nullptr};
    DeliverHeader* deliver_header_{nullptr};
    int receive_bell_{-1};
    int space_bell_{-1};
    std::string_view name_;  ///< in the slot, which outlives us
    RecordView record_;
    engine::ClientOp op_;
    OperationLog operations_;
    bool counted_{false};        ///< operations_ says more than the client's header
    OpWindow* window_{nullptr};  ///< operations are answered at once if there is none
    OpDecoder decoder_;
};

}  // namespace torc::client_shm
