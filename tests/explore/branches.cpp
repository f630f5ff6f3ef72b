#include "tests/explore/branches.hpp"

#include <cstdio>
#include <sys/wait.h>

#include <unistd.h>

#include "base/check.hpp"

namespace torc::explore {
namespace {

constexpr std::uint64_t kPrintedMax = 20;

/// For the check handler, which gets no argument of ours.
Branches* running = nullptr;

void on_failed_check(const char* expression, const std::source_location& where) {
    running->report("check " + std::string(expression) + " at " + where.file_name() + ":" +
                    std::to_string(where.line()));
    running->end();
}

}  // namespace

Branches::Branches(Ledger& ledger, std::string how_to_run_again, const Manner& manner)
    : ledger_(ledger),
      command_(std::move(how_to_run_again)),
      manner_(manner),
      start_(std::chrono::steady_clock::now()) {}

bool Branches::fork_off(const std::string& step, unsigned at_a_time) {
    if (!on_trunk()) at_a_time = 1;
    while (children_.size() >= at_a_time) reap();
    const pid_t child = fork();
    TORC_CHECK(child >= 0);
    if (child == 0) {
        if (!path_.empty()) path_ += ',';
        path_ += step;
        children_.clear();
        return true;
    }
    children_[child] = step;
    if (at_a_time == 1) reap();
    return false;
}

bool Branches::is_over() {
    Counts& counts = ledger_.counts();
    if (!counts.stop && manner_.seconds > 0) {
        const auto passed = std::chrono::steady_clock::now() - start_;
        if (std::chrono::duration<double>(passed).count() >= manner_.seconds) counts.stop = true;
    }
    if (counts.stop) counts.cut_short = true;
    return counts.stop;
}

void Branches::report(const std::string& what) {
    const std::uint64_t before = ledger_.counts().violations.fetch_add(1);
    if (manner_.stop_at_first) ledger_.counts().stop = true;
    if (manner_.quiet || before >= kPrintedMax) return;
    const std::string text = "VIOLATION: " + what + "\n  replay: " + command_ + " --replay " +
                             (path_.empty() ? "none" : path_) + '\n';
    const auto written = write(STDOUT_FILENO, text.data(), text.size());
    static_cast<void>(written);
}

void Branches::reap() {
    int status = 0;
    const auto child = children_.find(wait(&status));
    TORC_CHECK(child != children_.end());
    if (WIFSIGNALED(status)) {
        report("signal " + std::to_string(WTERMSIG(status)) + " ended what goes on with " +
               child->second);
    }
    children_.erase(child);
}

void Branches::end() {
    while (!children_.empty()) reap();
    _exit(0);
}

void in_processes(Branches& branches, const std::function<void()>& body) {
    std::fflush(stdout);
    running = &branches;
    set_check_handler(&on_failed_check);
    if (!branches.fork_off("", 1)) return;
    body();
    branches.end();
}

}  // namespace torc::explore
