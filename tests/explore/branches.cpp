#include "tests/explore/branches.hpp"

#include <algorithm>
#include <cstdio>
#include <sys/wait.h>

#include <sched.h>
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
      start_(std::chrono::steady_clock::now()) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(cpu, &allowed)) processors_.push_back(cpu);
    }
}

bool Branches::fork_off(const std::string& step, unsigned at_a_time) {
    if (!on_trunk()) at_a_time = 1;
    while (children_.size() >= at_a_time) reap();
    const unsigned place = free_place();
    const pid_t child = fork();
    TORC_CHECK(child >= 0);
    if (child == 0) {
        if (at_a_time > 1) stay_on_processor(place);
        if (!path_.empty()) path_ += ',';
        path_ += step;
        children_.clear();
        return true;
    }
    children_[child] = {step, place};
    if (at_a_time == 1) reap();
    return false;
}

unsigned Branches::free_place() const {
    unsigned place = 0;
    const auto is_taken = [&](const auto& child) { return child.second.place == place; };
    while (std::any_of(children_.begin(), children_.end(), is_taken)) ++place;
    return place;
}

/// A branch is a chain of processes of which one runs, each for about a millisecond: too short for
/// the kernel to spread them well over the processors. Where that is refused it still may.
void Branches::stay_on_processor(unsigned place) const {
    if (processors_.empty()) return;
    cpu_set_t mine;
    CPU_ZERO(&mine);
    CPU_SET(processors_[place % processors_.size()], &mine);
    static_cast<void>(sched_setaffinity(0, sizeof mine, &mine));
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
               child->second.step);
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
