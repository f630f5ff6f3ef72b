// A trace of level 2 put in order: sessions, the views they got, and what they heard in each. What
// the checks of protocol.md 5.2 look at. Nothing here needs to know of daemons or rings: a view's
// id is only compared.
//
// A standing is the time of one session in one view of one group.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/checker/record.hpp"
#include "tests/checker/verdict.hpp"

namespace torc::check {

constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t kNothing = std::numeric_limits<std::uint32_t>::max();

/// What a session was to a flush group when it said something.
struct Origin {
    Name group{0};
    Ring ring;  ///< with `index` its view's id
    std::uint64_t index{0};
    bool flushed{false};  ///< and so not allowed to speak
};

struct Utterance {
    std::uint64_t id{0};
    Name speaker{0};
    std::uint32_t said_by{kNobody};
    Service service{};  ///< as it was heard: a flush group may raise it
    List groups{0};
    bool subgroup{false};
    bool refused{false};
    bool flush{false};            ///< names a group that is, some time, a flush group
    std::uint32_t place{0};       ///< among what its sender said
    std::vector<Origin> origins;  ///< flush groups that it named and its sender was in
};

inline bool is_ordered(const Utterance& utterance) { return utterance.service >= Service::causal; }

struct ViewStory {
    Name group{0};
    Ring ring;
    std::uint64_t index{0};
    Cause cause{};
    List members{0};
    List sets{0};
    bool flush{false};
    std::vector<std::uint32_t> standings;
    bool has_sets() const { return flush || cause == Cause::network; }
};

struct Standing {
    std::uint32_t session{0};
    std::uint32_t view{0};
    std::uint32_t before{kNothing};  ///< standing in the same group
    std::uint32_t after{kNothing};
    bool left{false};  ///< ended by self_leave
    bool signalled{false};
    std::size_t split{0};              ///< how many of `heard` before the signal
    std::uint32_t mine{0};             ///< set in which it came, if the view has sets
    std::vector<std::uint32_t> heard;  ///< ordered messages of the group
    std::vector<std::uint32_t> casts;  ///< subgroup casts
    /// Of `heard`: those that perhaps came by another way than this group (flush groups only).
    std::set<std::uint32_t> unclear;
    std::uint32_t asked{0};    ///< how often it was asked to flush
    std::uint32_t flushed{0};  ///< how often it answered
    bool moved_on() const { return after != kNothing || left; }
    std::size_t before_signal() const { return signalled ? split : heard.size(); }
};

/// What a session knew of a group when it said something.
struct Knowledge {
    std::uint32_t standing{0};
    std::size_t heard{0};
};

struct SessionStory {
    enum class End : std::uint8_t { open, closed, lost };
    /// In its order; `what` is the number of a message or view.
    struct Event {
        enum class Kind : std::uint8_t { said, heard, view };
        Kind kind;
        std::uint32_t what;
    };

    Session who;
    Process at;
    End end{End::open};
    std::vector<Event> events;
    std::vector<std::uint32_t> said;
    std::vector<std::uint32_t> standings;
};

struct Sessions {
    std::vector<SessionStory> sessions;
    std::vector<ViewStory> views;
    std::vector<Standing> standings;
    std::vector<Utterance> messages;
    std::unordered_map<std::uint32_t, std::vector<Knowledge>> known;  ///< by message, if ordered
    bool at_rest{false};

    std::string name(const Trace& trace, std::uint32_t session) const;
    std::string name(const Trace& trace, const ViewStory& view) const;
    std::string name(const Utterance& message) const;
    /// The standing in the view of the session with that name, or null.
    const Standing* in_view(const ViewStory& view, Name member) const;
};

/// Also judges what must hold for the rest to make sense: G0, G3, G5, G6, F1, F2.
Sessions read_sessions(const Trace& trace, Verdict& verdict);

// The checks, each in the file of its name.
void check_views(const Trace&, const Sessions&, Verdict&);            ///< G1, G2, G3, G4
void check_group_delivery(const Trace&, const Sessions&, Verdict&);   ///< G7, G11
void check_group_synchrony(const Trace&, const Sessions&, Verdict&);  ///< G8, G9, G10
void check_group_order(const Trace&, const Sessions&, Verdict&);      ///< G12, G13, G14
void check_group_safe(const Trace&, const Sessions&, Verdict&);       ///< G15
void check_group_flush(const Trace&, const Sessions&, Verdict&);      ///< F3, F4, F5, F7
void check_group_refusals(const Trace&, const Sessions&, Verdict&);   ///< F6
void check_group_rest(const Trace&, const Sessions&, Verdict&);       ///< G16, G17, G18, F8

}  // namespace torc::check
