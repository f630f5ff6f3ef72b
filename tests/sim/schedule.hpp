// The faults of a run, as data: expanded from the seed before the run, so that it can be run once
// more with one of them missing, moved or changed. That is what the minimiser does and what a
// scenario file holds (scenario.hpp). What a fault does stands in mischief.hpp.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "tests/sim/options.hpp"

namespace torc::sim {

/// The catalogue. The words behind a kind are the fields of Fault that it reads; T is token_loss.
enum class FaultKind : std::uint8_t {
    heal,            ///< all links whole again
    partition,       ///< side against the others
    one_way,         ///< node no longer reaches other
    deaf,            ///< node hears nobody, but is heard
    mute,            ///< node is heard by nobody, but hears
    triangle,        ///< node and other lose each other; the rest reaches both
    majorities,      ///< each node reaches a majority, no two of them the same one
    mend,            ///< what one_way cut
    crash,           ///< node; back after `lasts`, unless that is 0
    restart_all,     ///< everybody dies, and comes back after `lasts`
    pause,           ///< node does nothing for `lasts`, then finds its queue
    leave,           ///< node, in good order; back `lasts` after it is gone, unless that is 0
    dying,           ///< node, behind its next token: count DATA lost, skip sent, each up to
                     ///< `late` late; then it is dead; back after `lasts`
    trap_partition,  ///< frame sent skip times: side against the others, for `lasts`
    trap_tokens,     ///< frame sent skip times: the next `count` tokens lost
    lose_tokens,     ///< the next `count` tokens lost
    double_tokens,   ///< the next `count` tokens come again, `late` later: they were passed on
    late_tokens,     ///< the next `count` tokens come `late` late: after they count as lost
    lose_kind,       ///< frames of kind `frame` lost for `lasts`
    replay,          ///< count packets of long ago; salt
};
inline constexpr std::size_t kFaultKinds = static_cast<std::size_t>(FaultKind::replay) + 1;

/// One of them. Fields that its kind does not read are 0.
struct Fault {
    Nanos at{};  ///< since the run began
    FaultKind kind{};
    std::uint32_t node{0};
    std::uint32_t other{0};
    std::uint64_t side{0};   ///< a bit a node
    std::uint32_t frame{0};  ///< wire::Kind
    std::uint64_t count{0};
    std::uint64_t skip{0};
    std::uint64_t tokens{0};  ///< traps: and then wait for so many tokens
    Nanos lasts{};
    Nanos late{};
    std::uint64_t salt{0};  ///< of what is random inside
    friend bool operator==(const Fault&, const Fault&) = default;
};

using Schedule = std::vector<Fault>;  ///< in the order of `at`

std::string_view name_of(FaultKind kind);
/// False if no fault is called that.
bool kind_from_name(std::string_view name, FaultKind& kind);

/// Whether it strikes the one `node`, or what is between `node` and `other`.
bool is_of_one_node(FaultKind kind);
bool is_of_two_nodes(FaultKind kind);

/// What the options' menu and seed come to. Pure.
Schedule schedule_of(const Options& options);

}  // namespace torc::sim
