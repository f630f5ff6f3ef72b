// Does the oracle bite? Hand-made histories, each with one broken promise, and their honest twins.
#include "tests/sim/oracle.hpp"

#include <array>
#include <string_view>

#include <gtest/gtest.h>

namespace torc::sim {
namespace {

using telemetry::TraceEvent;
using telemetry::TraceKind;

constexpr Life kA{0, 1};
constexpr Life kB{1, 1};
constexpr Life kC{2, 1};
constexpr std::uint64_t kAll = 0b111;
constexpr std::uint64_t kAB = 0b011;

/// Writes traces as an engine would.
class Script {
public:
    explicit Script(std::uint64_t first_epoch = 10) : epoch_(first_epoch) {
        for (const Life life : {kA, kB, kC}) oracle.on_boot(life);
        for (const Life life : {kA, kB, kC}) {
            transitional(life, 5, std::uint64_t{1} << life.node);
            regular(life, epoch_, kAll);
        }
    }

    void sent(Life by, std::uint64_t seq) { frame(by, TraceKind::frame_sent, seq); }
    void stored(Life by, std::uint64_t seq) { frame(by, TraceKind::frame_stored, seq); }
    void delivered(Life by, std::uint64_t seq, std::uint64_t sender, Service service,
                   std::uint64_t hash = 7) {
        oracle.on_trace(by, event(by, TraceKind::message, seq,
                                  sender << 16 | static_cast<std::uint64_t>(service), hash, 0));
    }
    /// `representative` of the transitional configuration: its lowest node.
    void transitional(Life by, std::uint64_t epoch, std::uint64_t together) {
        const auto lowest = static_cast<std::uint64_t>(std::countr_zero(together));
        oracle.on_trace(by, event(by, TraceKind::transitional, lowest, 0, epoch, together));
    }
    void regular(Life by, std::uint64_t epoch, std::uint64_t members) {
        const auto lowest = static_cast<std::uint64_t>(std::countr_zero(members));
        oracle.on_trace(by, event(by, TraceKind::regular, lowest, members, epoch, members));
    }
    /// Leaves the first ring for `to` with `together`, delivering nothing more.
    void move(Life by, std::uint64_t to, std::uint64_t together) {
        transitional(by, to, together);
        regular(by, to, together);
    }
    void finish() { oracle.at_rest({}); }

    Oracle oracle;

private:
    static TraceEvent event(Life by, TraceKind kind, std::uint64_t a, std::uint64_t b,
                            std::uint64_t c, std::uint64_t d) {
        return {kind, NodeIndex{static_cast<std::uint16_t>(by.node)}, Instant{}, a, b, c, d};
    }
    void frame(Life by, TraceKind kind, std::uint64_t seq) {
        oracle.on_trace(by, event(by, kind, seq, 0, epoch_, 0));
    }

