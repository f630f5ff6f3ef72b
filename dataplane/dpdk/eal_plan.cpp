// See eal_plan.hpp.
#include "dataplane/dpdk/eal_plan.hpp"

#include <algorithm>
#include <array>

namespace torc::dataplane::dpdk {

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
/// What drivers and the EAL itself take besides our buffers (queues, link tables, alignment).
constexpr std::uint64_t kEalOwnBytes = 32 * kMiB;

/// Arguments that only make sense with huge pages.
constexpr std::array<std::string_view, 5> kHugeArguments{
    "--in-memory", "--huge-dir", "--huge-unlink", "--socket-mem", "--socket-limit"};
constexpr std::array<std::string_view, 5> kCoreArguments{"-l", "-c", "--lcores", "--main-lcore",
                                                         "-s"};

/// "0@(0,2,3)": one logical core that floats over every CPU but the ring core's.
std::string lcores_argument(const EalRequest& request) {
    std::vector<int> cpus = request.cpus;
    std::erase(cpus, request.ring_core);
    if (cpus.empty()) cpus = request.cpus;
    if (cpus.empty()) cpus = {0};
    std::string text = "0@(";
    for (const int cpu : cpus) text += std::to_string(cpu) + ",";
    text.back() = ')';
    return text;
}

void add_memory(const EalRequest& request, EalPlan& plan) {
    auto& args = plan.arguments;
    const std::uint64_t bytes = request.bytes_needed + request.bytes_needed / 5 + kEalOwnBytes;
    const std::uint64_t mib = (bytes + kMiB - 1) / kMiB;
    const bool sized =
        has_argument(request.extra, "-m") || has_argument(request.extra, "--socket-mem");
    if (plan.huge_pages) {
        for (const char* argument : {"--in-memory", "--iova-mode=va"}) {
            const std::string_view name{argument};
            if (!has_argument(request.extra, name.substr(0, name.find('=')))) {
                args.emplace_back(argument);
            }
        }
        return;  // grows on demand: no -m
    }
    if (!has_argument(request.extra, "--no-huge")) args.emplace_back("--no-huge");
    if (!has_argument(request.extra, "--no-shconf")) args.emplace_back("--no-shconf");
    if (!sized) {
        args.emplace_back("-m");
        args.push_back(std::to_string(mib));
    }
}

}  // namespace

bool has_argument(const std::vector<std::string>& arguments, std::string_view name) {
    return std::any_of(arguments.begin(), arguments.end(), [name](const std::string& argument) {
        if (!argument.starts_with(name)) return false;
        if (argument.size() == name.size()) return true;
        return argument[name.size()] == '=' || (name.size() == 2 && name[1] != '-');
    });
}

Result<EalPlan> plan_eal(const EalRequest& request) {
    EalPlan plan;
    const bool no_huge = has_argument(request.extra, "--no-huge");
    const auto wants_huge =
        std::find_if(kHugeArguments.begin(), kHugeArguments.end(),
                     [&](std::string_view name) { return has_argument(request.extra, name); });
    if (no_huge && wants_huge != kHugeArguments.end()) {
        return failure("eal: --no-huge and " + std::string(*wants_huge) + " exclude each other",
                       "leave both away: huge pages are used if enough of them are free");
    }
    if (no_huge) {
        plan.reason = "no huge pages (eal has --no-huge)";
    } else if (wants_huge != kHugeArguments.end()) {
        plan.huge_pages = true;
        plan.reason = "huge pages (eal has " + std::string(*wants_huge) + ")";
    } else {
        plan.huge_pages = request.huge_bytes_free >= request.bytes_needed + kEalOwnBytes;
        plan.reason = plan.huge_pages ? "huge pages, in memory" : "no huge pages";
        plan.reason += " (" + std::to_string(request.huge_bytes_free / kMiB) + " MiB are free, " +
                       std::to_string((request.bytes_needed + kEalOwnBytes) / kMiB) +
                       " MiB are needed)";
    }
    plan.arguments = {"torcd"};
    add_memory(request, plan);
    const auto add = [&](const char* name, const char* whole) {
        if (!has_argument(request.extra, name)) plan.arguments.emplace_back(whole);
    };
    add("--no-telemetry", "--no-telemetry");
    if (!has_argument(request.extra, "--log-level")) {
        plan.arguments.emplace_back("--log-level=error");
        // A dead peer is ordinary here and healed; the driver reports it dozens of times.
        if (request.device == nullptr) {
            plan.arguments.emplace_back("--log-level=pmd.net.virtio.driver:critical");
        }
    }
    const bool placed =
        std::any_of(kCoreArguments.begin(), kCoreArguments.end(),
                    [&](std::string_view name) { return has_argument(request.extra, name); });
    if (!placed) plan.arguments.push_back("--lcores=" + lcores_argument(request));
    if (request.device != nullptr && request.device->bus == DeviceBus::pci) {
        plan.arguments.emplace_back("-a");
        plan.arguments.push_back(request.device->to_text());
    } else if (!has_argument(request.extra, "-a") && !has_argument(request.extra, "--allow")) {
        add("--no-pci", "--no-pci");
    }
    // virtio_user hands its memory to the peer by descriptors: few large ones, not one a page.
    const bool shares_memory =
        request.device == nullptr || request.device->is_driver("net_virtio_user");
    if (shares_memory) add("--single-file-segments", "--single-file-segments");
    plan.arguments.insert(plan.arguments.end(), request.extra.begin(), request.extra.end());
    return plan;
}

}  // namespace torc::dataplane::dpdk
