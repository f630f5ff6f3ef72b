// The facts come from the affinity mask, sysfs and the control group; the verdict is pure.
#include "dataplane/core_budget.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <sys/resource.h>

#include <sched.h>
#include <unistd.h>

namespace torc::dataplane {
namespace {

// Fewer than this and the rest of the machine needs our core now and then.
constexpr int kCpusToSpare = 4;

std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::optional<int> take_number(std::string_view& text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

/// `cpu.max` of this process's control group (version 2): "max 100000" or "50000 100000".
double read_quota() {
    std::string group = first_line("/proc/self/cgroup");
    if (group.rfind("0::", 0) != 0) return 0;
    std::ifstream file("/sys/fs/cgroup" + group.substr(3) + "/cpu.max");
    double quota = 0;
    double period = 0;
    return file >> quota >> period && period > 0 ? quota / period : 0;  // "max" is no number
}

}  // namespace

Result<void> pin_to_core(int core) {
    if (core < 0 || core >= CPU_SETSIZE) {
        return failure("core " + std::to_string(core) + " is out of range",
                       "set core to a processor number of `lscpu -e`, or -1 to float");
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(core), &one);
    if (sched_setaffinity(0, sizeof one, &one) == 0) return {};
    return failure("cannot run on core " + std::to_string(core) + ": " + std::strerror(errno),
                   "this process may use the processors that `taskset -p` shows; set core to one "
                   "of them, or -1 to float");
}

CoreFacts read_core_facts(int core) {
    CoreFacts facts;
    facts.online_cpus = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        facts.allowed_cpus = CPU_COUNT(&allowed);
    if (core >= 0) {
        facts.allowed_cpus = 1;
        facts.cpu = core;
    }
    for (int cpu = 0; facts.cpu < 0 && facts.allowed_cpus == 1 && cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &allowed)) facts.cpu = cpu;
    }
    const std::string system = "/sys/devices/system/cpu/";
    facts.is_isolated =
        facts.cpu >= 0 && (cpu_list_contains(first_line(system + "isolated"), facts.cpu) ||
                           cpu_list_contains(first_line(system + "nohz_full"), facts.cpu));
    facts.quota_cpus = read_quota();
    return facts;
}

CoreBudget judge_core(const CoreFacts& facts) {
    const std::string cpu = "processor " + std::to_string(facts.cpu);
    if (facts.quota_cpus > 0 && facts.quota_cpus < 1) {
        return {false, "shared core: the control group grants less than one processor"};
    }
    if (facts.allowed_cpus != 1) return {false, "shared core: the ring core is not pinned"};
    if (facts.is_isolated) return {true, "own core: " + cpu + " is isolated"};
    if (facts.online_cpus >= kCpusToSpare) {
        return {true, "own core: pinned to " + cpu + ", presumed until something else runs on it"};
    }
    return {false, "shared core: pinned to " + cpu + ", but the machine has only " +
                       std::to_string(facts.online_cpus) + " processors"};
}

bool cpu_list_contains(std::string_view list, int cpu) {
    while (!list.empty()) {
        const std::optional<int> low = take_number(list);
        if (!low) return false;
        std::optional<int> high = low;
        if (!list.empty() && list.front() == '-') {
            list.remove_prefix(1);
            high = take_number(list);
            if (!high) return false;
        }
        if (cpu >= *low && cpu <= *high) return true;
        if (list.empty() || list.front() != ',') return false;
        list.remove_prefix(1);
    }
    return false;
}

bool CompetitionWatch::is_contended(Instant now) {
    if (contended_ || now < next_) return contended_;
    rusage usage{};
    if (getrusage(RUSAGE_THREAD, &usage) != 0) return contended_;
    return note(now, usage.ru_nivcsw);
}

bool CompetitionWatch::note(Instant now, std::int64_t losses) {
    next_ = now + kInterval;
    if (last_losses_ >= 0 && losses - last_losses_ > kLossesMax) contended_ = true;
    last_losses_ = losses;
    return contended_;
}

}  // namespace torc::dataplane
