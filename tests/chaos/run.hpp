// One run of the chaos test, from the first daemon to the verdict.
#pragma once

#include <cstdint>
#include <string>

namespace torc::chaos {

inline constexpr int kExitClean = 0;
inline constexpr int kExitViolated = 1;
inline constexpr int kExitCannotRun = 2;
inline constexpr int kExitSkipped = 77;  ///< Meson's; no namespaces here

struct RunPlan {
    std::uint64_t seed{1};
    unsigned seconds{20};
    std::string layout{"netns-udp"};
    std::uint32_t nodes{5};
    std::uint32_t clients_per_node{2};
    double messages_per_second{60};
    std::uint64_t loss_ppm{10'000};
    std::string torcd;
    std::string folder;
    bool keep{false};
    std::uint32_t silent_ppm{10'000};  ///< flush requests of a million that are never answered
};

/// Prints what happened and the verdict; gives an exit code. Throws if it cannot be run.
int run(const RunPlan& plan);

}  // namespace torc::chaos
