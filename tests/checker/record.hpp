// What one process did, one record an event: the language between whoever watches a run (the
// simulator's recorder, clients of a real cluster) and the checker. Standard library only, nothing
// of the product: a checker that shared its types would share its mistakes.
//
// Two levels. Level 1 is what daemons do: boot, send, deliver, change configurations. Level 2 is
// what sessions of clients do: say, hear, get views. A trace may have one level or both. Only the
// order of records of one process counts, and at level 2 that of one session: traces of several
// files are put behind one another in any order.
//
// Records are small and of fixed width: names and lists of numbers stand in tables of the trace,
// once each, and records carry their numbers (0: the empty name, the empty list). The text form is
// in README.md; text.hpp reads and writes it.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace torc::check {

/// One boot of a node; boots count from 1. Clients of a real cluster name the node of their daemon
/// and, since they cannot know its boots, always boot 1.
struct Process {
    std::uint32_t node{0};
    std::uint32_t boot{0};
    friend auto operator<=>(const Process&, const Process&) = default;
};

/// A configuration's id.
struct Ring {
    std::uint64_t epoch{0};
    std::uint64_t representative{0};
    friend auto operator<=>(const Ring&, const Ring&) = default;
};

using Name = std::uint32_t;  ///< in Trace::names: a private name `#session#node`, or a group
using List = std::uint32_t;  ///< in Trace::lists: node indices, names, or sets

/// One session. A name that is used again later is another session: another life.
struct Session {
    Name name{0};
    std::uint32_t life{0};
    friend auto operator<=>(const Session&, const Session&) = default;
};

/// From the weakest promise to the strongest.
enum class Service : std::uint8_t { unreliable, reliable, fifo, causal, agreed, safe };

enum class Cause : std::uint8_t { join, leave, disconnect, network, self_leave };

// --- level 1: daemons --------------------------------------------------------------------------

struct Boot {
    Process at;
    friend bool operator==(const Boot&, const Boot&) = default;
};

/// The process ended without leaving its ring in order (a crash), or behind a leave. Nothing of it
/// follows.
struct Fail {
    Process at;
    friend bool operator==(const Fail&, const Fail&) = default;
};

/// `at` gave the message its place: number `index` of those that frame `seq` of the ring completes.
struct Sent {
    Process at;
    Ring ring;
    std::uint64_t seq{0};
    std::uint32_t index{0};
    Service service{};
    std::uint64_t hash{0};  ///< of the body
    friend bool operator==(const Sent&, const Sent&) = default;
};

/// `seq` 0: an unreliable message, which has no place.
struct Delivered {
    Process at;
    Ring ring;
    std::uint64_t seq{0};
    std::uint32_t index{0};
    std::uint32_t sender{0};  ///< node
    Service service{};
    std::uint64_t hash{0};
    friend bool operator==(const Delivered&, const Delivered&) = default;
};

struct Transitional {
    Process at;
    Ring ring;
    List members{0};  ///< node indices, ascending
    friend bool operator==(const Transitional&, const Transitional&) = default;
};

struct Regular {
    Process at;
    Ring ring;
    List members{0};
    friend bool operator==(const Regular&, const Regular&) = default;
};

// --- level 2: sessions -------------------------------------------------------------------------

struct Opened {
    Process at;
    Session session;
    friend bool operator==(const Opened&, const Opened&) = default;
};

/// The client itself ended the session.
struct Closed {
    Process at;
    Session session;
    friend bool operator==(const Closed&, const Closed&) = default;
};

/// The session was taken from the client: its daemon died, threw it out, or the client was killed.
struct Lost {
    Process at;
    Session session;
    friend bool operator==(const Lost&, const Lost&) = default;
};

/// Recorded *before* the message is handed over, so that nobody can hear what nobody said. A record
/// for a message that was refused or never sent does no harm before the session's end.
struct Said {
    Process at;
    Session session;
    /// Number of the sender, unique in the run, << 32 | counter from 1 that rises with each.
    std::uint64_t message{0};
    Service service{};
    List groups{0};  ///< destinations, as names, in the order in which the sender named them
    /// A subgroup cast: for those of the first group's view that are named behind it.
    bool subgroup{false};
    friend bool operator==(const Said&, const Said&) = default;
};

struct Heard {
    Process at;
    Session session;
    std::uint64_t message{0};
    Service service{};
    List groups{0};
    friend bool operator==(const Heard&, const Heard&) = default;
};

/// The session was told that a message of its own came to nothing. (One that was refused before it
/// was handed over need not be recorded at all.)
struct Refused {
    Process at;
    Session session;
    std::uint64_t message{0};
    friend bool operator==(const Refused&, const Refused&) = default;
};

/// A flush group asks the session to flush: the next view waits for its answer.
struct Asked {
    Process at;
    Session session;
    Name group{0};
    friend bool operator==(const Asked&, const Asked&) = default;
};

/// The session's answer, recorded before it is handed over: from here to the next view it may not
/// speak to the group.
struct Flushed {
    Process at;
    Session session;
    Name group{0};
    friend bool operator==(const Flushed&, const Flushed&) = default;
};

/// Transitional signal: from here to the group's next network view, messages are only known to be
/// shared with those who come along.
struct Signal {
    Process at;
    Session session;
    Name group{0};
    friend bool operator==(const Signal&, const Signal&) = default;
};

/// Members are names, not sessions: a client sees names only. Which life is meant follows from who
/// of that name got the same view.
struct View {
    Process at;
    Session session;
    Name group{0};
    Ring ring;  ///< with `index` the view's id
    std::uint64_t index{0};
    Cause cause{};
    List members{0};        ///< names; none for self_leave, which ends the session's membership
    List sets{0};           ///< cause network, or flush: members[i] came along in set sets[i]
    std::uint32_t mine{0};  ///< the same: the set of this session
    bool flush{false};      ///< the group is a flush group
    friend bool operator==(const View&, const View&) = default;
};

/// The whole run came to rest here: what was promised to those who still live must have happened.
/// Once in a run, by anybody; without it no liveness is demanded.
struct Rest {
    Process at;
    friend bool operator==(const Rest&, const Rest&) = default;
};

using Record = std::variant<Boot, Fail, Sent, Delivered, Transitional, Regular, Opened, Closed,
                            Lost, Said, Heard, Refused, Asked, Flushed, Signal, View, Rest>;

/// A run. Only `records` is meant to be changed freely; tables only grow.
class Trace {
public:
    Trace();

    /// Number of a name or list, given now if it is new. O(length).
    Name name(std::string_view text);
    List list(std::span<const std::uint32_t> numbers);

    /// `number` must come from this trace.
    const std::string& text(Name number) const { return names_.at(number); }
    const std::vector<std::uint32_t>& numbers(List number) const { return lists_.at(number); }
    std::size_t names() const { return names_.size(); }
    std::size_t lists() const { return lists_.size(); }

    std::vector<Record> records;

private:
    struct ListHash {
        std::size_t operator()(const std::vector<std::uint32_t>& numbers) const;
    };
    std::vector<std::string> names_;
    std::unordered_map<std::string, Name> name_numbers_;
    std::vector<std::vector<std::uint32_t>> lists_;
    std::unordered_map<std::vector<std::uint32_t>, List, ListHash> list_numbers_;
};

}  // namespace torc::check
