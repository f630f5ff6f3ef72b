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
//  * FIFO a sending session; each group view the same everywhere; group_oracle.hpp.
// At the end:
//  * all living nodes in one ring of themselves, every accepted message back at its sender once,
//    groups equal, all loans returned;
//  * passages.hpp: no gap before a message in its sender's or in the causal order; what somebody
//    delivered as SAFE, everybody whom that concerned delivered.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/effects.hpp"
#include "telemetry/trace.hpp"
#include "tests/sim/group_oracle.hpp"
#include "tests/sim/life.hpp"
#include "tests/sim/passages.hpp"
#include "tests/sim/witness.hpp"

namespace torc::sim {

class Oracle {
public:
    /// Tells the witness everything from now on; it must live as long as this object.
    void watched_by(Witness& witness) { witness_ = &witness; }
    bool is_watched() const { return witness_ != nullptr; }

    void on_boot(Life life);
    /// A client is about to hand over a message that will be recognised when it comes back. May be
    /// called again for one that the engine did not take at once.
    void on_said(Life life, SessionId session, std::uint64_t message, Service service,
                 const std::vector<std::string>& groups, bool subgroup = false);
    /// All of it was taken, whatever may become of it.
    void on_taken(Life life, SessionId session, std::uint64_t message);
    void on_trace(Life life, const telemetry::TraceEvent& event);
    /// It must come back or be refused.
    void on_accepted(Life life, std::uint64_t message);
    void on_refused(Life life, SessionId session, std::uint64_t message);
    /// A flush group asks a session; the engine has taken its answer.
    void on_asked(Life life, SessionId session, std::string_view group);
    void on_flushed(Life life, SessionId session, std::string_view group);
    /// A client at `life` received its session's or another's message.
    void on_received(Life life, SessionId session, std::uint64_t message,
                     const engine::Delivery& delivery, bool own);
    void on_view(Life life, const engine::ViewEvent& event);
    /// A session ended: what it sent may, but need not, come to pass, and nobody hears of it.
    void on_closed(Life life, SessionId session, std::uint32_t sender);
    /// The engine ended it: the same.
    void on_lost(Life life, SessionId session, std::uint32_t sender);

    /// After HEAL: `alive` are the lives that must form one ring.
    void at_rest(const std::vector<Life>& alive);
    /// Accepted messages of `life` that have not come back to their sender yet.
    std::size_t outstanding(Life life) const { return lives_.at(life).outstanding; }

    std::uint64_t messages() const { return messages_; }
    std::uint64_t installs() const { return installs_; }
    /// Hash of everything that was seen so far, with its virtual time.
    std::uint64_t trace() const { return trace_; }

private:
    /// What one life did in the configuration it is in.
    struct History {
        Ring ring{};
        bool in_transitional{false};
        bool installed{false};
        std::uint64_t members{0};
        std::uint64_t regular_at{0};    ///< place in the ring's agreed order
        std::uint64_t last_ordered{0};  ///< place of the last causal+ message
        std::unordered_set<Place> delivered;
        std::set<Place> safe_transitional;
        std::uint64_t ordered_hash{0};   ///< of the causal+ messages, in order
        std::uint64_t ordered_split{0};  ///< the same at the transitional signal
        Ring transitional{};
        std::uint64_t together{0};
        std::unordered_map<std::uint64_t, std::uint64_t> last_of_session;
        /// Message -> times received by its sender, or kRefused.
        std::unordered_map<std::uint64_t, int> accepted;
        std::size_t outstanding{0};
    };

    static constexpr int kRefused = -1;

    void forget(Life life, SessionId session, std::uint32_t sender);
    void see(Life life, std::uint64_t what, std::uint64_t a, std::uint64_t b, std::uint64_t c);
    void on_message(Life life, History& history, const telemetry::TraceEvent& event);
    void check_order(Life life, History& history, Place place, const Body& body);
    void on_transitional(Life life, History& history, const telemetry::TraceEvent& event);
    void on_regular(Life life, History& history, const telemetry::TraceEvent& event);
    void close_passage(Life life, const History& history, const Ring& ring);
    void on_own_received(Life life, History& history, std::uint64_t message);

    std::map<Life, History> lives_;
    std::map<Ring, RingRecord> rings_;
    GroupOracle groups_;
    Witness* witness_{nullptr};
    std::uint64_t messages_{0};
    std::uint64_t installs_{0};
    std::uint64_t trace_{0};
};

}  // namespace torc::sim
