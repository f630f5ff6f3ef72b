// Virtual synchrony as the members of a group see it, judged from views and deliveries alone.
//
//  * One view id, one list of members and of the sets they came along in.
//  * A view follows from the one before: JOIN adds one, LEAVE and DISCONNECT take one away.
//  * Members that get the same view next after the same view, and in the same set of it, received
//    the same causal, agreed and safe messages of the group in between, in the same order. (Earlier
//    classes may overtake a JOIN and so come on either side of it.)
//  * A message delivered in a regular configuration comes to all members in the same view.
//  * Who gets a message is named by it, or in one of its groups; in a flush group, in the view in
//    which it was said, by one who had not flushed; of a subgroup cast, and is named.
//  * A flush group's view comes to those who have flushed; whatever its cause, it says who came
//    along; its members may have parted and met in any number of configurations since the one
//    before.
//  * Members of one set of a network view come from one view, were in it together, and
//    stand together; their daemons came along. All members live on daemons of the ring.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/effects.hpp"
#include "tests/sim/life.hpp"

namespace torc::sim {

class GroupOracle {
public:
    /// `regular`: the ring is in its regular configuration; members of different transitional ones
    /// may see the same message in different views.
    /// The latest call for a message counts: what was not taken then has not begun.
    void on_said(Life life, SessionId session, std::uint64_t message,
                 const std::vector<std::string>& groups, bool subgroup);
    void on_flushed(Life life, SessionId session, std::string_view group);
    void on_received(Life life, SessionId session, std::uint64_t message,
                     const engine::Delivery& delivery, bool regular);
    void on_view(Life life, const engine::ViewEvent& event);
    void on_closed(Life life, SessionId session);
    /// A life heard who moves on with it.
    void on_together(Life life, std::uint64_t nodes);
    /// A ring was installed by somebody.
    void on_ring(const Ring& ring, std::uint64_t members) { nodes_of_[ring] = members; }

private:
    using ViewId = std::tuple<Ring, std::uint64_t, std::string>;  // ring, index, group
    using Names = std::vector<std::string>;
    /// A session in a group: its view, and what came since.
    struct Standing {
        ViewId view;
        Names members;
        bool flush{false};
        bool flushed{false};
        bool signalled{false};
        std::uint64_t along{~std::uint64_t{0}};  ///< nodes that have come along ever since
        std::uint64_t received{0};
        std::uint64_t received_hash{0};
        friend bool operator==(const Standing&, const Standing&) = default;
    };
    using Seat = std::tuple<Life, std::uint32_t, std::string>;  // session, group

    /// Where a message to flush groups was said.
    struct Utterance {
        bool subgroup{false};
        std::map<std::string, ViewId> views;  ///< of the flush groups where its sender may speak
    };

    bool came_along(Life life, std::string_view member, const Standing& before) const;
    bool is_for(const Utterance* utterance, std::string_view group, const Standing& standing) const;
    void count(Life life, Standing& standing, std::uint64_t message, std::string_view group,
               bool regular);
    void check_agreed(Life life, const engine::ViewEvent& event, const ViewId& view);
    void check_step(Life life, const engine::ViewEvent& event, const Names& members,
                    const Standing* before);
    static bool follows(const engine::ViewEvent& event, const Names& members,
                        const Standing& before);
    void check_sets(Life life, const engine::ViewEvent& event, const ViewId& view,
                    const Standing* before);

    std::map<Life, std::uint64_t> together_;
    std::map<std::uint64_t, Utterance> utterances_;  ///< by message
    std::map<Ring, std::uint64_t> nodes_of_;
    std::map<Seat, Standing> standings_;
    std::map<std::pair<std::uint64_t, std::string>, ViewId> view_of_;  ///< message, group
    std::map<ViewId, std::string> lists_;
    using Step = std::tuple<ViewId, ViewId, std::uint16_t>;  // from, to, set in a network view
    std::map<Step, std::pair<std::uint64_t, std::uint64_t>> between_;
    std::map<std::pair<ViewId, std::uint16_t>, ViewId> origin_of_set_;
};

}  // namespace torc::sim
