// The processes of an exploration. Where a run could go on in several ways it forks: the child
// takes one way, the parent waits and tries the next. So nothing is run twice, a broken check ends
// one branch only, and memory is copied only where it changes.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

#include "tests/explore/ledger.hpp"

namespace torc::explore {

class Branches {
public:
    /// `how_to_run_again`: the command for a report, without the path that led there.
    struct Manner {
        double seconds{0};          ///< 0: until done
        bool quiet{false};          ///< broken promises are counted, not told
        bool stop_at_first{false};  ///< one is enough
    };
    Branches(Ledger& ledger, std::string how_to_run_again, const Manner& manner);

    /// True in the child, whose path has `step` at its end. In the parent when the child is done;
    /// on the first level when fewer than `at_a_time` are left.
    bool fork_off(const std::string& step, unsigned at_a_time);
    /// Whether no new branch may begin; what is left out makes the exploration partial.
    bool is_over();
    /// Counts a broken promise and says how to run it again.
    void report(const std::string& what);
    bool on_trunk() const { return path_.empty(); }
    /// Waits for what still runs and ends this process. Engines may have been left in the middle of
    /// a step: nothing is taken apart.
    [[noreturn]] void end();

private:
    struct Child {
        std::string step;
        unsigned place{0};  ///< among those that run at a time
    };
    unsigned free_place() const;
    void stay_on_processor(unsigned place) const;
    void reap();

    Ledger& ledger_;
    std::string command_;
    Manner manner_;
    std::chrono::steady_clock::time_point start_;
    std::string path_;
    std::map<pid_t, Child> children_;
    std::vector<int> processors_;  ///< that this program may use
};

/// Runs `body` in a process of its own. Checks of the core that break in it, or in what it forks,
/// are reported through `branches`.
void in_processes(Branches& branches, const std::function<void()>& body);

}  // namespace torc::explore
