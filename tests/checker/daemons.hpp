// A trace of level 1 put in order: processes, their stays in configurations, and the messages of
// each ring in the order of their places. What the checks of protocol.md 5.1 look at.
//
// A stay is the time of one process from one regular configuration to the next, so it includes the
// transitional configuration behind: com_p(c) of the text.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/checker/record.hpp"
#include "tests/checker/verdict.hpp"

namespace torc::check {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

/// One place in one ring's order, and what stands there. `seq` 0 does not occur: unreliable
/// messages have no place and are not among these.
struct Message {
    std::uint32_t ring{0};  ///< number of the ring
    std::uint64_t seq{0};
    std::uint32_t index{0};
    std::uint32_t sender{0};  ///< node
    Service service{};
    std::uint64_t hash{0};
    std::uint32_t sent_by{kNone};  ///< process
    std::uint32_t known{kNone};    ///< last causal+ message that the sender had delivered, or none
    std::uint32_t rank{0};         ///< place among the ring's messages
};

/// Promises of order begin here.
inline bool is_ordered(const Message& message) { return message.service >= Service::causal; }

struct Stay {
    std::uint32_t process{0};
    std::uint32_t ring{0};
    std::vector<std::uint32_t> delivered;  ///< messages, as they came
    std::size_t split{0};                  ///< how many of them in the regular configuration
    std::vector<std::uint32_t> sent;
    std::uint32_t transitional{kNone};  ///< number of the one behind, if it came
    std::uint32_t next_ring{kNone};     ///< where the process moved on to
    std::vector<std::uint64_t> has;     ///< bit by rank: delivered

    bool moved_on() const { return next_ring != kNone; }
    bool holds(std::uint32_t rank) const { return (has[rank / 64] >> rank % 64 & 1) != 0; }
};

struct RingStory {
    Ring id;
    List members{0};
    std::vector<std::uint32_t> messages;  ///< in the order of their places
    std::vector<std::uint32_t> stays;
};

/// One configuration that a process got.
struct Step {
    bool regular{false};
    std::uint32_t number{0};  ///< of the ring, or of the transitional configuration
    List members{0};
};

struct ProcessStory {
    Process who;
    bool failed{false};
    std::vector<Step> steps;
    std::vector<std::uint32_t> stays;
};

struct Daemons {
    std::vector<ProcessStory> processes;
    std::vector<Stay> stays;
    std::vector<RingStory> rings;
    std::vector<Ring> transitionals;
    std::vector<Message> messages;
    bool at_rest{false};
    bool causes_first{true};  ///< in the trace as it stands, every send precedes its deliveries

    /// The stay of the process of `node` in the ring, or null. (A ring has one process of a node.)
    const Stay* stay_of(std::uint32_t node, std::uint32_t ring) const;
    bool contains(const Trace& trace, List members, std::uint32_t node) const;
    std::string name(std::uint32_t process) const;
    std::string name(const Message& message) const;
    std::string name(const Stay& stay) const;
};

std::string text_of(const Ring& ring);

/// Also judges what must hold for the rest to make sense: 1.2, 1.3 and 1.4 of single messages, 2.2.
Daemons read_daemons(const Trace& trace, Verdict& verdict);

// The checks, each in the file of its number.
void check_causes(const Trace&, const Daemons&, Verdict&);          ///< 1.1
void check_integrity(const Trace&, const Daemons&, Verdict&);       ///< 1.3, 1.4
void check_configurations(const Trace&, const Daemons&, Verdict&);  ///< 2.1, 2.3, 2.4
void check_self_delivery(const Trace&, const Daemons&, Verdict&);   ///< 3
void check_atomicity(const Trace&, const Daemons&, Verdict&);       ///< 4, 4+, 8
void check_causality(const Trace&, const Daemons&, Verdict&);       ///< 5
void check_order(const Trace&, const Daemons&, Verdict&);           ///< 6.1, 6.2, 6.3
void check_safe(const Trace&, const Daemons&, Verdict&);            ///< 7.1, 7.2

}  // namespace torc::check
