// What an idle ring does: who spoke last keeps the token for a while (the representative, where
// nobody has spoken yet); who else has something to send asks for it with WAKE. protocol.md 3.8,
// PARK in its simple form: the token is never routed directly, so the stability rule stays as it
// is.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"
#include "config/settings.hpp"
#include "wire/token.hpp"

namespace torc::ordering {

/// Repetitions of WAKE for one token; after them the ordinary token-loss timer decides.
inline constexpr std::uint32_t kWakesMax = 6;
/// Visits in a row that find nothing to do before the token may be held. One would be enough for
/// everybody to know what is stable (a visit judges by what was known at the end of the one before,
/// and the token went around since); the others keep a ring that pauses for a moment from holding.
inline constexpr std::uint32_t kQuietVisits = 3;

class IdleHold {
public:
    explicit IdleHold(const config::Timers& timers) : timers_(timers) {}

    void start_ring(Instant now) {
        busy(now);
        wake_at_ = kNever;
    }

    // --- every member: is the ring quiet? ------------------------------------------------------
    /// One visit, as the token came in. `all_stable`: what it says is given out is known to be
    /// everywhere, and nothing waits here.
    void visit(Instant now, const wire::Token& token, bool all_stable) {
        const bool quiet = all_stable && token.backlog == 0 && token.requests.empty() &&
                           token.candidates.empty() && token.flags == 0 && token.leaver == kNoNode;
        if (quiet) {
            ++quiet_visits_;
        } else {
            busy(now);
        }
        wake_at_ = kNever;
        wakes_ = 0;
    }
    /// Something happens: no hold before `hold_after` has passed again.
    void busy(Instant now) {
        quiet_visits_ = 0;
        busy_at_ = now;
    }
    bool quiet() const { return quiet_visits_ >= kQuietVisits; }

    // --- who spoke last ------------------------------------------------------------------------
    bool may_hold(Instant now) const { return quiet() && now - busy_at_ >= timers_.hold_after; }
    /// How long a hold may last; the others wait token_loss for the next token.
    Instant hold_until(Instant now) const {
        return now + std::min(timers_.hold_refresh, timers_.token_loss / 4);
    }

    // --- the others: ask for it ----------------------------------------------------------------
    /// Something waits for the token. A token that is on its way needs no asking; one that is held
    /// does at once.
    void want(Instant now) {
        if (wake_at_ != kNever || wakes_ != 0) return;
        wake_at_ = quiet() ? now : now + timers_.token_retransmit;
    }
    bool must_wake(Instant now) const { return now >= wake_at_; }
    void woke(Instant now) {
        ++wakes_;
        wake_at_ = wakes_ < kWakesMax ? now + timers_.token_retransmit * (1 << wakes_) : kNever;
    }
    void stop() { wake_at_ = kNever; }
    Instant next_deadline() const { return wake_at_; }

private:
    config::Timers timers_;
    Instant busy_at_{};
    std::uint32_t quiet_visits_{0};
    Instant wake_at_{kNever};
    std::uint32_t wakes_{0};
};

}  // namespace torc::ordering
