// How the control thread and the ring core talk: a queue of commands one way, of reports the other,
// each with an eventfd for the side that sleeps.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <sys/eventfd.h>
#include <utility>

#include "base/result.hpp"
#include "base/spsc_ring.hpp"
#include "base/time.hpp"
#include "dataplane/fd.hpp"
#include "dataplane/idle.hpp"
#include "dataplane/port.hpp"

namespace torc::dataplane {

/// What the ring core tells about itself; the engine's numbers are in the counters file.
struct LoopSnapshot {
    PortCounters port;
    IdleCounters idle;
    std::size_t loans{0};
    bool owns_core{false};
    bool operational{false};
};

struct LoopCommand {
    enum class Kind : std::uint8_t {
        stop,      ///< end the loop after this pass, in good order or not
        leave,     ///< say goodbye to the ring, then report `left` and go on until `stop`
        snapshot,  ///< fill `snapshot`
        call,      ///< run `function(context)` between two passes
    };
    Kind kind{};
    std::uint64_t ticket{0};          ///< comes back in the report
    LoopSnapshot* snapshot{nullptr};  ///< the control thread's; valid until the report
    /// For what must not happen while the ring core uses a thing: a port lets go of a device, all
    /// clients are told goodbye. Must not block. When its report arrives, one whole pass lies
    /// between: nothing from before is still in use.
    void (*function)(void* context){nullptr};
    void* context{nullptr};
};

struct LoopReport {
    enum class Kind : std::uint8_t {
        done,      ///< the command with `ticket` was obeyed
        left,      ///< the ring knows that we are gone; `stop` loses nothing
        stopped,   ///< last report; the ring core touches nothing any more
        long_gap,  ///< the loop stood still for `value` ns: token_loss is too short for this host
        stood_still,  ///< for `value` ns, half of token_loss or more: waiting for others began anew
        contended,    ///< others run on our core: it is no longer held to be our own
    };
    Kind kind{};
    std::uint64_t ticket{0};
    std::int64_t value{0};
};

class LoopMailbox {
public:
    static constexpr std::size_t kSlots = 64;

    static Result<std::unique_ptr<LoopMailbox>> open() {
        Fd commands(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        Fd reports(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
        if (!commands || !reports) {
            return failure(std::string("cannot make an eventfd: ") + std::strerror(errno),
                           "raise the limit of open files (ulimit -n)");
        }
        return std::unique_ptr<LoopMailbox>(
            new LoopMailbox(std::move(commands), std::move(reports)));
    }

    /// Control thread. False when the ring core is kSlots commands behind.
    bool send(const LoopCommand& command) {
        if (!commands_.push(command)) return false;
        eventfd_write(command_fd_.get(), 1);
        return true;
    }
    /// Control thread: readable when there are reports; `next_report` empties it.
    int report_fd() const { return report_fd_.get(); }
    std::optional<LoopReport> next_report() {
        std::optional<LoopReport> report = reports_.pop();
        if (!report) {
            // Emptied before the second look, so that a report behind the first one rings again.
            eventfd_t rung = 0;
            eventfd_read(report_fd_.get(), &rung);
            report = reports_.pop();
        }
        return report;
    }

    /// Ring core: readable when there are commands.
    int command_fd() const { return command_fd_.get(); }
    bool has_commands() const { return !commands_.empty(); }
    std::optional<LoopCommand> next_command() {
        std::optional<LoopCommand> command = commands_.pop();
        if (!command) return command;
        eventfd_t rung = 0;
        if (commands_.empty()) eventfd_read(command_fd_.get(), &rung);
        return command;
    }
    /// Ring core. A control thread that is kSlots reports behind loses the newest; counted.
    void report(const LoopReport& report) {
        if (!reports_.push(report)) {
            ++lost_reports_;
            return;
        }
        eventfd_write(report_fd_.get(), 1);
    }
    std::uint64_t lost_reports() const { return lost_reports_; }

private:
    LoopMailbox(Fd commands, Fd reports)
        : command_fd_(std::move(commands)), report_fd_(std::move(reports)) {}

    Fd command_fd_;
    Fd report_fd_;
    SpscRing<LoopCommand, kSlots> commands_;
    SpscRing<LoopReport, kSlots> reports_;
    std::uint64_t lost_reports_{0};
};

}  // namespace torc::dataplane
