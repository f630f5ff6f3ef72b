// Retransmission requests on the token: which of them I answer, which I make. protocol.md 3.6, 6.4.
//
// In Spread the first holder that sees a request answers it and takes it off the token; if that
// holder cannot reach the requester, it does so for ever. Here the number of attempts decides who
// answers first and on which path: attempt 0 the first holder after the requester by multicast,
// attempt 1 the same by unicast, attempts 2 and 3 a holder at least two hops away, and so on around
// the ring.
#pragma once

#include <cstdint>

#include "base/fixed_vec.hpp"
#include "ordering/context.hpp"
#include "ordering/receive_window.hpp"
#include "wire/token.hpp"

namespace torc::ordering {

class Repair {
public:
    void start_ring() { asked_.clear(); }

    /// Whether I am far enough from the requester to be the one who answers.
    static bool may_answer(const wire::Request& request, const RingMembers& ring);
    static bool by_unicast(const wire::Request& request) { return request.attempts % 2 != 0; }

    /// Takes my fulfilled requests off the token, counts the unanswered ones up, and adds what I
    /// miss in (aru, limit] of the ring `of`. Gives how many requests were made, repeated ones
    /// included.
    std::uint32_t request(const ReceiveWindow& window, Seq limit, const RingId& of,
                          const RingMembers& ring, wire::Token& token);

private:
    /// What I asked for and still miss: it survives an answer that got lost on the way.
    struct Asked {
        Seq seq;
        std::uint8_t attempts{0};
        bool waited{false};  ///< one visit has passed since somebody answered
    };

    void forget_fulfilled(const ReceiveWindow& window);
    std::uint32_t refresh(const ReceiveWindow& window, const RingId& of, const RingMembers& ring,
                          wire::Token& token);
    bool may_ask_again(Seq seq, const RingMembers& ring, std::uint8_t& attempts);

    FixedVec<Asked, kRtrMax> asked_;
};

}  // namespace torc::ordering