    std::uint64_t epoch_;
};

TEST(OracleBites, SafeNeedsEveryMember) {
    Script script;
    script.sent(kA, 1);
    script.stored(kB, 1);
    EXPECT_THROW(script.delivered(kA, 1, 0, Service::safe), Violation);
    Script honest;
    honest.sent(kA, 1);
    honest.stored(kB, 1);
    honest.stored(kC, 1);
    EXPECT_NO_THROW(honest.delivered(kA, 1, 0, Service::safe));
}

TEST(OracleBites, TwoBodiesForOnePlace) {
    Script script;
    script.delivered(kA, 1, 0, Service::agreed, 7);
    EXPECT_NO_THROW(script.delivered(kB, 1, 0, Service::agreed, 7));
    EXPECT_THROW(script.delivered(kC, 1, 0, Service::agreed, 8), Violation);
}

TEST(OracleBites, DeliveredTwice) {
    Script script;
    script.delivered(kA, 1, 0, Service::reliable);
    EXPECT_THROW(script.delivered(kA, 1, 0, Service::reliable), Violation);
}

TEST(OracleBites, AGapInTheOrder) {
    Script script;
    script.delivered(kA, 1, 0, Service::agreed);
    script.delivered(kA, 2, 0, Service::agreed);
    EXPECT_THROW(script.delivered(kB, 2, 0, Service::agreed), Violation);
}

TEST(OracleBites, OrderBackwards) {
    Script script;
    script.delivered(kA, 2, 0, Service::agreed);
    EXPECT_THROW(script.delivered(kA, 1, 0, Service::agreed), Violation);
}

TEST(OracleBites, ThoseWhoMoveTogetherDeliverTheSame) {
    Script script;
    script.delivered(kA, 1, 2, Service::reliable);
    script.move(kA, 20, kAB);
    EXPECT_THROW(script.move(kB, 20, kAB), Violation);
}

TEST(OracleBites, TheTransitionalSignalStandsAtOnePlace) {
    Script script;
    script.delivered(kA, 1, 2, Service::agreed);
    script.move(kA, 20, kAB);
    script.transitional(kB, 20, kAB);
    script.delivered(kB, 1, 2, Service::agreed);
    EXPECT_THROW(script.regular(kB, 20, kAB), Violation);
}

TEST(OracleBites, AnEpochRises) {
    Script script;
    EXPECT_THROW(script.move(kA, 9, kAB), Violation);
}

TEST(OracleBites, NoMessageBehindAGapOfItsSender) {
    Script script;
    script.delivered(kC, 1, 2, Service::fifo);
    script.delivered(kC, 2, 2, Service::fifo);
    script.delivered(kA, 2, 2, Service::fifo);
    script.move(kA, 20, kAB);
    EXPECT_THROW(script.finish(), Violation);
}

TEST(OracleBites, NothingCausalBehindWhatItsSenderHadDelivered) {
    const auto history = [](bool knew) {
        Script script;
        script.sent(kC, 1);
        if (knew) script.delivered(kB, 1, 2, Service::agreed);
        script.sent(kB, 2);
        if (!knew) script.delivered(kB, 1, 2, Service::agreed);
        script.transitional(kA, 20, 1);
        script.delivered(kA, 2, 1, Service::agreed);  // seq 1 is a hole for it
        script.regular(kA, 20, 1);
        script.finish();
    };
    EXPECT_THROW(history(true), Violation);
    EXPECT_NO_THROW(history(false));
}

TEST(OracleBites, SafeInTheRegularConfigurationHoldsForAllThatLeaveIt) {
    Script script;
    script.sent(kA, 1);
    script.stored(kB, 1);
    script.stored(kC, 1);
    script.delivered(kA, 1, 0, Service::safe);
    script.move(kB, 20, 0b010);
    EXPECT_THROW(script.finish(), Violation);
}

TEST(OracleBites, SafeInATransitionalConfigurationHoldsForItsMembers) {
    const auto history = [](std::uint64_t together) {
        Script script;
        script.transitional(kA, 20, together);
        script.delivered(kA, 1, 2, Service::safe);
        script.regular(kA, 20, together);
        script.move(kB, 30, 0b010);  // was counted on by A, if `together` has it
        script.finish();
    };
    EXPECT_THROW(history(kAB), Violation);
    EXPECT_NO_THROW(history(0b001));
}

/// Views and messages of one group "g" at sessions of slot 0.
class Group {
public:
    void view(Life life, engine::ViewCause cause, std::uint64_t index,
              std::vector<std::string_view> members, std::string_view who = {},
              std::vector<std::uint16_t> sets = {}, std::uint16_t mine = 0) {
        engine::ViewEvent event;
        event.session = SessionId{0, 1};
        event.group = "g";
        event.cause = cause;
        event.ring = RingId{10, NodeIndex{0}};
        event.index = index;
        event.who = who;
        event.members = members;
        event.vs_set_of = sets;
        event.my_vs_set = mine;
        oracle.on_view(life, event);
    }
    void got(Life life, std::uint64_t message, bool regular = true) {
        constexpr std::array<std::string_view, 1> kGroups{"g"};
        engine::Delivery delivery;
        delivery.groups = kGroups;
        delivery.service = Service::agreed;
        oracle.on_received(life, SessionId{0, 1}, message, delivery, regular);
    }
    /// Both are in view 2 of {a, b}.
    void both_join() {
        oracle.on_ring({10, 0}, kAll);
        view(kA, engine::ViewCause::join, 1, {"#s0#n0"}, "#s0#n0");
        view(kA, engine::ViewCause::join, 2, {"#s0#n0", "#s0#n1"}, "#s0#n1");
        view(kB, engine::ViewCause::join, 2, {"#s0#n0", "#s0#n1"}, "#s0#n1");
    }

