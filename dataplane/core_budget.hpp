// Whether the ring core has a processor of its own. Only then is it right to spin: on a shared one
// a spinner holds everybody up for whole scheduler ticks, its own peers included.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace torc::dataplane {

/// What the machine says about the processors of the calling thread.
struct CoreFacts {
    int allowed_cpus{0};  ///< of this thread's affinity
    int online_cpus{0};
    int cpu{-1};              ///< the allowed one, if it is a single one
    bool is_isolated{false};  ///< in the kernel's list of isolated or tickless processors
    double quota_cpus{0};     ///< processor time that the control group grants; 0: no limit
};

struct CoreBudget {
    bool is_owned{false};
    std::string reason;  ///< one line for start-up
};

/// Binds the calling thread to one processor. **Fails** when it is not there or not allowed.
Result<void> pin_to_core(int core);

/// Reads the facts about the calling thread, or about one that will be bound to `core`. Files that
/// are missing count as "no".
CoreFacts read_core_facts(int core = -1);

/// Decides from the facts. A pinned thread on a machine with processors to spare is presumed to own
/// its core until CompetitionWatch finds otherwise.
CoreBudget judge_core(const CoreFacts& facts);

/// Whether a kernel list such as "2-5,8" names the processor.
bool cpu_list_contains(std::string_view list, int cpu);

/// Notices that others run on our core: the kernel counts each time it takes the processor from
/// us. Ask about every millisecond; it looks about ten times a second.
class CompetitionWatch {
public:
    static constexpr Nanos kInterval = std::chrono::milliseconds(100);
    /// Losses of the processor in one interval that only a competitor explains; the kernel's own
    /// threads take it now and then.
    static constexpr std::int64_t kLossesMax = 10;

    /// True once the calling thread has to share its core; stays true.
    bool is_contended(Instant now);
    /// The rule alone: `losses` is the running count of involuntary switches.
    bool note(Instant now, std::int64_t losses);

private:
    Instant next_{};
    std::int64_t last_losses_{-1};
    bool contended_{false};
};

}  // namespace torc::dataplane
