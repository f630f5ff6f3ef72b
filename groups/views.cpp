#include "groups/views.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"

namespace torc::groups {
namespace {

/// Writes `#session#daemon`; gives its length.
std::size_t write_private(char* at, std::string_view session, std::string_view daemon) {
    at[0] = '#';
    std::memcpy(at + 1, session.data(), session.size());
    at[1 + session.size()] = '#';
    std::memcpy(at + 2 + session.size(), daemon.data(), daemon.size());
    return 2 + session.size() + daemon.size();
}

/// Each session is a member once.
std::size_t group_members_max(const config::ClusterSettings& settings) {
    return std::min(settings.memberships, settings.nodes.size() * kSessionsMax);
}

}  // namespace

ViewBuilder::ViewBuilder(const config::ClusterSettings& settings)
    : text_(group_members_max(settings) * kPrivateNameMax) {
    for (const config::NodeEntry& node : settings.nodes) {
        TORC_CHECK(node.name.size() <= kNameMax);
        daemons_.push_back(node.name);
    }
    names_.reserve(group_members_max(settings));
    sets_.reserve(group_members_max(settings));
}

std::string_view ViewBuilder::private_name(std::string_view session, NodeIndex daemon) {
    return {one_.data(), write_private(one_.data(), session, daemon_name(daemon))};
}

std::string_view ViewBuilder::private_name(const SessionName& session, NodeIndex daemon) {
    return private_name(session.view(), daemon);
}

std::span<const std::string_view> ViewBuilder::members(const Directory& directory,
                                                       Directory::GroupId group) {
    names_.clear();
    char* at = text_.data();
    directory.for_each_member(group, [&](const Participant& who) {
        const std::size_t length = write_private(at, who.name.view(), daemon_name(who.daemon));
        names_.push_back({at, length});
        at += length;
    });
    return names_;
}

/// A view with more sets than numbers counts the rest into the last one.
std::uint16_t ViewBuilder::set_of_cell(std::uint64_t cell) {
    const auto* const known =
        std::find_if(cells_.begin(), cells_.end(), [&](const Cell& it) { return it.name == cell; });
    if (cell != 0 && known != cells_.end()) return known->set;
    const std::uint16_t set = next_set_;
    if (next_set_ < UINT16_MAX) ++next_set_;
    if (cell != 0 && !cells_.full()) cells_.push_back({cell, set});
    return set;
}

std::span<const std::uint16_t> ViewBuilder::cells(const Directory& directory,
                                                  Directory::GroupId group) {
    sets_.clear();
    cells_.clear();
    next_set_ = 0;
    directory.for_each_place(group, [&](Directory::PlaceId place) {
        sets_.push_back(set_of_cell(directory.flush_state(place).cell));
    });
    return sets_;
}

}  // namespace torc::groups
