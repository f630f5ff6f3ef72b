// Where a run could go another way, and who decides. A run of the explorer has no dice: each copy
// of a frame and each timer that is due is a numbered point, and a chooser says what happens there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/hop.hpp"

namespace torc::explore {

/// What may happen to one copy of a frame, or to a node whose timer is due.
enum class Fault : std::uint8_t {
    none,
    // a copy
    drop,
    late,               ///< arrives behind the receiver's next timer
    very_late,          ///< arrives when a token would long have been given up
    duplicate,          ///< arrives, and once more very late
    until_plan,         ///< arrives when the receiver has just applied a PLAN
    until_install,      ///< arrives when the receiver has just installed its next ring
    sender_dies,        ///< while it sends: this copy and what the step would still do is not done
    sender_restarts,    ///< the same, and the node is back soon, as another incarnation
    receiver_dies,      ///< as soon as it has worked on the copy; what that sent is out
    receiver_restarts,  ///< the same, and the node is back soon
    // a timer that is due
    timer_late,  ///< fires a few hops later: frames may come first
    stall,       ///< the node stands still for longer than a token may take (SIGSTOP)
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::stall) + 1;

/// Frames from this kind on are messages of membership.
inline constexpr auto kFirstControl = static_cast<std::uint32_t>(wire::Kind::join);

struct Point {
    enum class Kind : std::uint8_t { copy, timer };
    std::uint64_t number{0};  ///< counts the points of a run, from 1
    Kind kind{};
    std::uint32_t frame{0};  ///< copy: wire::Kind of the frame
    std::uint32_t from{0};   ///< copy: its sender; timer: the node
    std::uint32_t to{0};     ///< copy: its receiver
    bool forming{false};     ///< the sender is not in the operational state
};

struct Placed {
    std::uint64_t point{0};
    Fault fault{};
};

/// What may happen next when nothing is fixed but the order between two nodes.
struct Move {
    enum class Kind : std::uint8_t { deliver, lose, timer, kill };
    Kind kind{};
    std::uint32_t from{0};  ///< timer, kill: the node
    std::uint32_t to{0};
};

class World;

class Chooser {
public:
    virtual ~Chooser() = default;
    virtual Fault choose(const Point& point) = 0;
    /// Asked between events that are landmarks; true ends the run: what would follow is judged
    /// already.
    virtual bool is_known(const World& world) = 0;
    /// Called between events; may make moves.
    virtual void steer(World&) {}
    /// Everything has come to rest and was found good.
    virtual void rested(const World& world) = 0;
};

std::string_view name_of(Fault fault);
const char* name_of_frame(std::uint32_t kind);
/// The kind of that name; 0 if there is none.
std::uint32_t frame_of_name(std::string_view name);

/// "12:drop,40:late" and back; false on anything else.
std::string to_text(const std::vector<Placed>& placed);
bool parse(std::string_view text, std::vector<Placed>& placed);
/// "d01,x10,t0,k1": deliver, lose, timer, kill; and back.
std::string to_text(const Move& move);
bool parse(std::string_view text, std::vector<Move>& moves);

}  // namespace torc::explore
