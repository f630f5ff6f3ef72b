#include "tests/explore/explorer.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sys/wait.h>

#include <unistd.h>

#include "base/check.hpp"
#include "tests/explore/digest.hpp"
#include "tests/explore/world.hpp"

namespace torc::explore {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kGood = 0;
constexpr int kReported = 1;  ///< a violation that the child has printed
constexpr int kMaxPrinted = 20;

constexpr Fault kCopyFaults[] = {Fault::drop,      Fault::late,        Fault::very_late,
                                 Fault::duplicate, Fault::sender_dies, Fault::receiver_dies};
constexpr Fault kCopyRestarts[] = {Fault::drop,          Fault::late,
                                   Fault::very_late,     Fault::duplicate,
                                   Fault::sender_dies,   Fault::sender_restarts,
                                   Fault::receiver_dies, Fault::receiver_restarts};
constexpr Fault kKills[] = {Fault::sender_dies, Fault::sender_restarts, Fault::receiver_dies,
                            Fault::receiver_restarts};
constexpr Fault kTimerFaults[] = {Fault::timer_late, Fault::stall};

std::span<const Fault> faults_at(const Point& point, Scope scope) {
    if (scope == Scope::kills) {
        // Whatever a daemon says outside the operational state belongs to a change of the ring;
        // so do the messages of membership of one that is in it still.
        constexpr auto kFirstControl = static_cast<std::uint32_t>(wire::Kind::join);
        if (point.kind != Point::Kind::copy) return {};
        if (!point.forming && point.frame < kFirstControl) return {};
        return kKills;
    }
    if (point.kind == Point::Kind::timer) return kTimerFaults;
    return scope == Scope::restarts ? std::span<const Fault>{kCopyRestarts} : kCopyFaults;
}

/// The branch that runs in this process, for the check handler, which gets no argument of ours.
struct Branch {
    const Exploration* exploration{nullptr};
    Ledger* ledger{nullptr};
    std::vector<Placed> placed;
};
Branch branch;

void report(const std::string& what) {
    const std::uint64_t before = branch.ledger->counts().violations.fetch_add(1);
    if (before >= kMaxPrinted) return;
    std::string text = "VIOLATION: " + what + "\n  replay: " + branch.exploration->replay_prefix +
                       " --replay " + to_text(branch.placed) + '\n';
    const auto written = write(STDOUT_FILENO, text.data(), text.size());
    static_cast<void>(written);
}

void on_failed_check(const char* expression, const std::source_location& where) {
    report("check " + std::string(expression) + " at " + where.file_name() + ":" +
           std::to_string(where.line()));
    _exit(kReported);
}

class Explorer : public Chooser {
public:
    Explorer(const Exploration& exploration, Ledger& ledger)
        : exploration_(exploration), ledger_(ledger), left_(exploration.faults) {}

    Fault choose(const Point& point) override {
        if (left_ == 0) return Fault::none;
        const std::span<const Fault> faults = faults_at(point, exploration_.scope);
        if (!faults.empty()) ledger_.counts().points.fetch_add(1, std::memory_order_relaxed);
        for (const Fault fault : faults) {
            if (ledger_.counts().stop.load(std::memory_order_relaxed) || out_of_time()) {
                ledger_.counts().cut_short = true;
                return Fault::none;
            }
            if (fork_off({point.number, fault})) return fault;
        }
        return Fault::none;
    }

    bool is_known(const World& world) override {
        if (!exploration_.prune || !world.is_landmark()) return false;
        ledger_.counts().looked_at.fetch_add(1, std::memory_order_relaxed);
        const std::uint64_t digest = digest_of(world);
        for (unsigned more = left_ + 1; more <= exploration_.faults; ++more) {
            if (ledger_.seen.contains(sim::mix(digest, more))) return true;
        }
        return !ledger_.seen.insert(sim::mix(digest, left_));
    }

    void rested(const World& world) override {
        Counts& counts = ledger_.counts();
        counts.runs.fetch_add(1, std::memory_order_relaxed);
        raise_to(counts.longest_rest, static_cast<std::uint64_t>(world.time_to_rest().count()));
        ledger_.finals.insert(digest_of(world));
    }

