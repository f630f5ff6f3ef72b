#include "tests/sim/group_oracle.hpp"

#include <algorithm>

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

void GroupOracle::on_received(Life life, SessionId session, std::uint64_t message,
                              const engine::Delivery& delivery, bool regular) {
    if (delivery.service < Service::causal) return;
    for (const std::string_view group : delivery.groups) {
        const auto standing = standings_.find({life, raw(session), std::string(group)});
        if (standing == standings_.end()) continue;
        const ViewId& view = standing->second.view;
        if (regular &&
            view_of_.try_emplace({message, std::string(group)}, view).first->second != view) {
            fail(life,
                 "message of group " + std::string(group) + " in another view than elsewhere");
        }
        ++standing->second.received;
        standing->second.received_hash = mix(standing->second.received_hash, message);
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
    if (event.cause == ViewCause::transitional) return;
    if (event.cause == ViewCause::self_leave) {
        if (found == standings_.end()) fail(life, "left group " + group + " without a view of it");
        standings_.erase(found);
        return;
    }
    const ViewId view{Ring{event.ring.epoch, raw(event.ring.representative)}, event.index, group};
    const Names members(event.members.begin(), event.members.end());
    const Standing* const before = found == standings_.end() ? nullptr : &found->second;
    check_agreed(life, event, view);
    check_step(life, event, members, before);
    if (event.cause == ViewCause::network) check_sets(life, event, view, before);
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
    standings_[seat] = Standing{view, members, 0, 0};
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

void GroupOracle::check_step(Life life, const ViewEvent& event, const Names& members,
                             const Standing* before) {
    const std::string group(event.group);
    const std::string who(event.who);
    if (before == nullptr) {
        if (event.cause != ViewCause::join) fail(life, "first view of " + group + " is no join");
        return;
    }
    if (event.cause == ViewCause::network) return;
    Names expected = before->members;
    if (event.cause == ViewCause::join) {
        expected.push_back(who);
    } else {
        std::erase(expected, who);
    }
    if (expected == members) return;
    fail(life, "view of " + group + " does not follow from the one before and " + who);
}

void GroupOracle::check_sets(Life life, const ViewEvent& event, const ViewId& view,
                             const Standing* before) {
    const std::string group(event.group);
    if (event.vs_set_of.size() != event.members.size()) fail(life, "a member without a set");
    const auto [origin, fresh] = origin_of_set_.try_emplace({view, event.my_vs_set}, before->view);
    if (!fresh && origin->second != before->view) {
        fail(life, "came in one set of group " + group + " from another view than others of it");
    }
    if (!std::is_sorted(event.vs_set_of.begin(), event.vs_set_of.end())) {
        fail(life, "sets of group " + group + " do not stand together");
    }
    const auto installed = nodes_of_.find(std::get<Ring>(view));
    if (installed == nodes_of_.end()) fail(life, "network view in no regular configuration");
    const std::uint64_t nodes = installed->second;
    for (std::size_t i = 0; i < event.members.size(); ++i) {
        const std::string member(event.members[i]);
        if ((nodes >> node_of(member) & 1) == 0) {
            fail(life, member + " in a network view of " + group + ", but not in the ring");
        }
        if (event.vs_set_of[i] != event.my_vs_set) continue;
        if (!came_along(life, member)) {
            fail(life, member + " in my set of group " + group + ", but did not come along");
        }
        const auto was = std::find(before->members.begin(), before->members.end(), member);
        if (was != before->members.end()) continue;
        fail(life, member + " in my set of group " + group +
                       " was not in my view: " + list_of(before->members));
    }
}

bool GroupOracle::came_along(Life life, std::string_view member) const {
    const auto nodes = together_.find(life);
    return nodes == together_.end() || (nodes->second >> node_of(member) & 1) != 0;
}

}  // namespace torc::sim
