#include "ordering/repair.hpp"

#include <algorithm>

#include "base/mutants.hpp"

namespace torc::ordering {
namespace {

/// Two attempts for each of the others, then from the beginning.
std::uint8_t next_attempt(std::uint8_t attempts, const RingMembers& ring) {
    const std::size_t rounds = 2 * (ring.size() - 1);
    return static_cast<std::uint8_t>(attempts + 1u >= rounds ? 0 : attempts + 1);
}

bool on_token(const wire::Token& token, const RingId& of, Seq seq) {
    return std::any_of(
        token.requests.begin(), token.requests.end(),
        [&](const wire::Request& request) { return request.seq == seq && request.ring == of; });
}

}  // namespace

bool Repair::may_answer(const wire::Request& request, const RingMembers& ring) {
    if (!ring.contains(request.requester)) return false;
    const unsigned in_vain = mutant(Mutant::responder_never_changes) ? 0 : request.attempts;
    return ring.hops_from(request.requester) > in_vain / 2;
}

std::uint32_t Repair::request(const ReceiveWindow& window, Seq limit, const RingId& of,
                              const RingMembers& ring, wire::Token& token) {
    forget_fulfilled(window);
    std::uint32_t made = refresh(window, of, ring, token);
    limit = std::min(limit, window.high());
    if (mutant(Mutant::requests_short_by_one) && limit == window.high()) limit = limit.prev();
    for (Seq seq = window.aru().next(); seq <= limit && !token.requests.full(); seq = seq.next()) {
        if (!window.missing(seq) || on_token(token, of, seq)) continue;
        std::uint8_t attempts = 0;
        if (!may_ask_again(seq, ring, attempts)) continue;
        token.requests.push_back({of, seq, ring.list()[ring.my_place()].index, attempts});
        ++made;
    }
    return made;
}

void Repair::forget_fulfilled(const ReceiveWindow& window) {
    for (std::size_t i = asked_.size(); i-- > 0;) {
        if (!window.missing(asked_[i].seq)) asked_.erase_at(i);
    }
}

/// My own entries, back after a rotation: nobody answered, or the frame came from elsewhere.
std::uint32_t Repair::refresh(const ReceiveWindow& window, const RingId& of,
                              const RingMembers& ring, wire::Token& token) {
    std::uint32_t made = 0;
    for (std::size_t i = token.requests.size(); i-- > 0;) {
        wire::Request& request = token.requests[i];
        if (request.requester != ring.list()[ring.my_place()].index || request.ring != of) continue;
        if (!window.missing(request.seq)) {
            token.requests.erase_at(i);
            continue;
        }
        request.attempts = next_attempt(request.attempts, ring);
        for (Asked& asked : asked_) {
            if (asked.seq == request.seq) asked = {request.seq, request.attempts, false};
        }
        ++made;
    }
    return made;
}

/// An answer that was sent a moment before the token may still be behind it: one visit of patience,
/// then the next attempt.
bool Repair::may_ask_again(Seq seq, const RingMembers& ring, std::uint8_t& attempts) {
    for (Asked& asked : asked_) {
        if (asked.seq != seq) continue;
        if (!asked.waited) {
            asked.waited = true;
            return false;
        }
        asked = {seq, next_attempt(asked.attempts, ring), false};
        attempts = asked.attempts;
        return true;
    }
    if (!asked_.full()) asked_.push_back({seq, 0, false});
    return true;
}

}  // namespace torc::ordering