    /// Runs to the end of a branch, whatever process it is by then; gives what it exits with.
    int run() {
        World world(exploration_.script, *this);
        world_ = &world;
        int outcome = kGood;
        Counts& counts = ledger_.counts();
        try {
            if (!world.run()) counts.known.fetch_add(1, std::memory_order_relaxed);
        } catch (const std::exception& violation) {
            report(violation.what());
            outcome = kReported;
        }
        counts.events.fetch_add(world.events() - events_before_, std::memory_order_relaxed);
        if (branch.placed.empty()) counts.base_points = world.points();
        while (!children_.empty()) reap();
        // Engines may have been left in the middle of a step: nothing is taken apart.
        _exit(outcome);
    }

private:
    /// True in the child, which has the fault.
    bool fork_off(Placed placed) {
        const std::size_t at_a_time = branch.placed.empty() ? exploration_.jobs : 1;
        while (children_.size() >= at_a_time) reap();
        const pid_t child = fork();
        TORC_CHECK(child >= 0);
        if (child == 0) {
            branch.placed.push_back(placed);
            children_.clear();
            events_before_ = world_->events();
            --left_;
            return true;
        }
        children_[child] = placed;
        if (at_a_time == 1) reap();
        return false;
    }

    void reap() {
        int status = 0;
        const auto child = children_.find(wait(&status));
        TORC_CHECK(child != children_.end());
        if (WIFSIGNALED(status)) {
            branch.placed.push_back(child->second);
            report("the run ended with signal " + std::to_string(WTERMSIG(status)));
            branch.placed.pop_back();
        }
        children_.erase(child);
    }

    bool out_of_time() {
        if (exploration_.seconds <= 0) return false;
        if (std::chrono::duration<double>(Clock::now() - start_).count() < exploration_.seconds) {
            return false;
        }
        ledger_.counts().stop = true;
        return true;
    }

    const Exploration& exploration_;
    Ledger& ledger_;
    unsigned left_;
    std::map<pid_t, Placed> children_;
    const World* world_{nullptr};
    std::uint64_t events_before_{0};  ///< those that the parent counts
    Clock::time_point start_{Clock::now()};
};

}  // namespace

Findings explore(const Exploration& exploration) {
    Ledger ledger(exploration.table_bits);
    branch = {&exploration, &ledger, {}};
    set_check_handler(&on_failed_check);
    std::fflush(stdout);
    const pid_t child = fork();
    TORC_CHECK(child >= 0);
    if (child == 0) Explorer(exploration, ledger).run();
    int status = 0;
    TORC_CHECK(waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) report("the base run ended with a signal");
    return ledger.findings();
}

namespace {

/// Places the faults that it was told, and tells of the points in between.
class Replayer : public Chooser {
public:
    Replayer(const std::vector<Placed>& placed, bool verbose)
        : placed_(placed), verbose_(verbose) {}

    Fault choose(const Point& point) override {
        Fault fault = Fault::none;
        for (const Placed& one : placed_) {
            if (one.point == point.number) fault = one.fault;
        }
        if (verbose_ || fault != Fault::none) tell(point, fault);
        return fault;
    }
    bool is_known(const World&) override { return false; }
    void rested(const World&) override {}
    void attach(const World& world) { world_ = &world; }

private:
    void tell(const Point& point, Fault fault) const {
        const double ms = std::chrono::duration<double, std::milli>(world_->virtual_time()).count();
        std::printf("%9.3f ms  point %llu: ", ms, static_cast<unsigned long long>(point.number));
        if (point.kind == Point::Kind::timer) {
            std::printf("timer of n%u", point.from);
        } else {
            std::printf("kind %u from n%u to n%u", point.frame, point.from, point.to);
        }
        std::printf("%s%s %s\n", point.forming ? ", forming" : "",
                    fault == Fault::none ? "" : " <==",
                    fault == Fault::none ? "" : std::string(name_of(fault)).c_str());
    }

    const std::vector<Placed>& placed_;
    bool verbose_;
    const World* world_{nullptr};
};

}  // namespace

bool replay(const Script& script, const std::vector<Placed>& placed, bool verbose) {
    Replayer replayer(placed, verbose);
    auto world = std::make_unique<World>(script, replayer);
    replayer.attach(*world);
    try {
        world->run();
    } catch (const std::exception& violation) {
        std::printf("VIOLATION: %s\n", violation.what());
        static_cast<void>(world.release());
        return false;
    }
    std::printf("at rest after %.3f ms, %llu events, %llu points\n%s\n",
                std::chrono::duration<double, std::milli>(world->virtual_time()).count(),
                static_cast<unsigned long long>(world->events()),
                static_cast<unsigned long long>(world->points()), world->picture().c_str());
    return true;
}

}  // namespace torc::explore
