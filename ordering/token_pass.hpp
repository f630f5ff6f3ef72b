// The token as one hop sees it: which one is next, whether the successor got mine, how long ago
// there was progress. protocol.md 3.3, 3.5. Pure book-keeping: frames are the caller's.
//
// On a ring of n the token comes to a member every n hops exactly, so the next token_seq is known:
// a smaller one is a duplicate, a larger one cannot exist.
#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "config/settings.hpp"
#include "ordering/context.hpp"
#include "wire/token.hpp"

namespace torc::ordering {

class TokenPass {
public:
    explicit TokenPass(const config::Timers& timers) : timers_(timers) {}

    /// A ring begins: `last()` is {0, 0, 0}.
    void start_ring(Instant now, const RingMembers& ring);
    /// No token is expected any more.
    void stop();

    enum class Verdict : std::uint8_t { next, repeated, old, impossible };
    Verdict judge(std::uint64_t token_seq) const;
    /// The next token is here: its predecessor needs no acknowledgement, mine arrived.
    void accepted(Instant now, std::uint64_t token_seq);
    /// I keep it for a while: nobody's progress is to be expected.
    void held() { loss_at_ = kNever; }
    /// I passed `token` on (its token_seq is already that of the next hop).
    void passed(Instant now, const wire::Token& token);
    /// Somebody spoke after the token that I sent last: it arrived, and the ring is alive.
    void heard_of(Instant now, std::uint32_t round);
    /// The successor says that it has the token. No progress, but no need to repeat.
    void acknowledged(std::uint64_t token_seq);
    /// I did not listen for a while: what I waited for may have come and gone.
    void on_pause(Instant now);
    /// A rotation that was not held up by an idle ring, for the repetition interval.
    void learn_rotation(Nanos rotation);

    /// The copy of the token that I sent last.
    const wire::Token& last() const { return last_; }
    std::uint64_t accepted_seq() const { return accepted_seq_; }
    std::uint64_t visits() const { return visits_; }
    Nanos rotation() const { return rotation_; }

    bool must_repeat(Instant now) const { return now >= repeat_at_; }
    /// Counts a repetition and gives its number; the next one waits twice as long.
    std::uint8_t repeat(Instant now);
    bool lost(Instant now) const { return now >= loss_at_; }
    /// I passed the token half of token_loss ago or more, and heard of nothing since. The last hop
    /// before a dead member finds this true; so may one whose successor passed the token on without
    /// my hearing of it, which costs nothing: a living suspect only has to speak.
    bool successor_suspect(Instant now) const {
        return now - unheard_since_ >= timers_.token_loss / 2;
    }
    Instant next_deadline() const;

private:
    Nanos first_interval() const;
    Nanos longest_interval() const;

    config::Timers timers_;
    wire::Token last_;
    std::uint64_t expected_{0};
    std::uint64_t accepted_seq_{0};
    std::uint64_t members_{0};
    std::uint64_t visits_{0};
    Instant accepted_at_{};
    Nanos rotation_{0};
    Nanos typical_rotation_{0};
    Instant repeat_at_{kNever};
    Nanos interval_{0};
    std::uint32_t repetitions_{0};
    Instant loss_at_{kNever};
    Instant unheard_since_{kNever};  ///< when I passed a token of which nothing was heard yet
};

}  // namespace torc::ordering
