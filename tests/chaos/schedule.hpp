// The faults of a run, made from its seed before the run begins: what happens to whom, when, and
// for how long. Plain data; injector.hpp makes it happen.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace torc::chaos {

using Millis = std::chrono::milliseconds;

enum class FaultKind : std::uint8_t {
    kill,           ///< SIGKILL; a new boot afterwards
    stop,           ///< SIGTERM: leaves in good order; a new boot afterwards
    pause,          ///< SIGSTOP, SIGCONT
    split,          ///< the switch falls into two: each daemon is on one side
    unplug,         ///< one cable is pulled
    flap,           ///< one cable is pulled and put back, about as fast as the ring notices
    deaf,           ///< one hears nothing of some others, who hear it: a cut in one direction
    strangers,      ///< two do not hear each other, all others hear both
    majority_ring,  ///< each hears its two neighbours only
    storm,          ///< much loss, repetition and delay at all
    kill_client,    ///< SIGKILL for one client; another process of it afterwards
};
inline constexpr std::size_t kFaultKinds = 11;
const char* name_of(FaultKind kind);

struct Fault {
    FaultKind kind{};
    Millis at{};              ///< since the start of the run
    Millis lasts{};           ///< kill, stop, kill_client: until the next boot or process
    std::uint32_t node{0};    ///< the victim; strangers: with `others`
    std::uint32_t client{0};  ///< kill_client: the victim
    std::uint32_t others{0};  ///< bits: split: one side; deaf: to whom; strangers: the other one
    Millis period{};          ///< flap
};
std::string text_of(const Fault& fault);

struct SchedulePlan {
    std::uint64_t seed{1};
    std::uint32_t nodes{5};
    Millis length{};      ///< nothing lasts longer than this
    Millis token_loss{};  ///< pauses and flaps are made around it
    bool has_cables{true};
    std::uint32_t clients{10};
};

/// In the order of their beginning. Faults overlap: a daemon may die in a partition, and another
/// may be paused meanwhile.
std::vector<Fault> make_schedule(const SchedulePlan& plan);

}  // namespace torc::chaos
