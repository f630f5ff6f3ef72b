// Writes down what happened in a run, in the words of the independent checker (tests/checker). It
// judges nothing; it only knows how the product names things.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tests/checker/record.hpp"
#include "tests/sim/witness.hpp"

namespace torc::sim {

class Recorder : public Witness {
public:
    /// Whatever the node's boot before still had open is lost with it.
    void on_boot(Life life) override;
    void on_trace(Life life, const telemetry::TraceEvent& event) override;
    void on_said(Life life, SessionId session, std::uint64_t message, Service service,
                 const std::vector<std::string>& groups, bool subgroup) override;
    void on_taken(Life life, SessionId session, std::uint64_t message) override;
    void on_refused(Life life, SessionId session, std::uint64_t message) override;
    void on_asked(Life life, SessionId session, std::string_view group) override;
    void on_flushed(Life life, SessionId session, std::string_view group) override;
    void on_received(Life life, SessionId session, std::uint64_t message,
                     const engine::Delivery& delivery) override;
    void on_view(Life life, const engine::ViewEvent& event) override;
    void on_closed(Life life, SessionId session) override;
    void on_lost(Life life, SessionId session) override;
    void at_rest(const std::vector<Life>& alive) override;

    /// Throws if the checker finds a broken promise in what was written down.
    void ask_checker() const;
    const check::Trace& trace() const { return trace_; }

private:
    struct Node {
        std::uint32_t boot{0};
        check::Ring ring;
        std::unordered_map<std::uint32_t, check::Session> open;          ///< by SessionId
        std::map<std::pair<std::uint32_t, check::Name>, bool> is_flush;  ///< session and group
    };

    template <typename Record>
    void put(Record record) {
        trace_.records.emplace_back(record);
    }
    void end(std::uint32_t index, Node& node);
    Node& node_of(Life life);
    check::Session session_of(Life life, SessionId id);
    template <typename Groups>
    check::List groups_of(std::uint64_t message, const Groups& groups);
    check::List nodes_of(std::uint64_t bitmap);
    static check::Process at(Life life) { return {life.node, life.boot}; }

    void put_said(std::uint64_t message);

    check::Trace trace_;
    std::vector<Node> nodes_;
    /// A message is said when it is taken, or first heard; as it was offered last. What views came
    /// between two offers of it came before it.
    std::unordered_map<std::uint64_t, check::Said> offered_;
    std::unordered_set<std::uint64_t> said_;  ///< a large one may be heard before it is taken
    std::unordered_map<std::uint64_t, check::List> groups_;  ///< of a message, as last seen
    std::vector<std::uint32_t> scratch_;
};

}  // namespace torc::sim
