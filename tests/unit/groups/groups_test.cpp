// Process groups over a hand-made order: several Groups objects that are fed the same records.
#include "groups/groups.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace torc::groups {
namespace {

config::ClusterSettings cluster(std::uint16_t nodes) {
    config::ClusterSettings settings;
    for (std::uint16_t i = 0; i < nodes; ++i) {
        settings.nodes.push_back({"n" + std::to_string(i), i, NodeIndex{i}});
    }
    return settings;
}

wire::MemberList members(std::initializer_list<std::uint16_t> indices) {
    wire::MemberList list;
    for (const std::uint16_t index : indices) list.push_back({NodeIndex{index}, Incarnation{1}});
    return list;
}

std::string join(std::span<const std::string_view> names) {
    std::string text;
    for (const std::string_view name : names) text.append(name).push_back(' ');
    return text;
}

/// One daemon's Groups and a log of what its sessions saw, a line each.
class Daemon {
public:
    Daemon(const config::ClusterSettings& settings, std::uint16_t index)
        : index_(index), groups_(settings, NodeIndex{index}, upcalls(), counters_) {}

    void open(std::uint16_t slot, const std::string& name) {
        ASSERT_EQ(groups_.sessions().open({slot, 0}, name), Sessions::Open::opened);
    }
    Groups& groups() { return groups_; }
    std::vector<std::string> take_log() { return std::exchange(log_, {}); }
    std::uint16_t index() const { return index_; }
    std::pair<RingId, std::uint64_t> last_view() const { return last_view_; }

private:
    static Daemon& of(void* self) { return *static_cast<Daemon*>(self); }

    GroupUpcalls upcalls() {
        GroupUpcalls upcalls;
        upcalls.driver = this;
        upcalls.deliver_fn = [](void* self, const Delivery& delivery) {
            for (const SessionId session : delivery.sessions) {
                of(self).log_.push_back(std::to_string(session.slot) + " got " +
                                        std::string(delivery.sender) + ">" + join(delivery.groups));
            }
        };
        upcalls.view_fn = [](void* self, const ViewEvent& event) {
            constexpr std::array kCauses{"join",    "leave",      "disconnect",
                                         "network", "self_leave", "transitional"};
            std::string line = std::to_string(event.session.slot) + " " +
                               kCauses[static_cast<std::size_t>(event.cause)] + " " +
                               std::string(event.group) + ": " + join(event.members);
            for (const std::uint16_t set : event.vs_set_of) line += std::to_string(set);
            if (!event.vs_set_of.empty()) line += " mine " + std::to_string(event.my_vs_set);
            of(self).log_.push_back(line);
            of(self).last_view_ = {event.ring, event.index};
        };
        upcalls.session_fn = [](void*, SessionId, SessionOutcome) {};
        return upcalls;
    }

    std::uint16_t index_;
    telemetry::CounterValues values_;
    telemetry::CounterSet counters_{values_};
    std::vector<std::string> log_;
    std::pair<RingId, std::uint64_t> last_view_;
    Groups groups_;
};

/// An order that reaches all daemons of `ring`.
class Order {
public:
    explicit Order(std::vector<Daemon*> ring) : ring_(std::move(ring)) {}

