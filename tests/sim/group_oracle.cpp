#include "tests/sim/group_oracle.hpp"

#include <algorithm>

#include "tests/sim/memberships.hpp"

namespace torc::sim {

using engine::ViewCause;
using engine::ViewEvent;

namespace {

/// The daemon in a member's name; the simulator's are called n0, n1, ...
std::uint64_t node_of(std::string_view member) {
    return std::stoull(std::string(member.substr(member.rfind('n') + 1)));
}

std::string list_of(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list.append(name).push_back(' ');
    return list;
}

}  // namespace

void GroupOracle::on_together(Life life, std::uint64_t nodes) {
    together_[life] = nodes;
    for (auto at = standings_.lower_bound({life, 0, {}});
         at != standings_.end() && std::get<Life>(at->first) == life; ++at) {
        at->second.along &= nodes;
    }
}

void GroupOracle::on_said(Life life, SessionId session, std::uint64_t message,
                          const std::vector<std::string>& groups, bool subgroup) {
    Utterance utterance;
    utterance.subgroup = subgroup;
    for (const std::string& group : groups) {
        const auto standing = standings_.find({life, raw(session), group});
        if (standing == standings_.end() || standing->second.flushed) continue;
        if (standing->second.flush) utterance.views.emplace(group, standing->second.view);
    }
    if (subgroup || !utterance.views.empty()) utterances_[message] = std::move(utterance);
}

void GroupOracle::on_flushed(Life life, SessionId session, std::string_view group) {
    const auto standing = standings_.find({life, raw(session), std::string(group)});
    if (standing != standings_.end()) standing->second.flushed = true;
}

/// Whether a member in this standing gets it by way of this group.
bool GroupOracle::is_for(const Utterance* utterance, std::string_view group,
                         const Standing& standing) const {
    if (!standing.flush) return utterance == nullptr || !utterance->subgroup;
    if (utterance == nullptr) return false;
    const auto said = utterance->views.find(std::string(group));
    return said != utterance->views.end() && said->second == standing.view;
}

void GroupOracle::count(Life life, Standing& standing, std::uint64_t message,
                        std::string_view group, bool regular) {
    const std::pair key{message, std::string(group)};
    if (regular && view_of_.try_emplace(key, standing.view).first->second != standing.view) {
        fail(life, "message of group " + key.second + " in another view than elsewhere");
    }
    ++standing.received;
    standing.received_hash = mix(standing.received_hash, message);
}

void GroupOracle::on_received(Life life, SessionId session, std::uint64_t message,
                              const engine::Delivery& delivery, bool regular) {
    if (delivery.service < Service::causal) return;
    const auto found = utterances_.find(message);
    const Utterance* const utterance = found == utterances_.end() ? nullptr : &found->second;
    const bool subgroup = utterance != nullptr && utterance->subgroup;
    const std::string me = "#s" + std::to_string(session.slot) + "#n" + std::to_string(life.node);
    bool named = false;
    bool entitled = false;
    for (const std::string_view group : delivery.groups) {
        named = named || group == me;
        const auto standing = standings_.find({life, raw(session), std::string(group)});
        if (standing == standings_.end()) continue;
        if (!is_for(utterance, group, standing->second)) continue;
        entitled = true;
        // Behind a signal it may have come by another way alone: see the checker.
        const bool unclear =
            standing->second.flush && standing->second.signalled && delivery.groups.size() > 2;
        if (!subgroup && !unclear) count(life, standing->second, message, group, regular);
    }
    const bool right = subgroup ? named && entitled : named || entitled;
    if (!right) {
        fail(life, "message " + std::to_string(message) + " at session " + me +
                       ", which it was not for: said in another view, by no member, or to others");
    }
}

void GroupOracle::on_closed(Life life, SessionId session) {
    std::erase_if(standings_, [&](const auto& entry) {
        return std::get<0>(entry.first) == life && std::get<1>(entry.first) == raw(session);
    });
}

void GroupOracle::on_view(Life life, const ViewEvent& event) {
    const std::string group(event.group);
    const Seat seat{life, raw(event.session), group};
    const auto found = standings_.find(seat);
    if (event.cause == ViewCause::transitional) {
        if (found != standings_.end()) found->second.signalled = true;
        return;
    }
    if (event.cause == ViewCause::self_leave) {
        if (found != standings_.end()) standings_.erase(found);
        return;
    }
    const ViewId view{Ring{event.ring.epoch, raw(event.ring.representative)}, event.index, group};
    const Names members(event.members.begin(), event.members.end());
    const Standing* const before = found == standings_.end() ? nullptr : &found->second;
    const bool flush = before == nullptr ? is_first_of_flush_group(event) : before->flush;
    check_agreed(life, event, view);
    check_step(life, event, members, before);
    if (flush || event.cause == ViewCause::network) check_sets(life, event, view, before);
    if (before != nullptr) {
        const std::pair mine{before->received, before->received_hash};
        const auto [known, fresh] =
            between_.try_emplace({before->view, view, event.my_vs_set}, mine);
        if (!fresh && known->second != mine) {
            fail(life, "same two views of group " + group + " as another member, but " +
                           std::to_string(mine.first) + " messages in between instead of " +
                           std::to_string(known->second.first) + " or others");
        }
    }
    Standing next;
    next.view = view;
    next.members = members;
    next.flush = flush;
    standings_[seat] = std::move(next);
}

void GroupOracle::check_agreed(Life life, const ViewEvent& event, const ViewId& view) {
    std::string list;
    for (const std::string_view member : event.members) list.append(member).push_back(' ');
    for (const std::uint16_t set : event.vs_set_of) list.append(std::to_string(set)).push_back(',');
    const auto [known, fresh] = lists_.try_emplace(view, list);
    if (!fresh && known->second != list) {
        fail(life, "one view id with two member lists in group " + std::string(event.group) + ": " +
                       list + "| " + known->second);
    }
}

/// A flush group may have changed in several ways before its view comes; then nobody is named. The
/// cause is the weightiest: network, join, disconnect, leave.
bool GroupOracle::follows(const ViewEvent& event, const Names& members, const Standing& before) {
    if (event.cause == ViewCause::network) return true;
    const std::string who(event.who);
    if (before.flush && who.empty()) {
        if (event.cause == ViewCause::join) return true;
        return members.size() < before.members.size() &&
               std::all_of(
                   members.begin(), members.end(),
                   [&](const std::string& member) {
                       return std::find(before.members.begin(), before.members.end(), member) !=
                              before.members.end();
                   });
    }
    Names expected = before.members;
    if (event.cause == ViewCause::join) {
        expected.push_back(who);
    } else {
        std::erase(expected, who);
    }
    return expected == members;
}

void GroupOracle::check_step(Life life, const ViewEvent& event, const Names& members,
                             const Standing* before) {
    const std::string group(event.group);
    if (before == nullptr) {
        // Of a flush group, that join may be in one view with a change by the network.
        const bool joins = event.cause == ViewCause::join || event.cause == ViewCause::network;
        if (!joins) fail(life, "first view of " + group + " is no join");
        return;
    }
    if (before->flush && !before->flushed) {
        fail(life, "goes on from a view of " + group + " that it has not flushed");
    }
    if (follows(event, members, *before)) return;
    fail(life,
         "view of " + group + " does not follow from the one before and " + std::string(event.who));
}

void GroupOracle::check_sets(Life life, const ViewEvent& event, const ViewId& view,
                             const Standing* before) {
    const std::string group(event.group);
    if (event.vs_set_of.size() != event.members.size()) fail(life, "a member without a set");
    const auto alike = std::count(event.vs_set_of.begin(), event.vs_set_of.end(), event.my_vs_set);
    if (before == nullptr) {
        if (alike != 1) fail(life, "joins group " + group + ", but not alone in its set");
        return;
    }
    const auto [origin, fresh] = origin_of_set_.try_emplace({view, event.my_vs_set}, before->view);
    if (!fresh && origin->second != before->view) {
        fail(life, "came in one set of group " + group + " from another view than others of it");
    }
    if (!before->flush && !std::is_sorted(event.vs_set_of.begin(), event.vs_set_of.end())) {
        fail(life, "sets of group " + group + " do not stand together");
    }
    const auto installed = nodes_of_.find(std::get<Ring>(view));
    if (installed == nodes_of_.end() && !before->flush) {
        fail(life, "network view in no regular configuration");
    }
    const std::uint64_t nodes =
        installed == nodes_of_.end() ? ~std::uint64_t{0} : installed->second;
    for (std::size_t i = 0; i < event.members.size(); ++i) {
        const std::string member(event.members[i]);
        if ((nodes >> node_of(member) & 1) == 0) {
            fail(life, member + " in a view of " + group + ", but not in the ring");
        }
        if (event.vs_set_of[i] != event.my_vs_set) continue;
        if (!came_along(life, member, *before)) {
            fail(life, member + " in my set of group " + group + ", but did not come along");
        }
        const auto was = std::find(before->members.begin(), before->members.end(), member);
        if (was != before->members.end()) continue;
        fail(life, member + " in my set of group " + group +
                       " was not in my view: " + list_of(before->members));
    }
}

/// In a flush group: ever since the view before.
bool GroupOracle::came_along(Life life, std::string_view member, const Standing& before) const {
    if (before.flush) return (before.along >> node_of(member) & 1) != 0;
    const auto nodes = together_.find(life);
    return nodes == together_.end() || (nodes->second >> node_of(member) & 1) != 0;
}

}  // namespace torc::sim
