// See eal.hpp.
#include "dataplane/dpdk/eal.hpp"

#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>

#include <pthread.h>
#include <sched.h>

namespace torc::dataplane::dpdk {

namespace {

std::atomic_flag eal_started = ATOMIC_FLAG_INIT;

void ignore_sigpipe_if_default() {
    struct sigaction action{};
    if (sigaction(SIGPIPE, nullptr, &action) == 0 && action.sa_handler == SIG_DFL) {
        action.sa_handler = SIG_IGN;
        sigaction(SIGPIPE, &action, nullptr);
    }
}

std::string joined(const std::vector<std::string>& arguments) {
    std::string text;
    for (const std::string& argument : arguments) text += (text.empty() ? "" : " ") + argument;
    return text;
}

tl::unexpected<Error> start_failure(const EalPlan& plan, int error) {
    std::string remedy = "the EAL's own message stands above; check the `eal` setting";
    if (error == ENOMEM) {
        remedy = plan.huge_pages ? "free huge pages (vm.nr_hugepages), or add --no-huge to `eal`"
                                 : "lower frame_pool, or give the machine more memory";
    } else if (error == EACCES || error == EPERM) {
        remedy = "torcd lacks a right; see docs/operating for capabilities, or add --no-huge";
    }
    return failure(
        "DPDK did not start (" + std::string(std::strerror(error)) + "): " + joined(plan.arguments),
        remedy);
}

/// One lcore id for the life of a thread that is not one of the EAL's.
struct Registration {
    bool registered{false};
    Registration() {
        if (rte_lcore_id() == LCORE_ID_ANY) registered = rte_thread_register() == 0;
    }
    ~Registration() {
        if (registered) rte_thread_unregister();
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
};

}  // namespace

std::uint64_t huge_bytes_free() {
    std::uint64_t bytes = 0;
    std::error_code error;
    // Entries are named hugepages-2048kB.
    for (const auto& entry :
         std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", error)) {
        const std::string name = entry.path().filename().string();
        const std::size_t dash = name.find('-');
        std::uint64_t free_pages = 0;
        std::ifstream(entry.path() / "free_hugepages") >> free_pages;
        if (dash != std::string::npos) {
            bytes += free_pages * std::strtoull(name.c_str() + dash + 1, nullptr, 10) * 1024;
        }
    }
    return bytes;
}

std::vector<int> allowed_cpus() {
    std::vector<int> cpus;
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return cpus;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.push_back(cpu);
    }
    return cpus;
}

Result<void> start_eal(const EalPlan& plan) {
    if (eal_started.test_and_set()) {
        return failure("DPDK was started before in this process",
                       "one DPDK port a process; restart torcd to change it");
    }
    ignore_sigpipe_if_default();
    std::vector<std::string> arguments = plan.arguments;
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);

    cpu_set_t affinity;
    CPU_ZERO(&affinity);
    pthread_getaffinity_np(pthread_self(), sizeof affinity, &affinity);
    rte_errno = 0;
    const int parsed = rte_eal_init(static_cast<int>(arguments.size()), argv.data());
    const int error = rte_errno;
    pthread_setaffinity_np(pthread_self(), sizeof affinity, &affinity);
    if (parsed < 0) return start_failure(plan, error);
    return {};
}

void enter_ring_core() {
    // Without an id (all taken) everything works, only slower: no mempool cache.
    static thread_local const Registration registration;
    static_cast<void>(registration);
}

}  // namespace torc::dataplane::dpdk
