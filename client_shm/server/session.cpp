#include "client_shm/server/session.hpp"

#include "base/check.hpp"

namespace torc::client_shm {

using engine::Accept;
using engine::ClientOp;

void Session::start(const SessionSlot& slot, OpWindow* window) {
    TORC_CHECK(phase_ == Phase::unused);
    window_ = window;
    phase_ = Phase::opening;
    hung_up_ = gone_ = ended_ = decoded_ = more_ = space_given_ = news_given_ = false;
    above_high = dirty = lingering = in_run = false;
    id_ = slot.id;
    name_ = slot.name;
    submit_header_ = slot.submit.header<const SubmitHeader>();
    deliver_header_ = slot.deliver.header<DeliverHeader>();
    const std::uint64_t capacity = slot.submit.capacity();
    submit_ = RingConsumer(slot.submit.data(), capacity, &deliver_header_->submit_head,
                           &submit_header_->submit_tail, &submit_header_->submit_origin);
    deliver_ = RingProducer(slot.deliver.data(), capacity, &deliver_header_->deliver_tail,
                            &submit_header_->deliver_head, &deliver_header_->deliver_origin);
    receive_bell_ = slot.receive_bell.get();
    space_bell_ = slot.space_bell.get();
    receive_answered_ = space_answered_ = 0;
    last_head_ = written_ = released_ = log_written_ = log_released_ = 0;
    pins_.start(slot.log);
    operations_ = OperationLog{};
    counted_ = false;
    decoder_.forget();
}

namespace {

bool is_numbered(ClientOp::Kind kind) {
    return kind != ClientOp::Kind::open && kind != ClientOp::Kind::close;
}
bool is_numbered(const ClientOp& op) { return is_numbered(op.kind); }

OperationLog::Place place_of(const ClientOp& op) {
    if (op.kind != ClientOp::Kind::send || op.service >= Service::causal) {
        return OperationLog::Place::total;
    }
    return op.service == Service::unreliable ? OperationLog::Place::none
                                             : OperationLog::Place::loose;
}

}  // namespace

[[gnu::always_inline]] inline Session::Next Session::decode_next() {
    if (!decoded_) {
        switch (phase_) {
            case Phase::opening:
                offer_simple(ClientOp::Kind::open);
                op_.name = name_;
                break;
            case Phase::open: {
                if (!ended_ && !operations_.has_room()) return Next::nothing;
                const RingStatus status = ended_ ? RingStatus::empty : submit_.peek(record_);
                if (status == RingStatus::corrupt) return Next::violation;
                if (status == RingStatus::ok) {
                    if (!decoder_.decode(record_, op_)) return Next::violation;
                    break;
                }
                if (!ended_ && !hung_up_) return Next::nothing;
                phase_ = Phase::closing;
                offer_simple(ClientOp::Kind::close);
                break;
            }
            case Phase::closing:
                offer_simple(ClientOp::Kind::close);
                break;
            case Phase::unused:
            case Phase::done:
                return Next::nothing;
        }
        op_.session = id_;
        decoded_ = true;
    }
    return Next::operation;
}

Session::Next Session::next() {
    const Next next = decode_next();
    if (next == Next::operation && is_numbered(op_)) operations_.offer();
    return next;
}

/// Nothing follows an open or a close before its answer: it decides what may. What the session ends
/// with waits for all answers.
Session::Next Session::next_ahead() {
    if (!decoded_ && !window_->empty()) {
        if (ended_ || !is_numbered(window_->back().kind)) return Next::nothing;
        if (!operations_.has_room(window_->count())) return Next::nothing;
        if (hung_up_ && submit_.drained() && !submit_.fresh()) return Next::nothing;
    }
    return decode_next();
}

engine::ClientOp Session::keep(std::uint64_t message_bytes) {
    OpWindow::Op kept;
    kept.kind = op_.kind;
    kept.position = submit_.cursor();
    if (is_numbered(op_)) {
        kept.place = place_of(op_);
        kept.record = record_.header.type;
        kept.is_large = op_.payload.size() > message_bytes;
        kept.sent = sent_bytes();
        submit_.advance(record_);
    }
    decoded_ = false;
    return window_->push(op_, kept);
}

void Session::note_at_hand() {
    if (window_->empty() || !is_numbered(window_->front().kind)) return;
    operations_.offer();
    operations_.withdraw();
}

const OpWindow::Op& Session::answering() {
    TORC_CHECK(!window_->empty());
    if (is_numbered(window_->front().kind)) operations_.offer();
    return window_->front();
}

[[gnu::always_inline]] inline void Session::settle(ClientOp::Kind kind, Accept accept,
                                                   OperationLog::Place place) {
    switch (kind) {
        case ClientOp::Kind::open:
            phase_ = accept == Accept::accepted ? Phase::open : Phase::done;
            return;
        case ClientOp::Kind::close:
            phase_ = Phase::done;  // illegal means that the engine does not know the session
            return;
        case ClientOp::Kind::join:
        case ClientOp::Kind::leave:
        case ClientOp::Kind::send:
        case ClientOp::Kind::flush_ok:
            break;
    }
    if (accept == Accept::accepted) {
        operations_.accept(place);
    } else if (accept == Accept::raised) {
        operations_.accept(OperationLog::Place::total);
    } else {
        operations_.refuse();
    }
    counted_ = true;
}

void Session::answered(Accept accept) {
    TORC_CHECK(accept != Accept::would_block);
    const OpWindow::Op& op = window_->front();
    settle(op.kind, accept, op.place);
    if (is_numbered(op.kind)) space_given_ = true;
    window_->pop();
}

void Session::offer_simple(ClientOp::Kind kind) {
    decoder_.forget();
    op_ = ClientOp{};
    op_.kind = kind;
}

void Session::withdrawn() {
    if (is_numbered(op_)) operations_.withdraw();
}

bool Session::refresh() {
    const std::uint64_t released = submit_header_->released.load(std::memory_order_relaxed);
    const std::uint64_t in_log = submit_header_->log_released.load(std::memory_order_relaxed);
    if (!deliver_.refresh() || released < released_ || released > written_) return false;
    if (in_log < log_released_ || in_log > log_written_) return false;
    released_ = released;
    log_released_ = in_log;
    pins_.pass(deliver_.head());
    return true;
}

void Session::consumed(Accept accept) {
    TORC_CHECK(decoded_ && accept != Accept::would_block);
    decoded_ = false;
    settle(op_.kind, accept, place_of(op_));
    if (!is_numbered(op_)) return;
    submit_.advance(record_);
    space_given_ = true;
}

void Session::end(Reason reason) {
    if (ended_) return;
    ended_ = true;
    if (deliver_.unpublished()) publish();  // what came before the end is received before it
    deliver_header_->reason.store(static_cast<std::int32_t>(reason), std::memory_order_relaxed);
    deliver_header_->state.store(static_cast<std::uint32_t>(SessionState::ended),
                                 std::memory_order_release);  // pairs with the client's load
}

/// `taken` last: whoever sees it sees what became of all before it, as far as that is known.
void Session::publish_counts() {
    counted_ = false;
    deliver_header_->refused.store(operations_.refused(), std::memory_order_relaxed);
    deliver_header_->ordered.store(operations_.ordered(), std::memory_order_relaxed);
    deliver_header_->taken.store(operations_.taken(), std::memory_order_release);
}

bool Session::publish() {
    if (deliver_.unpublished()) {
        deliver_header_->written.store(written_, std::memory_order_relaxed);
        deliver_header_->log_written.store(log_written_, std::memory_order_relaxed);
        deliver_.publish();
        news_given_ = true;
    }
    if (counted_) publish_counts();
    if (submit_.unpublished()) submit_.publish(done_with());
    return news_given_ || space_given_ || ended_;
}

bool Session::take_ticket(const Ticket& word, std::uint32_t& answered) const {
    const std::uint32_t ticket = word.load(std::memory_order_relaxed);  // fenced by the caller
    if (ticket % 2 == 0 || ticket == answered) return false;
    answered = ticket;
    return true;
}

unsigned Session::ring_bells() {
    unsigned rung = 0;
    const bool news = news_given_ || ended_;
    if (news && take_ticket(submit_header_->receive_ticket, receive_answered_)) {
        ring_bell(receive_bell_);
        ++rung;
    }
    // Half free is where every record fits; earlier bells would wake a sender for nothing.
    const bool space = ended_ || (space_given_ && submit_.fill() <= submit_.capacity() / 2);
    if (space && take_ticket(submit_header_->send_ticket, space_answered_)) {
        ring_bell(space_bell_);
        ++rung;
    }
    news_given_ = space_given_ = false;
    return rung;
}

}  // namespace torc::client_shm
