// What the ring core does after a pass of its loop: look again, pause, yield or sleep. Three
// strategies, one small object without a clock or a system call, so that it can be tested with
// instants made by hand.
//
// Measured on two cores with three daemons (docs: data-plane.md C): spinning gives an 8 ms
// rotation, because spinners on one core trade whole scheduler ticks; yielding gives 3 us; sleeping
// at once 76 us. Hence `adaptive`: pause only on a core of one's own, else yield, and after a
// bounded idle time sleep. And hence `spin` pauses on a core of its own only, too; it never sleeps.
//
// An idle ring is not silent: its token comes by now and then, and the control thread asks how
// things are. If each of that were followed by the whole time of yielding, doing nothing would cost
// several per cent of a core. So after long quiet a token or a message earns a glance, in which all
// that belongs to a message is seen; what a client does, or what follows on the heels of a message,
// earns all of it. Tokens on each other's heels say nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/time.hpp"
#include "config/settings.hpp"

namespace torc::dataplane {

/// What a pass of the loop found.
enum class Work : std::uint8_t {
    none,
    token,   ///< frames without messages: the token, or what daemons tell each other
    some,    ///< messages of others
    traffic  ///< an operation of a client: more will follow
};

enum class IdleStep : std::uint8_t {
    look_again,  ///< there was work: no delay at all
    pause,       ///< one pause instruction
    yield,       ///< let others of this core run
    sleep,       ///< arm all wake sources, look once more, then block
};

struct IdleCounters {
    std::uint64_t passes{0};
    std::uint64_t empty_passes{0};
    std::uint64_t sleeps{0};
    Nanos max_gap{0};  ///< longest time between two looks that we did not choose
};

class IdlePolicy {
public:
    /// What comes is traffic if the last message was no longer ago than so many times `yield_for`.
    static constexpr int kQuietTimes = 2;
    /// A glance is this part of `yield_for`.
    static constexpr int kGlancePart = 20;

    IdlePolicy(config::IdleStrategy strategy, Nanos yield_for, bool owns_core)
        : strategy_(strategy), yield_for_(yield_for), owns_core_(owns_core) {}

    /// At the start of each pass; measures the gap since the last one.
    void begin_pass(Instant now) {
        ++counters_.passes;
        last_gap_ = Nanos{0};
        if (last_pass_ != kNever) {
            last_gap_ = now - std::max(last_pass_, woken_by_);
            counters_.max_gap = std::max(counters_.max_gap, last_gap_);
        } else {
            awake_until_ = now + yield_for_;
            last_message_ = now;
        }
        last_pass_ = now;
        woken_by_ = Instant{};
    }

    /// At the end of each pass. `may_sleep`: nobody needs us at once, see the poll loop.
    IdleStep end_pass(Instant now, Work work, bool may_sleep) {
        if (work != Work::none) {
            stay_for(now, work);
            return IdleStep::look_again;
        }
        ++counters_.empty_passes;
        switch (strategy_) {
            case config::IdleStrategy::spin:
                return stay_awake();
            case config::IdleStrategy::sleepy:
                return may_sleep ? IdleStep::sleep : IdleStep::yield;
            case config::IdleStrategy::adaptive:
                if (may_sleep && now >= awake_until_) return IdleStep::sleep;
                return stay_awake();
        }
        return IdleStep::yield;
    }

    /// Before blocking until `wake` at the latest. The time up to then is no gap: we chose it. What
    /// comes on top of it when nothing woke us earlier is one.
    void on_sleep(Instant wake) {
        ++counters_.sleeps;
        woken_by_ = wake;
    }
    /// After blocking, if something other than the time woke us. When it did is not known; but the
    /// time would have, so what goes beyond it is a gap all the same.
    void on_woken(Instant now) { woken_by_ = std::min(woken_by_, now); }
    /// Before this pass: the time in which nobody looked although we had not chosen to sleep.
    Nanos last_gap() const { return last_gap_; }

    void set_owns_core(bool owns) { owns_core_ = owns; }
    bool owns_core() const { return owns_core_; }
    const IdleCounters& counters() const { return counters_; }

private:
    void stay_for(Instant now, Work work) {
        const bool follows = now - last_message_ <= kQuietTimes * yield_for_;
        const bool is_traffic = follows || work == Work::traffic;
        const Nanos awake = is_traffic ? yield_for_ : yield_for_ / kGlancePart;
        awake_until_ = std::max(awake_until_, now + awake);
        if (work != Work::token) last_message_ = now;
    }
    IdleStep stay_awake() const { return owns_core_ ? IdleStep::pause : IdleStep::yield; }

    config::IdleStrategy strategy_;
    Nanos yield_for_;
    bool owns_core_;
    Instant last_pass_{kNever};
    Instant awake_until_{};  ///< no sleep before
    Instant last_message_{};
    Instant woken_by_{};
    Nanos last_gap_{0};
    IdleCounters counters_;
};

/// Blocks until one of `fds` is readable (-1 is skipped) or the time is over, in one system call.
/// Gives whether a descriptor or a signal ended it. At most kSleepFdsMax descriptors.
bool block_on(std::span<const int> fds, Nanos at_most);
inline constexpr std::size_t kSleepFdsMax = 8;

/// One pause instruction of a spin loop.
inline void pause_once() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

}  // namespace torc::dataplane
