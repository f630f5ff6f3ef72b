// What a daemon that was not looking for a while may conclude from its clock: nothing, until it has
// taken what came meanwhile. SIGSTOP, a stolen core, a stopped virtual machine: whoever stood still
// has a queue full of frames and a clock that says that everything is overdue. The rule has two
// steps. After any gap longer than `token_loss` allows (a fifth of it), all frames come before any
// timer. After one of half of token_loss or more the waits for others begin anew as well
// (Engine::on_pause): silence that I did not listen to proves nothing.
//
// The second step is taken again only after a token_loss of being awake, so that a daemon on a
// hopeless host still notices, late, that the others are gone.
//
// Pure: instants come from the driver. The daemon's poll loop and the simulator use it alike.
// Source: protocol.md 3.5, 8.6; corosync keeps a pause_timestamp for the same reason.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace torc::engine {

enum class Wake : std::uint8_t {
    on_time,
    late,         ///< frames before timers
    stood_still,  ///< the same, and first Engine::on_pause
};

struct PauseCounters {
    std::uint64_t late{0};         ///< gaps longer than a fifth of token_loss, these included:
    std::uint64_t stood_still{0};  ///< those after which waiting began anew
};

class PauseWatch {
public:
    /// token_loss should be at least this many times the longest gap (protocol.md 3.5).
    static constexpr int kGapsPerTokenLoss = 5;

    explicit PauseWatch(Nanos token_loss)
        : token_loss_(token_loss), allowed_(token_loss / kGapsPerTokenLoss) {}

    /// At the start of a pass. `gap`: the time up to `now` in which nobody looked although nobody
    /// had chosen to sleep.
    Wake look(Instant now, Nanos gap) {
        if (gap <= allowed_) return Wake::on_time;
        ++counters_.late;
        forgives_from_ += gap;  // sleep is no time of being awake
        if (gap < token_loss_ / 2 || now < forgives_from_) return Wake::late;
        forgives_from_ = now + token_loss_;
        ++counters_.stood_still;
        return Wake::stood_still;
    }

    Nanos allowed() const { return allowed_; }
    const PauseCounters& counters() const { return counters_; }

private:
    Nanos token_loss_;
    Nanos allowed_;
    Instant forgives_from_{};  ///< at first any gap may be forgiven
    PauseCounters counters_;
};

}  // namespace torc::engine
