// Builds view events: private names of the members, and for network changes who came with whom.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/fixed_vec.hpp"
#include "base/lazy_array.hpp"
#include "config/settings.hpp"
#include "groups/directory.hpp"
#include "groups/events.hpp"

namespace torc::groups {

class ViewBuilder {
public:
    explicit ViewBuilder(const config::ClusterSettings& settings);

    /// `#session#daemon` of a participant; valid until the next call.
    std::string_view private_name(const SessionName& session, NodeIndex daemon);
    std::string_view private_name(std::string_view session, NodeIndex daemon);
    std::string_view daemon_name(NodeIndex daemon) const { return daemons_[raw(daemon)]; }

    /// Names of a group's members, in its order; valid until the next call.
    std::span<const std::string_view> members(const Directory& directory, Directory::GroupId group);

    /// The set of each member of the last `members` call, by a function of its daemon.
    template <typename SetOf>
    std::span<const std::uint16_t> sets(const Directory& directory, Directory::GroupId group,
                                        SetOf&& set_of) {
        sets_.clear();
        directory.for_each_member(
            group, [&](const Participant& who) { sets_.push_back(set_of(who.daemon)); });
        return sets_;
    }

    /// The same for a flush group: members of one cell came along together, who has none came
    /// alone.
    std::span<const std::uint16_t> cells(const Directory& directory, Directory::GroupId group);

private:
    /// A cell is named by its set's number, and every daemon has members in one at the most.
    struct Cell {
        std::uint64_t name{0};
        std::uint16_t set{0};
    };
    std::uint16_t set_of_cell(std::uint64_t cell);

    std::vector<std::string> daemons_;
    std::array<char, kPrivateNameMax> one_{};
    LazyArray<char> text_;
    std::vector<std::string_view> names_;
    std::vector<std::uint16_t> sets_;
    FixedVec<Cell, kNodesMax> cells_;
    std::uint16_t next_set_{0};
};

}  // namespace torc::groups