    void record(Daemon& sender, std::uint16_t slot, const std::string& name, EnvelopeKind kind,
                std::vector<std::string_view> groups, std::uint8_t flags = 0) {
        std::vector<std::byte> bytes(kEnvelopeBytesMax);
        bytes.resize(write_envelope(kind, flags, 0, name, groups, bytes));
        put(sender, slot, bytes);
    }
    /// Delivers a configuration with its transitional one, then all chunks that are owed.
    void install(const wire::MemberList& transitional, const wire::MemberList& next) {
        ++epoch_;
        const RingId ring{epoch_, next.front().index};
        for (Daemon* daemon : ring_) {
            daemon->groups().on_transitional({epoch_, transitional.front().index}, transitional);
            daemon->groups().on_regular(ring, next);
        }
    }
    void install_alone(Daemon& daemon, const wire::MemberList& transitional, std::uint64_t epoch) {
        daemon.groups().on_transitional({epoch, transitional.front().index}, transitional);
        daemon.groups().on_regular({epoch, transitional.front().index}, transitional);
    }
    void exchange() {
        for (Daemon* sender : ring_) {
            for (auto chunk = sender->groups().chunk_to_send(); !chunk.empty();
                 chunk = sender->groups().chunk_to_send()) {
                std::vector<std::byte> bytes(kEnvelopeBytesMax);
                bytes.resize(write_envelope(EnvelopeKind::sync, 0, 0, {}, {}, bytes));
                bytes.insert(bytes.end(), chunk.begin(), chunk.end());
                sender->groups().chunk_sent();
                put(*sender, 0, bytes);
            }
        }
    }

private:
    void put(Daemon& sender, std::uint16_t slot, std::span<const std::byte> bytes) {
        ++seq_;
        for (Daemon* daemon : ring_) {
            daemon->groups().on_message({NodeIndex{sender.index()},
                                         {slot, 0},
                                         Service::agreed,
                                         RingId{epoch_, NodeIndex{0}},
                                         Seq{seq_},
                                         0,
                                         bytes});
        }
    }

