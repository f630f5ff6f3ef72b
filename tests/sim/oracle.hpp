// Watches every node of a run and stops it at the first broken promise. It sees what clients see
// (deliveries, views) and the core's trace; it knows nothing of how the core works.
//
// Checked while the run goes on:
//  * one body for each (ring, seq, index); no message twice at a node;
//  * one total order: in a regular configuration every node delivers the same sequence of causal,
//    agreed and safe messages, without a gap, each a prefix of the longest;
//  * SAFE in a regular configuration only when every member of it holds the frame;
//  * configurations: one member list an id, oneself included, one transitional between two regular;
//  * those who move together delivered the same set, cut at the same place;
//  * FIFO a sending session; each group view the same everywhere.
// At the end: all living nodes in one ring of themselves, every accepted message back at its
// sender once, groups equal, all loans returned.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "engine/effects.hpp"
#include "telemetry/trace.hpp"

namespace torc::sim {

struct Violation : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A node's one boot, as the oracle names it.
struct Life {
    std::uint32_t node{0};
    std::uint32_t boot{0};
    friend auto operator<=>(const Life&, const Life&) = default;
};

class Oracle {
public:
    void on_boot(Life life);
    void on_trace(Life life, const telemetry::TraceEvent& event);
    void on_accepted(Life life, std::uint64_t message);
    /// A client at `life` received its session's or another's message.
    void on_received(Life life, SessionId session, std::uint64_t message, Service service,
                     bool own);
    void on_view(Life life, const engine::ViewEvent& event);

    /// After HEAL: `alive` are the lives that must form one ring.
    void at_rest(const std::vector<Life>& alive);
    /// Accepted messages of `life` that have not come back to their sender yet.
    std::size_t outstanding(Life life) const;

    std::uint64_t messages() const { return messages_; }
    std::uint64_t installs() const { return installs_; }

private:
    using Ring = std::pair<std::uint64_t, std::uint64_t>;           // epoch, representative
    using Place = std::tuple<Ring, std::uint64_t, std::uint64_t>;   // ring, seq, index
    struct Body {
        std::uint64_t sender_and_service{0};
        std::uint64_t hash{0};
        bool operator==(const Body&) const = default;
    };
    /// What one life did in the configuration it is in.
    struct History {
        Ring ring{};
        bool in_transitional{false};
        bool installed{false};
        std::uint64_t members{0};
        std::uint64_t regular_at{0};   ///< place in the ring's agreed order
        std::uint64_t last_ordered{0}; ///< seq << 8 | index of the last causal+ message
        std::set<std::tuple<std::uint64_t, std::uint64_t>> delivered;  // seq, index
        std::uint64_t ordered_hash{0};   ///< of the causal+ messages, in order
        std::uint64_t ordered_split{0};  ///< the same at the transitional signal
        Ring transitional{};
        std::unordered_map<std::uint64_t, std::uint64_t> last_of_session;
        std::unordered_map<std::uint64_t, int> accepted;  ///< message -> times received by sender
    };
    /// What those who move together from one regular configuration to the next must share.
    struct Passage {
        Ring from{};
        Ring to{};
        std::set<std::tuple<std::uint64_t, std::uint64_t>> delivered;
        std::uint64_t ordered_hash{0};
        std::uint64_t ordered_split{0};
        std::uint64_t members{0};
        bool known{false};
    };

    [[noreturn]] void fail(Life life, const std::string& what) const;
    void on_message(Life life, History& history, const telemetry::TraceEvent& event);
    void check_order(Life life, History& history, std::uint64_t seq, std::uint64_t index,
                     const Body& body);
    void on_transitional(Life life, History& history, const telemetry::TraceEvent& event);
    void on_regular(Life life, History& history, const telemetry::TraceEvent& event);

    std::map<Life, History> lives_;
    std::map<Place, Body> bodies_;
    std::map<Ring, std::vector<std::tuple<std::uint64_t, std::uint64_t>>> order_of_;
    std::map<Ring, std::uint64_t> members_of_;       ///< hash of the list
    std::map<std::pair<Ring, std::uint64_t>, std::uint64_t> holders_;  ///< (ring, seq) -> nodes
    std::map<std::pair<Ring, Ring>, Passage> passages_;  ///< by (from, transitional)
    std::map<std::tuple<Ring, std::uint64_t, std::string>, std::string> views_;
    std::uint64_t messages_{0};
    std::uint64_t installs_{0};
};

}  // namespace torc::sim
