// The EAL's arguments, decided from the settings and the machine. Pure, so that every case is a
// unit test; eal.hpp runs what was decided. Facts behind the choices: data-plane.md A.2.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "dataplane/dpdk/device_string.hpp"

namespace torc::dataplane::dpdk {

struct EalRequest {
    std::vector<std::string> extra;       ///< the operator's arguments, passed on as given
    const DeviceString* device{nullptr};  ///< null: the vhost mesh
    std::uint64_t bytes_needed{0};        ///< buffers and rings
    std::uint64_t huge_bytes_free{0};     ///< of all page sizes
    std::vector<int> cpus;                ///< where this process may run
    int ring_core{-1};                    ///< kept free of the EAL's threads if there is another
};

struct EalPlan {
    std::vector<std::string> arguments;  ///< with argv[0]
    bool huge_pages{false};
    std::string reason;  ///< one line for start-up: which memory and why
};

/// Gives arguments for one of three cases: what the operator chose by his own arguments; huge
/// pages in memory (`--in-memory --iova-mode=va`) if enough are free; else none
/// (`--no-huge --no-shconf -m N`).
/// Fails: the operator asks for `--no-huge` and for huge pages at once, which the EAL refuses with
/// a page of usage.
Result<EalPlan> plan_eal(const EalRequest& request);

/// True if one of the arguments is `name` or begins with `name=`.
bool has_argument(const std::vector<std::string>& arguments, std::string_view name);

}  // namespace torc::dataplane::dpdk
