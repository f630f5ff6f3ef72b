// DPDK's environment layer as one object of the process: started once, its side effects undone.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.hpp"
#include "dataplane/dpdk/eal_plan.hpp"

namespace torc::dataplane::dpdk {

/// Bytes of free huge pages of every size on this machine. Reads /sys.
std::uint64_t huge_bytes_free();
/// CPUs that the calling thread may run on.
std::vector<int> allowed_cpus();

/// Starts the EAL. Call it from the control thread before the ring core starts: EAL threads are
/// made here, and the caller's CPU affinity, which the EAL narrows, is restored. SIGPIPE at its
/// default becomes ignored: the vhost-user drivers write to sockets whose peer may be dead.
/// Fails: arguments the EAL refuses, no memory, no CPU list; also a second start, since DPDK can
/// start once a process. Cost: 0.15 to 0.75 s.
Result<void> start_eal(const EalPlan& plan);

/// Gives the calling thread an lcore id, so that mempool caches serve it. Idempotent and cheap
/// (one thread-local test); called on every burst. The id returns when the thread ends.
void enter_ring_core();

}  // namespace torc::dataplane::dpdk
