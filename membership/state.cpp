#include "membership/state.hpp"

#include <algorithm>
#include <array>

namespace torc::membership {
namespace {

constexpr std::array kEdges{
    Edge{State::boot, State::gather, Cause::boot},
    Edge{State::operational, State::gather, Cause::token_lost},
    Edge{State::operational, State::gather, Cause::member_ejected},
    Edge{State::operational, State::gather, Cause::ring_inconsistent},
    Edge{State::operational, State::gather, Cause::merge_seen},
    Edge{State::operational, State::gather, Cause::leave_seen},
    Edge{State::operational, State::gather, Cause::join_from_member},
    Edge{State::operational, State::gather, Cause::new_incarnation},
    Edge{State::gather, State::form, Cause::agreed},
    Edge{State::gather, State::form, Cause::propose_accepted},
    Edge{State::form, State::gather, Cause::join_widened},
    Edge{State::form, State::gather, Cause::form_timeout},
    Edge{State::form, State::recover, Cause::plan_received},
    Edge{State::recover, State::gather, Cause::recovery_lost},
    Edge{State::recover, State::gather, Cause::member_restarted_gather},
    Edge{State::recover, State::operational, Cause::installed},
    Edge{State::boot, State::left, Cause::left},
    Edge{State::gather, State::left, Cause::left},
    Edge{State::form, State::left, Cause::left},
    Edge{State::recover, State::left, Cause::left},
    Edge{State::operational, State::left, Cause::left},
    Edge{State::gather, State::left, Cause::duplicate_index},
    Edge{State::form, State::left, Cause::duplicate_index},
    Edge{State::recover, State::left, Cause::duplicate_index},
    Edge{State::operational, State::left, Cause::duplicate_index},
};

}  // namespace

std::span<const Edge> edges() { return kEdges; }

bool is_edge(State from, State to, Cause cause) {
    return std::find(kEdges.begin(), kEdges.end(), Edge{from, to, cause}) != kEdges.end();
}

const char* name_of(State state) {
    switch (state) {
        case State::boot:
            return "boot";
        case State::gather:
            return "gather";
        case State::form:
            return "form";
        case State::recover:
            return "recover";
        case State::operational:
            return "operational";
        case State::left:
            return "left";
    }
    return "?";
}

const char* name_of(Cause cause) {
    switch (cause) {
        case Cause::boot:
            return "boot";
        case Cause::token_lost:
            return "token_lost";
        case Cause::member_ejected:
            return "member_ejected";
        case Cause::ring_inconsistent:
            return "ring_inconsistent";
        case Cause::merge_seen:
            return "merge_seen";
        case Cause::leave_seen:
            return "leave_seen";
        case Cause::join_from_member:
            return "join_from_member";
        case Cause::new_incarnation:
            return "new_incarnation";
        case Cause::agreed:
            return "agreed";
        case Cause::propose_accepted:
            return "propose_accepted";
        case Cause::join_widened:
            return "join_widened";
        case Cause::form_timeout:
            return "form_timeout";
        case Cause::plan_received:
            return "plan_received";
        case Cause::recovery_lost:
            return "recovery_lost";
        case Cause::member_restarted_gather:
            return "member_restarted_gather";
        case Cause::installed:
            return "installed";
        case Cause::left:
            return "left";
        case Cause::duplicate_index:
            return "duplicate_index";
    }
    return "?";
}

}  // namespace torc::membership
