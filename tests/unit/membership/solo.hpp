// One Former, everything around it by hand: messages are made here, what it sends is kept decoded,
// and the ring under it only remembers what it was told. Daemon 0 is the one under test.
#pragma once

#include <optional>
#include <vector>

#include "tests/unit/membership/net.hpp"
#include "wire/control_parts.hpp"

namespace torc::membership::test {

using namespace std::chrono_literals;
using telemetry::CounterId;

inline Member member(unsigned index, unsigned life = 1) {
    return {NodeIndex{static_cast<std::uint16_t>(index)}, Incarnation{1000 * life + index}};
}
wire::EpisodeSet set_of(std::initializer_list<Member> members);
inline const wire::EpisodeSet kNobody;

class Solo {
public:
    explicit Solo(unsigned index = 0, std::size_t nodes = 4);

    /// Brings it into a ring with these members (its own included, it must be among them), the
    /// lowest of them coordinating.
    void in_ring(std::initializer_list<Member> members);
    void run_for(Nanos time);  ///< fires timers, receives nothing
    void sleep_for(Nanos time) { now_ += time; }

    // --- Receive: fills control, freshness included --------------------------------------------
    wire::Join join_of(const Member& from, const wire::EpisodeSet& proc,
                       const wire::EpisodeSet& fail = kNobody);
    void receive(wire::Join join);
    void receive(wire::Merge merge);
    void receive(wire::Propose propose);
    void receive(wire::State state);
    void receive_plan(const wire::PlanHead& head, std::span<const wire::RecoveryOrder> orders);
    void receive_raw(wire::Kind kind, const wire::Control& control,
                     std::span<const std::byte> body);
    /// A `hears` list that echoes the newest message of the one under test.
    wire::HearsList echo() const;
    wire::Propose propose_of(const Member& from, std::uint64_t epoch, const wire::EpisodeSet& proc,
                             const wire::EpisodeSet& fail = kNobody) const;
    wire::State state_of(const Member& from, const wire::AttemptId& attempt) const;
    /// A PLAN for these members, each from the ring it stated (its singleton).
    void receive_plan_for(const Member& from, const wire::AttemptId& attempt,
                          std::initializer_list<Member> members);
    /// Everything that makes daemon 0 hear a JOIN as agreement: it says what it last said.
    void agree(const Member& from);

    // --- Expect --------------------------------------------------------------------------------
    template <typename Message>
    const Message* last() const;
    std::size_t sent(wire::Kind kind) const;
    void forget_sent();
    std::uint64_t counter(CounterId id) const {
        return values_.values[static_cast<std::size_t>(id)];
    }

    Former& former() { return former_; }
    State state() const { return former_.state(); }
    Cause cause() const { return former_.last_cause(); }
    Instant now() const { return now_; }
    FramePool& pool() { return pool_; }
    Member me() const { return me_; }

    struct FakeRing {
        bool stopped{false};
        bool draining{false};
        bool recovering{false};
        NodeIndex suspect{kNoNode};
        bool token_returned{false};
        int snapshots{0};
        int abandoned{0};
        wire::OldRingState old;
        wire::PlanHead plan;
        wire::RecoveryOrder order;
        std::size_t holders{0};
    } ring;

private:
    FormerUpcalls upcalls();
    void keep(const wire::Transmit& transmit);
    wire::Control next_control(const Member& from);

    config::ClusterSettings settings_;
    Member me_;
    Instant now_{instant_from_ns(1'000'000'000)};
    telemetry::CounterValues values_;
    telemetry::CounterSet counters_{values_};
    std::vector<wire::Join> joins_;
    std::vector<wire::Merge> merges_;
    std::vector<wire::Propose> proposes_;
    std::vector<wire::State> states_;
    std::vector<wire::PlanHead> plans_;
    wire::ControlAssembler assembler_;
    std::uint64_t newest_ctl_{0};
    std::uint64_t their_ctl_{0};
    FramePool pool_;
    Former former_;
};

}  // namespace torc::membership::test
