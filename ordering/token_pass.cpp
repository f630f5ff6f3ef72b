#include "ordering/token_pass.hpp"

#include <algorithm>

#include "base/mutants.hpp"

namespace torc::ordering {

void TokenPass::start_ring(Instant now, const RingMembers& ring) {
    last_ = wire::Token{};
    last_.ring = ring.id();
    members_ = ring.size();
    // The representative sends token_seq 1 first, and gets it back after one hop of each member.
    expected_ = ring.represented_by_me() ? members_ : ring.my_place();
    accepted_seq_ = 0;
    visits_ = 0;
    accepted_at_ = now;
    rotation_ = typical_rotation_ = Nanos{0};
    repeat_at_ = kNever;
    repetitions_ = 0;
    unheard_since_ = kNever;
    loss_at_ = now + timers_.token_loss;
}

void TokenPass::stop() { repeat_at_ = loss_at_ = unheard_since_ = kNever; }

TokenPass::Verdict TokenPass::judge(std::uint64_t token_seq) const {
    if (token_seq == expected_) return Verdict::next;
    if (token_seq > expected_) return Verdict::impossible;
    if (mutant(Mutant::token_accepted_twice) && visits_ != 0) return Verdict::next;
    return token_seq == accepted_seq_ ? Verdict::repeated : Verdict::old;
}

void TokenPass::accepted(Instant now, std::uint64_t token_seq) {
    accepted_seq_ = token_seq;
    expected_ = token_seq + members_;
    if (visits_ != 0) rotation_ = now - accepted_at_;
    accepted_at_ = now;
    ++visits_;
    repeat_at_ = kNever;
    repetitions_ = 0;
    unheard_since_ = kNever;
    loss_at_ = now + timers_.token_loss;
}

void TokenPass::passed(Instant now, const wire::Token& token) {
    last_ = token;
    interval_ = first_interval();
    repetitions_ = 0;
    unheard_since_ = now;
    repeat_at_ = now + interval_;
    loss_at_ = now + timers_.token_loss;
}

void TokenPass::heard_of(Instant now, std::uint32_t round) {
    const auto ahead =
        static_cast<std::int32_t>(round - static_cast<std::uint32_t>(last_.token_seq));
    if (ahead <= 0 || loss_at_ == kNever) return;
    repeat_at_ = kNever;
    repetitions_ = 0;
    unheard_since_ = kNever;
    loss_at_ = now + timers_.token_loss;
}

void TokenPass::acknowledged(std::uint64_t token_seq) {
    if (token_seq < last_.token_seq) return;
    repeat_at_ = kNever;
    repetitions_ = 0;
}

void TokenPass::on_pause(Instant now) {
    if (loss_at_ != kNever) loss_at_ = now + timers_.token_loss;
    if (unheard_since_ != kNever) unheard_since_ = now;
}

void TokenPass::learn_rotation(Nanos rotation) {
    typical_rotation_ += (rotation - typical_rotation_) / 8;
}

/// A ring whose rotation takes longer than the configured interval would repeat every token: the
/// evidence of an idle successor is the token's return.
Nanos TokenPass::first_interval() const {
    return std::clamp(4 * typical_rotation_, timers_.token_retransmit,
                      std::max(timers_.token_retransmit, longest_interval()));
}

Nanos TokenPass::longest_interval() const { return timers_.token_loss / 8; }

std::uint8_t TokenPass::repeat(Instant now) {
    ++repetitions_;
    interval_ = std::max(interval_, std::min(2 * interval_, longest_interval()));
    repeat_at_ = now + interval_;
    return static_cast<std::uint8_t>(std::min<std::uint32_t>(repetitions_, 255));
}

Instant TokenPass::next_deadline() const { return std::min(repeat_at_, loss_at_); }

}  // namespace torc::ordering