    std::vector<Daemon*> ring_;
    std::uint64_t epoch_{100};
    std::uint64_t seq_{0};
};

struct TwoDaemons : ::testing::Test {
    TwoDaemons() {
        a.open(0, "alice");
        b.open(0, "bob");
        order.install(members({0}), members({0, 1}));
    }
    void in_one_room() {
        order.exchange();
        order.record(a, 0, "alice", EnvelopeKind::join, {"room"});
        order.record(b, 0, "bob", EnvelopeKind::join, {"room"});
        a.take_log();
        b.take_log();
    }
    config::ClusterSettings settings{cluster(2)};
    Daemon a{settings, 0};
    Daemon b{settings, 1};
    Order order{{&a, &b}};
};

TEST_F(TwoDaemons, NothingMayBeSentUntilAllPartsAreIn) {
    EXPECT_TRUE(a.groups().merging());
    order.exchange();
    EXPECT_FALSE(a.groups().merging());
    EXPECT_FALSE(b.groups().merging());
}

TEST_F(TwoDaemons, AJoinIsAViewAtEveryMember) {
    order.exchange();
    order.record(a, 0, "alice", EnvelopeKind::join, {"room"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 join room: #alice#n0 "}));
    EXPECT_TRUE(b.take_log().empty());
    order.record(b, 0, "bob", EnvelopeKind::join, {"room"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 join room: #alice#n0 #bob#n1 "}));
    EXPECT_EQ(b.take_log(), (std::vector<std::string>{"0 join room: #alice#n0 #bob#n1 "}));
}

TEST_F(TwoDaemons, JoiningTwiceAndLeavingWithoutJoinChangeNothing) {
    in_one_room();
    order.record(a, 0, "alice", EnvelopeKind::join, {"room"});
    order.record(a, 0, "alice", EnvelopeKind::leave, {"elsewhere"});
    EXPECT_TRUE(a.take_log().empty());
    EXPECT_TRUE(b.take_log().empty());
}

TEST_F(TwoDaemons, AMemberOfSeveralDestinationsGetsOneCopy) {
    in_one_room();
    order.record(b, 0, "bob", EnvelopeKind::join, {"hall"});
    b.take_log();
    order.record(a, 0, "alice", EnvelopeKind::message, {"room", "hall", "#bob#n1"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 got #alice#n0>room hall #bob#n1 "}));
    EXPECT_EQ(b.take_log(), (std::vector<std::string>{"0 got #alice#n0>room hall #bob#n1 "}));
}

TEST_F(TwoDaemons, SelfDiscardSparesTheSenderOnly) {
    in_one_room();
    order.record(a, 0, "alice", EnvelopeKind::message, {"room"}, kSelfDiscard);
    EXPECT_TRUE(a.take_log().empty());
    EXPECT_EQ(b.take_log().size(), 1u);
}

TEST_F(TwoDaemons, AnyoneMaySendToAGroup) {
    order.exchange();
    order.record(b, 0, "bob", EnvelopeKind::join, {"room"});
    b.take_log();
    order.record(a, 0, "alice", EnvelopeKind::message, {"room"});
    EXPECT_EQ(b.take_log().size(), 1u);
    EXPECT_TRUE(a.take_log().empty());
}

TEST_F(TwoDaemons, ALeaverHearsOfItsOwnLeaveTheOthersOfAView) {
    in_one_room();
    order.record(a, 0, "alice", EnvelopeKind::leave, {"room"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 self_leave room: "}));
    EXPECT_EQ(b.take_log(), (std::vector<std::string>{"0 leave room: #bob#n1 "}));
}

TEST_F(TwoDaemons, ADisconnectLeavesAllGroups) {
    in_one_room();
    a.groups().close_session({0, 0});
    order.record(b, 0, "bob", EnvelopeKind::message, {"room"});
    EXPECT_TRUE(a.take_log().empty()) << "a closed session gets nothing";
    b.take_log();
    order.record(a, 0, "alice", EnvelopeKind::disconnect, {});
    EXPECT_EQ(b.take_log(), (std::vector<std::string>{"0 disconnect room: #bob#n1 "}));
}

TEST_F(TwoDaemons, ALostDaemonsMembersGoWithATransitionalSignalAndAView) {
    in_one_room();
    order.install_alone(a, members({0}), 200);
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 transitional room: ",
                                                      "0 network room: #alice#n0 0 mine 0"}));
    EXPECT_FALSE(a.groups().merging()) << "subtraction needs no messages";
}

TEST_F(TwoDaemons, AMergeTellsWhoCameWithWhom) {
    in_one_room();
    order.install_alone(a, members({0}), 200);
    order.install_alone(b, members({1}), 201);
    order.record(a, 0, "alice", EnvelopeKind::message, {"nowhere"});
    a.take_log();
    b.take_log();
    a.groups().on_transitional({300, NodeIndex{0}}, members({0}));
    b.groups().on_transitional({300, NodeIndex{1}}, members({1}));
    a.groups().on_regular({300, NodeIndex{0}}, members({0, 1}));
    b.groups().on_regular({300, NodeIndex{0}}, members({0, 1}));
    order.exchange();
    EXPECT_EQ(a.take_log(),
              (std::vector<std::string>{"0 network room: #alice#n0 #bob#n1 01 mine 0"}));
    EXPECT_EQ(b.take_log(),
              (std::vector<std::string>{"0 network room: #alice#n0 #bob#n1 01 mine 1"}));
    EXPECT_EQ(a.groups().directory().digest(), b.groups().directory().digest());
}

TEST_F(TwoDaemons, WhoMeetsAgainAtOnceButDidNotComeTogetherGetsAView) {
    in_one_room();
    // Straight from one ring into the next, but each by itself: what they were delivered at the end
    // of the old ring may differ, so the view cannot be the same one.
    a.groups().on_transitional({300, NodeIndex{0}}, members({0}));
    b.groups().on_transitional({300, NodeIndex{1}}, members({1}));
    a.groups().on_regular({300, NodeIndex{0}}, members({0, 1}));
    b.groups().on_regular({300, NodeIndex{0}}, members({0, 1}));
    order.exchange();
    EXPECT_EQ(a.take_log(),
              (std::vector<std::string>{"0 transitional room: ",
                                        "0 network room: #alice#n0 #bob#n1 01 mine 0"}));
    EXPECT_EQ(b.take_log(),
              (std::vector<std::string>{"0 transitional room: ",
                                        "0 network room: #alice#n0 #bob#n1 01 mine 1"}));
}

TEST_F(TwoDaemons, AViewInATransitionalConfigurationHasANameOfItsOwn) {
    in_one_room();
    a.open(1, "anna");
    // B is still in the regular configuration; A goes on alone, misses bob's leave, sees anna join.
    Order only_b({&b});
    only_b.record(b, 0, "bob", EnvelopeKind::leave, {"room"});
    only_b.record(b, 0, "bob", EnvelopeKind::join, {"room"});
    a.groups().on_transitional({300, NodeIndex{0}}, members({0}));
    Order only_a({&a});
    only_a.record(a, 1, "anna", EnvelopeKind::join, {"room"});
    only_a.record(a, 1, "anna", EnvelopeKind::leave, {"room"});
    EXPECT_EQ(a.last_view().first, b.last_view().first) << "same lowest member, same epoch";
    EXPECT_NE(a.last_view().second, b.last_view().second) << "but never the same number";
}

TEST_F(TwoDaemons, WhoJoinsBehindTheSignalIsToldToo) {
    in_one_room();
    a.open(1, "anna");
    a.groups().on_transitional({300, NodeIndex{0}}, members({0}));
    a.take_log();
    Order only_a({&a});
    only_a.record(a, 1, "anna", EnvelopeKind::join, {"room"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 join room: #alice#n0 #bob#n1 #anna#n0 ",
                                                      "1 join room: #alice#n0 #bob#n1 #anna#n0 ",
                                                      "1 transitional room: "}))
        << "alice knows since the signal that bob is not with her; anna must hear it";
}

TEST_F(TwoDaemons, ALateJoinOfSomebodyWhoPartedIsASignalForAll) {
    order.record(a, 0, "alice", EnvelopeKind::join, {"room"});
    a.groups().on_transitional({300, NodeIndex{0}}, members({0}));
    a.take_log();
    Order only_a({&a});
    only_a.record(b, 0, "bob", EnvelopeKind::join, {"room"});
    EXPECT_EQ(a.take_log(), (std::vector<std::string>{"0 join room: #alice#n0 #bob#n1 ",
                                                      "0 transitional room: "}));
}

TEST_F(TwoDaemons, AMergeThatWasInterruptedForGoodHoldsNobodyUp) {
    order.exchange();
    order.install_alone(a, members({0}), 200);
    order.install(members({0, 1}), members({0, 1}));
    ASSERT_TRUE(a.groups().merging());
    order.install_alone(a, members({0}), 300);
    EXPECT_FALSE(a.groups().merging()) << "alone again: nothing to wait for";
}

TEST_F(TwoDaemons, AnInterruptedMergeCountsForNothing) {
    in_one_room();
    order.install_alone(a, members({0}), 200);
    order.install_alone(b, members({1}), 201);
    order.install(members({0, 1}), members({0, 1}));
    EXPECT_TRUE(a.groups().merging()) << "they moved apart before: their directories differ";
    order.install(members({0, 1}), members({0, 1}));
    EXPECT_TRUE(a.groups().merging()) << "moving on together does not make them equal";
    order.exchange();
    EXPECT_FALSE(a.groups().merging());
    EXPECT_EQ(a.groups().directory().digest(), b.groups().directory().digest());
}

TEST_F(TwoDaemons, AMergeOfManyMembershipsTakesSeveralChunks) {
    order.exchange();
    std::vector<std::string> names;
    for (int i = 0; i < 1000; ++i) names.push_back("group-number-" + std::to_string(i));
    for (const std::string& name : names) {
        order.record(a, 0, "alice", EnvelopeKind::join, {name});
        order.record(b, 0, "bob", EnvelopeKind::join, {name});
    }
    order.install_alone(a, members({0}), 200);
    order.install_alone(b, members({1}), 201);
    order.install(members({0, 1}), members({0, 1}));
    order.exchange();
    EXPECT_FALSE(a.groups().merging());
    EXPECT_EQ(a.groups().directory().membership_count(), 2000u);
    EXPECT_EQ(a.groups().directory().digest(), b.groups().directory().digest());
}

TEST(Sync, HostileChunksAreRefused) {
    Merge merge;
    merge.start(members({0}));
    std::vector<std::byte> chunk(kSyncChunkMax);
    SyncWriter writer(chunk, 7);
    writer.add({{1, 0}, 0, "alice", "room"});
    const std::size_t length = writer.finish(true);
    for (std::size_t shorter = 0; shorter < length; ++shorter) {
        merge.start(members({0}));
        EXPECT_FALSE(merge.take(NodeIndex{0}, std::span(chunk).first(shorter))) << shorter;
    }
    merge.start(members({0}));
    EXPECT_TRUE(merge.take(NodeIndex{0}, std::span(chunk).first(length)));
    EXPECT_TRUE(merge.complete());
}

}  // namespace
}  // namespace torc::groups
