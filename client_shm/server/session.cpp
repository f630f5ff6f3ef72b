#include "client_shm/server/session.hpp"

#include "base/check.hpp"

namespace torc::client_shm {

using engine::Accept;
using engine::ClientOp;

void Session::start(const SessionSlot& slot) {
    TORC_CHECK(phase_ == Phase::unused);
    phase_ = Phase::opening;
    hung_up_ = gone_ = ended_ = decoded_ = more_ = space_given_ = news_given_ = false;
    above_high = dirty = lingering = in_run = false;
    id_ = slot.id;
    name_ = slot.name;
    submit_header_ = slot.submit.header<const SubmitHeader>();
    deliver_header_ = slot.deliver.header<DeliverHeader>();
    const std::uint64_t capacity = slot.submit.capacity();
    submit_ = RingConsumer(slot.submit.data(), capacity, &deliver_header_->submit_head,
                           &submit_header_->submit_tail);
    deliver_ = RingProducer(slot.deliver.data(), capacity, &deliver_header_->deliver_tail,
                            &submit_header_->deliver_head);
    receive_bell_ = slot.receive_bell.get();
    space_bell_ = slot.space_bell.get();
    receive_answered_ = space_answered_ = 0;
    written_ = released_ = log_written_ = log_released_ = 0;
    pins_.start(slot.log);
    operations_ = OperationLog{};
    counted_ = false;
}

namespace {

bool is_numbered(const ClientOp& op) {
    return op.kind != ClientOp::Kind::open && op.kind != ClientOp::Kind::close;
}

OperationLog::Place place_of(const ClientOp& op) {
    if (op.kind != ClientOp::Kind::send || op.service >= Service::causal) {
        return OperationLog::Place::total;
    }
    return op.service == Service::unreliable ? OperationLog::Place::none
                                             : OperationLog::Place::loose;
}

}  // namespace

Session::Next Session::next() {
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
    if (is_numbered(op_)) operations_.offer();
    return Next::operation;
}

void Session::offer_simple(ClientOp::Kind kind) {
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
    if (is_numbered(op_)) {
        if (accept == Accept::accepted) {
            operations_.accept(place_of(op_));
        } else if (accept == Accept::raised) {
            operations_.accept(OperationLog::Place::total);
        } else {
            operations_.refuse();
        }
        counted_ = true;
    }
    switch (op_.kind) {
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
            submit_.advance(record_);
            space_given_ = true;
            return;
    }
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
    if (submit_.unpublished()) submit_.publish();
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
