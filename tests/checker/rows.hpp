// What two sessions heard in one view before a signal: the same row, one perhaps shorter. A group
// is signalled if it loses somebody. A daemon that dies without a member in it may leave the last
// messages that were said there with one of the two alone; they part then (G8), and of that sender
// each heard all up to some point. EVS 6.3 makes the same exception, for a sender who is not in the
// transitional configuration.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "tests/checker/sessions.hpp"

namespace torc::check {

class Rows {
public:
    using Row = std::span<const std::uint32_t>;

    /// `members` are the names in the view.
    Rows(const Sessions& story, const std::vector<std::uint32_t>& members, Row one, Row two)
        : story_(story), members_(members), sides_{Side{one, {}}, Side{two, {}}} {}

    bool agree() {
        Side& one = sides_[0];
        Side& two = sides_[1];
        while (!one.rest.empty() && !two.rest.empty()) {
            const std::uint32_t at_one = one.rest.front();
            const std::uint32_t at_two = two.rest.front();
            const bool missing_at_two = at_one != at_two && may_miss(two, at_one);
            const bool missing_at_one =
                at_one != at_two && !missing_at_two && may_miss(one, at_two);
            if (at_one != at_two && !missing_at_one && !missing_at_two) return false;
            if (!missing_at_one && !take(one)) return false;
            if (!missing_at_two && !take(two)) return false;
        }
        return true;
    }

private:
    struct Side {
        Row rest;
        std::set<Name> ended;  ///< senders of whom something is missing here
    };

    bool may_miss(Side& side, std::uint32_t message) const {
        if (std::find(side.rest.begin(), side.rest.end(), message) != side.rest.end()) return false;
        const Name speaker = story_.messages[message].speaker;
        if (std::find(members_.begin(), members_.end(), speaker) != members_.end()) return false;
        side.ended.insert(speaker);
        return true;
    }
    /// False if it comes behind something of its sender that is missing here.
    bool take(Side& side) const {
        const Name speaker = story_.messages[side.rest.front()].speaker;
        side.rest = side.rest.subspan(1);
        return !side.ended.contains(speaker);
    }

    const Sessions& story_;
    const std::vector<std::uint32_t>& members_;
    std::array<Side, 2> sides_;
};

}  // namespace torc::check
