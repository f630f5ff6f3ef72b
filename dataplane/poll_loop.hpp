// The ring core's loop: one pass is `run_once`, in the order of its lines. Everything that touches
// the protocol happens here, to completion, on one thread; there is no lock.
//
// A template over the engine and the clients, so that tests can put small stand-ins there. The
// daemon has an instance with client_shm::ClientPlane, and one with client_shm::ClientRelay for
// clients that have a core of their own.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include <sched.h>

#include "base/limits.hpp"
#include "base/time.hpp"
#include "dataplane/clock.hpp"
#include "dataplane/core_budget.hpp"
#include "dataplane/idle.hpp"
#include "dataplane/loop_mailbox.hpp"
#include "dataplane/loop_outlet.hpp"
#include "dataplane/port.hpp"
#include "engine/effects.hpp"
#include "engine/pause_watch.hpp"
#include "wire/hop.hpp"

namespace torc::dataplane {

/// What a loop drives; all borrowed, all outlive it.
template <typename Engine, typename Clients>
struct LoopParts {
    Port& port;
    Engine& engine;
    Clients& clients;
    LoopOutlet<Clients>& outlet;  ///< the one whose `effects()` the engine was built with
    Clock& clock;
    LoopMailbox& mailbox;
};

struct LoopOptions {
    config::IdleStrategy idle{config::IdleStrategy::adaptive};
    Nanos idle_yield{std::chrono::milliseconds(2)};
    bool owns_core{false};                             ///< judge_core()
    Nanos token_loss{std::chrono::milliseconds(300)};  ///< gaps are measured against it
};

/// **Threads**: made by any; `run` or `run_once` by the ring core.
template <typename Engine, typename Clients>
class BasicPollLoop {
public:
    /// Frames taken from the port in one look.
    static constexpr std::size_t kBurst = 64;
    /// Of the next frame, at most, fetched while one is worked on: one with an MTU of 1500.
    static constexpr std::size_t kPrefetchBytes = 1536;
    /// Longest sleep: bounds what a lost or withheld wake-up can cost.
    static constexpr Nanos kSleepMax = std::chrono::milliseconds(50);
    static constexpr Nanos kMaintainInterval = std::chrono::milliseconds(1);
    /// After a standstill at most so many bursts are taken before anything else has its turn.
    static constexpr int kCatchUpBursts = 256;

    BasicPollLoop(const LoopParts<Engine, Clients>& parts, const LoopOptions& options)
        : parts_(parts),
          idle_(options.idle, options.idle_yield, options.owns_core),
          pauses_(options.token_loss),
          gap_warned_(pauses_.allowed()) {}

    /// Starts the engine and runs until a `stop` command. Afterwards all loans are back.
    void run() {
        parts_.engine.start(parts_.clock.now());
        while (run_once()) {
        }
        parts_.engine.shutdown();
        parts_.port.flush();
        parts_.mailbox.report({.kind = LoopReport::Kind::stopped, .ticket = stop_ticket_});
    }

    /// One pass. False after a `stop`.
    bool run_once() {
        const Instant now = parts_.clock.now();
        idle_.begin_pass(now);
        const engine::Wake wake = pauses_.look(now, idle_.last_gap());
        if (wake != engine::Wake::on_time) catch_up(now, wake);
        obey(now);
        // First: what they sent still travels with a token in `receive`.
        const bool served = serve_clients(now);
        const Work received = receive(now);
        if (now >= parts_.engine.next_deadline()) parts_.engine.on_timer(now);
        parts_.port.flush();
        parts_.clients.publish();
        maintain(now);
        if (!stopping_) {
            rest(now, served ? Work::traffic : received);
        }
        return !stopping_;
    }

    const IdleCounters& idle_counters() const { return idle_.counters(); }
    const engine::PauseCounters& pause_counters() const { return pauses_.counters(); }

private:
    // Commands are done when this ends: they are no reason to stay awake.
    void obey(Instant now) {
        if (!parts_.mailbox.has_commands()) return;
        while (const std::optional<LoopCommand> command = parts_.mailbox.next_command()) {
            switch (command->kind) {
                case LoopCommand::Kind::stop:
                    stopping_ = true;
                    stop_ticket_ = command->ticket;
                    continue;  // its report is the last one
                case LoopCommand::Kind::leave:
                    parts_.engine.leave(now);
                    break;
                case LoopCommand::Kind::snapshot:
                    *command->snapshot = snapshot();
                    break;
                case LoopCommand::Kind::call:
                    command->function(command->context);
                    break;
            }
            parts_.mailbox.report({.kind = LoopReport::Kind::done, .ticket = command->ticket});
        }
    }