    GroupOracle oracle;
};

TEST(GroupOracleBites, SameTwoViewsSameMessages) {
    Group group;
    group.both_join();
    group.got(kA, 1);
    group.view(kA, engine::ViewCause::leave, 3, {"#s0#n0"}, "#s0#n1");
    EXPECT_THROW(group.view(kB, engine::ViewCause::leave, 3, {"#s0#n0"}, "#s0#n1"), Violation);
}

TEST(GroupOracleBites, AMessageComesInOneView) {
    Group group;
    group.both_join();
    group.got(kA, 1);
    group.view(kB, engine::ViewCause::leave, 3, {"#s0#n1"}, "#s0#n0");
    EXPECT_THROW(group.got(kB, 1), Violation);
    EXPECT_NO_THROW(group.got(kB, 2, false));
}

TEST(GroupOracleBites, OneViewOneList) {
    Group group;
    group.both_join();
    group.view(kA, engine::ViewCause::leave, 3, {"#s0#n0"}, "#s0#n1");
    EXPECT_THROW(group.view(kB, engine::ViewCause::leave, 3, {"#s0#n1"}, "#s0#n0"), Violation);
}

TEST(OracleBites, AtRestAllHaveDeliveredTheSame) {
    Script script;
    script.sent(kA, 1);
    for (const Life life : {kB, kC}) script.stored(life, 1);
    for (const Life life : {kA, kB}) script.delivered(life, 1, 0, Service::agreed);
    EXPECT_THROW(script.oracle.at_rest({kA, kB, kC}), Violation);
    script.delivered(kC, 1, 0, Service::agreed);
    EXPECT_NO_THROW(script.oracle.at_rest({kA, kB, kC}));
}

TEST(GroupOracleBites, AViewFollowsFromTheOneBefore) {
    Group group;
    group.both_join();
    EXPECT_THROW(group.view(kA, engine::ViewCause::leave, 3, {"#s0#n0", "#s0#n1"}, "#s0#n1"),
                 Violation);
    EXPECT_THROW(group.view(kC, engine::ViewCause::leave, 4, {"#s0#n2"}, "#s0#n0"), Violation);
}

TEST(GroupOracleBites, ASetComesFromOneView) {
    const std::vector<std::string_view> all{"#s0#n0", "#s0#n1"};
    Group group;
    group.both_join();
    group.view(kA, engine::ViewCause::network, 3, all, {}, {0, 0}, 0);
    group.view(kA, engine::ViewCause::network, 5, all, {}, {0, 0}, 0);
    EXPECT_THROW(group.view(kB, engine::ViewCause::network, 5, all, {}, {0, 0}, 0), Violation);
}

/// The first two are in a view of a flush group together.
class FlushGroup : public Group {
public:
    FlushGroup() {
        oracle.on_ring({10, 0}, kAll);
        view(kA, engine::ViewCause::join, 1, {"#s0#n0"}, "#s0#n0", {0}, 0);
        flush(kA);
        view(kA, engine::ViewCause::join, 2, {"#s0#n0", "#s0#n1"}, "#s0#n1", {0, 1}, 0);
        view(kB, engine::ViewCause::join, 2, {"#s0#n0", "#s0#n1"}, "#s0#n1", {0, 1}, 1);
    }
    void say(Life life, std::uint64_t message) {
        oracle.on_said(life, SessionId{0, 1}, message, {"g"}, false);
    }
    void flush(Life life) { oracle.on_flushed(life, SessionId{0, 1}, "g"); }
    void left_alone(Life life, std::string_view who) {
        view(life, engine::ViewCause::disconnect, 3, {who}, life.node == 0 ? "#s0#n1" : "#s0#n0",
             {0}, 0);
    }
};

TEST(FlushOracleBites, AMessageIsHeardInTheViewOfItsSaying) {
    FlushGroup group;
    group.say(kA, 1);
    EXPECT_NO_THROW(group.got(kB, 1));
    group.say(kA, 2);
    group.flush(kB);
    group.left_alone(kB, "#s0#n1");
    EXPECT_THROW(group.got(kB, 2), Violation);
}

TEST(FlushOracleBites, NobodyHearsWhoHasFlushedOrIsNoMember) {
    FlushGroup group;
    group.flush(kA);
    group.say(kA, 1);
    EXPECT_THROW(group.got(kB, 1), Violation);
    EXPECT_THROW(group.got(kB, 2), Violation) << "said by nobody that has a view";
}

TEST(FlushOracleBites, NobodyGoesOnUnflushed) {
    FlushGroup group;
    EXPECT_THROW(group.left_alone(kA, "#s0#n0"), Violation);
    group.flush(kA);
    EXPECT_NO_THROW(group.left_alone(kA, "#s0#n0"));
}

TEST(FlushOracleBites, SetsHoldWhateverTheCause) {
    const std::vector<std::string_view> all{"#s0#n0", "#s0#n1", "#s0#n2"};
    FlushGroup group;
    EXPECT_THROW(group.view(kC, engine::ViewCause::join, 3, all, "#s0#n2", {0, 0, 0}, 0), Violation)
        << "a joiner is alone in its set";
    group.oracle.on_together(kA, 0b101);
    group.flush(kA);
    EXPECT_THROW(group.view(kA, engine::ViewCause::join, 4, all, "#s0#n2", {0, 0, 1}, 0), Violation)
        << "its daemon did not come along since the view before";
}

TEST(GroupOracleBites, AMemberOfANetworkViewLivesInTheRing) {
    Group group;
    group.both_join();
    group.oracle.on_ring({10, 0}, 1);
    EXPECT_THROW(group.view(kA, engine::ViewCause::network, 3, {"#s0#n0", "#s0#n1"}, {}, {0, 0}),
                 Violation);
}

}  // namespace
}  // namespace torc::sim