    Work receive(Instant now) {
        const std::size_t count = parts_.port.receive(frames_);
        Work work = count == 0 ? Work::none : Work::token;
        for (std::size_t i = 0; i < count; ++i) {
            if (i + 1 < count) prefetch(frames_[i + 1]);
            if (is_data(frames_[i])) work = Work::some;
            parts_.engine.on_frame(now, frames_[i]);  // takes the loan
            if (parts_.outlet.take_urgent()) parts_.port.flush();
        }
        return work;
    }

    /// Whether it says so: that is enough for staying awake.
    static bool is_data(const FrameRef& frame) {
        constexpr std::size_t kKindAt = offsetof(wire::HopHeader, kind);
        return frame.size > kKindAt &&
               wire::Kind{std::to_integer<std::uint8_t>(frame.data[kKindAt])} == wire::Kind::data;
    }

    /// Another core or a device wrote the frame last, and all of it will be walked through.
    static void prefetch(const FrameRef& frame) {
        const std::size_t bytes = std::min<std::size_t>(frame.size, kPrefetchBytes);
        for (std::size_t at = 0; at < bytes; at += kCacheLine) {
            __builtin_prefetch(frame.data + at);
        }
    }

    // We did not look for longer than token_loss allows. What came meanwhile says what has
    // happened; the clock says only that everything is overdue. So frames first, all of them, then
    // timers. The instant stays that of the pass: what is due by it was looked for after it.
    void catch_up(Instant now, engine::Wake wake) {
        if (wake == engine::Wake::stood_still) {
            parts_.engine.on_pause(now);
            parts_.mailbox.report(
                {.kind = LoopReport::Kind::stood_still, .value = idle_.last_gap().count()});
        }
        for (int i = 0; i < kCatchUpBursts && receive(now) != Work::none; ++i) {
            parts_.port.flush();
            parts_.clients.publish();
        }
    }

    bool serve_clients(Instant now) {
        const std::size_t taken = parts_.clients.poll(now, [&](const engine::ClientOp& op) {
            if (op.kind == engine::ClientOp::Kind::send && !parts_.engine.wants_clients()) {
                return engine::Accept::would_block;
            }
            return parts_.engine.on_client(now, op);
        });
        return taken > 0;
    }

    // Off the hot path: the port's housekeeping, and what an operator should know.
    void maintain(Instant now) {
        if (now < next_maintain_) return;
        next_maintain_ = now + kMaintainInterval;
        parts_.port.maintain(now);
        if (!left_reported_ && parts_.engine.left()) {  // told to, or giving way to a namesake
            left_reported_ = true;
            parts_.mailbox.report({.kind = LoopReport::Kind::left});
        }
        const Nanos gap = idle_.counters().max_gap;
        if (gap > gap_warned_) {
            gap_warned_ = gap;  // once for each new worst
            parts_.mailbox.report({.kind = LoopReport::Kind::long_gap, .value = gap.count()});
        }
        if (idle_.owns_core() && competition_.is_contended(now)) {
            idle_.set_owns_core(false);
            parts_.mailbox.report({.kind = LoopReport::Kind::contended});
        }
    }

    void rest(Instant now, Work work) {
        switch (idle_.end_pass(now, work, true)) {
            case IdleStep::look_again:
                return;
            case IdleStep::pause:
                return pause_once();
            case IdleStep::yield:
                sched_yield();
                return;
            case IdleStep::sleep:
                return sleep();
        }
    }

    // Arm everything that can wake us, look once more, and only then block. Work that shows up in
    // the look means no sleep; that includes clients who wait while we hold the token.
    void sleep() {
        parts_.port.arm_wake();
        if (!parts_.clients.arm_sleep()) return;
        const Instant now = parts_.clock.now();
        const Nanos room =
            std::min({kSleepMax, parts_.port.sleep_max(), parts_.engine.next_deadline() - now});
        if (receive(now) == Work::none && !parts_.mailbox.has_commands() && room > Nanos{0}) {
            idle_.on_sleep(now + room);
            const std::array<int, 3> sources{parts_.port.wake_fd(), parts_.clients.doorbell_fd(),
                                             parts_.mailbox.command_fd()};
            if (block_on(sources, room)) idle_.on_woken(parts_.clock.now());
        }
        parts_.clients.disarm_sleep();
    }

    LoopSnapshot snapshot() const {
        return {parts_.port.counters(), idle_.counters(), parts_.port.loans(), idle_.owns_core(),
                parts_.engine.operational()};
    }

    LoopParts<Engine, Clients> parts_;
    IdlePolicy idle_;
    CompetitionWatch competition_;
    std::array<FrameRef, kBurst> frames_{};
    engine::PauseWatch pauses_;
    Nanos gap_warned_;
    Instant next_maintain_{};
    bool left_reported_{false};
    bool stopping_{false};
    std::uint64_t stop_ticket_{0};
};

}  // namespace torc::dataplane
