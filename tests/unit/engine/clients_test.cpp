// What clients may ask for, what is refused, and that a refusal leaves no trace.
#include <gtest/gtest.h>

#include "tests/unit/engine/cluster.hpp"
#include "wire/data.hpp"

namespace torc::engine::test {
namespace {

using Kind = ClientOp::Kind;

struct Clients : ::testing::Test {
    Clients() {
        cluster.boot_all();
        EXPECT_TRUE(cluster.form({0, 1}));
        EXPECT_EQ(cluster.open(0, kAlice, "alice"), Accept::accepted);
        EXPECT_EQ(cluster.open(1, kBob, "bob"), Accept::accepted);
        EXPECT_EQ(cluster.join(1, kBob, "room"), Accept::accepted);
        EXPECT_TRUE(cluster.run_until([&] { return cluster.host(1).views == 1; }));
    }
    /// Bob hears from Alice: everything before it came through.
    bool heard(const Bytes& payload) {
        return cluster.run_until([&] {
            const auto& received = cluster.host(1).received;
            return !received.empty() && received.back().payload == payload;
        });
    }
    Cluster cluster{2};
};

TEST_F(Clients, SessionsThatDoNotExistMayDoNothing) {
    const SessionId strangers[] = {{7, 1}, {0, 2}, {1, 1}, {kSessionsMax, 1}, {0xFFFF, 0}};
    const std::string_view room = "room";
    const Facts before = cluster.host(0).facts();
    for (const SessionId stranger : strangers) {
        for (const Kind kind : {Kind::close, Kind::join, Kind::leave, Kind::send}) {
            ClientOp op;
            op.kind = kind;
            op.session = stranger;
            op.name = room;
            op.groups = {&room, 1};
            EXPECT_EQ(cluster.act(0, op), Accept::illegal) << stranger.slot;
        }
    }
    EXPECT_EQ(cluster.engine(0).ring().backlog(), 0u);
    EXPECT_EQ(cluster.host(0).facts(), before);
}

TEST_F(Clients, NamesAreChecked) {
    const std::string long_session(kNameMax + 1, 'a');
    const std::string long_group(kGroupNameMax + 1, 'g');
    for (const std::string_view name : {std::string_view{}, std::string_view{"with space"},
                                        std::string_view{"#a"}, std::string_view{long_session}}) {
        EXPECT_EQ(cluster.open(0, kBob, name), Accept::illegal) << name;
    }
    for (const std::string_view name : {std::string_view{}, std::string_view{"#a#b"},
                                        std::string_view{"a\n"}, std::string_view{long_group}}) {
        EXPECT_EQ(cluster.join(0, kAlice, name), Accept::illegal) << name;
    }
    for (const std::string_view to : {std::string_view{}, std::string_view{"#a"},
                                      std::string_view{"##b"}, std::string_view{long_group}}) {
        EXPECT_EQ(cluster.send(0, kAlice, to, bytes_of("x")), Accept::illegal) << to;
    }
    EXPECT_EQ(cluster.engine(0).ring().backlog(), 0u);
    EXPECT_EQ(cluster.open(0, kBob, "bob2"), Accept::accepted) << "nothing stuck to the slot";
}

TEST_F(Clients, ANameIsTakenOnce) {
    EXPECT_EQ(cluster.open(0, kBob, "alice"), Accept::illegal);
    EXPECT_EQ(cluster.host(0).outcomes, std::vector{SessionOutcome::name_taken});
    EXPECT_EQ(cluster.open(0, kAlice, "another"), Accept::illegal) << "slot in use";
}

TEST_F(Clients, OneToAHundredDestinations) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i <= kGroupsPerMessageMax; ++i) {
        names.push_back(std::string(kGroupNameMax - 4, 'g') + std::to_string(i));
    }
    std::vector<std::string_view> groups(names.begin(), names.end());
    groups[0] = "room";
    ClientOp op;
    op.kind = Kind::send;
    op.session = kAlice;
    const Bytes payload = bytes_of("to many");
    op.payload = payload;
    EXPECT_EQ(cluster.act(0, op), Accept::illegal) << "nobody";
    op.groups = groups;
    EXPECT_EQ(cluster.act(0, op), Accept::illegal) << "101";
    op.groups = {groups.data(), kGroupsPerMessageMax};
    // The names alone are more than a frame: like any large message, it is offered until taken.
    EXPECT_TRUE(cluster.run_until([&] { return cluster.act(0, op) == Accept::accepted; }));
    EXPECT_TRUE(heard(payload));
}

TEST_F(Clients, NeighboursWithOneEnvelopeShareIt) {
    std::vector<Bytes> expected;
    std::size_t said = 0;
    for (const std::string_view group : {"room", "room", "hall", "room", "room", "room"}) {
        const Bytes payload = pattern(++said);
        EXPECT_EQ(cluster.send(0, kAlice, group, payload), Accept::accepted);
        if (group == "room") expected.push_back(payload);
    }
    ASSERT_TRUE(heard(expected.back()));
    std::vector<Bytes> payloads;
    for (const Received& received : cluster.host(1).received) payloads.push_back(received.payload);
    EXPECT_EQ(payloads, expected);

    const Bytes frame = cluster.last_sent(wire::Kind::data);
    std::string shared;
    for (const wire::MessageView& message : wire::DataView::of_validated(frame)) {
        shared += message.has(wire::kSameEnvelope) ? 'y' : 'n';
    }
    EXPECT_EQ(shared, "nynnyy");
}

/// A driver says of a message that it repeats the session's last one; what that was, the engine
/// only remembers until somebody else speaks.
TEST_F(Clients, OneGoesOnOnlyWhereNobodySpokeSince) {
    const std::array<std::string_view, 1> room{"room"};
    const std::array<std::string_view, 1> hall{"hall"};
    EXPECT_EQ(cluster.open(0, kBob, "bob2"), Accept::accepted);
    std::vector<Bytes> expected;
    std::size_t said = 0;
    const auto say = [&](SessionId who, std::span<const std::string_view> groups, bool repeats) {
        const Bytes payload = pattern(++said);
        ClientOp op;
        op.kind = ClientOp::Kind::send;
        op.session = who;
        op.groups = groups;
        op.payload = payload;
        op.repeats = repeats;
        EXPECT_EQ(cluster.act(0, op), Accept::accepted);
        if (groups.front() == "room") expected.push_back(payload);
    };
    say(kAlice, room, false);
    say(kAlice, room, true);
    say(kBob, hall, false);
    say(kAlice, room, true);
    say(kBob, hall, true);
    say(kBob, hall, true);
    say(kAlice, room, true);
    say(kAlice, room, true);
    ASSERT_TRUE(heard(expected.back()));
    std::vector<Bytes> payloads;
    for (const Received& received : cluster.host(1).received) {
        payloads.push_back(received.payload);
        EXPECT_EQ(received.sender.find("#alice#"), 0u) << received.sender;
    }
    EXPECT_EQ(payloads, expected);
}

TEST_F(Clients, MessageBytesIsTheLimit) {
    const std::size_t limit = settings_of(2).message_bytes;
    const Bytes fits = pattern(limit);
    const Bytes too_large = pattern(limit + 1);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(cluster.send(0, kAlice, "room", too_large), Accept::illegal);
    }
    EXPECT_TRUE(cluster.send_all(0, kAlice, "room", fits));
    EXPECT_TRUE(heard(fits));
    EXPECT_TRUE(cluster.send_all(0, kAlice, "room", {}));
    EXPECT_TRUE(heard({})) << "an empty message is one, too";
}

TEST(Closing, InTheMiddleOfALargeMessageFreesTheWay) {
    config::ClusterSettings settings = settings_of(2);
    settings.message_bytes = kMessageBytesDefault;
    Cluster cluster(2, settings);
    cluster.boot_all();
    ASSERT_TRUE(cluster.form({0, 1}));
    for (std::size_t host : {0u, 1u}) {
        ASSERT_EQ(cluster.open(host, kAlice, "alice"), Accept::accepted);
        ASSERT_EQ(cluster.open(host, kBob, "bob"), Accept::accepted);
        ASSERT_EQ(cluster.join(host, kBob, "room"), Accept::accepted);
    }
    const Bytes large = pattern(settings.message_bytes);
    const Seq before = cluster.engine(0).ring().high();
    ASSERT_TRUE(cluster.run_until([&] {
        EXPECT_EQ(cluster.send(0, kAlice, "room", large), Accept::would_block);
        return cluster.engine(0).ring().high() > before + 200;
    }));
    EXPECT_EQ(cluster.send(0, kBob, "room", large), Accept::would_block) << "one at a time";

    ClientOp close;
    close.kind = Kind::close;
    close.session = kAlice;
    ASSERT_TRUE(cluster.run_until([&] { return cluster.act(0, close) == Accept::accepted; }));
    EXPECT_EQ(cluster.send(0, kAlice, "room", large), Accept::illegal);
    EXPECT_TRUE(cluster.send_all(0, kBob, "room", large));
    ASSERT_TRUE(cluster.run_until([&] { return !cluster.host(1).received.empty(); }));
    EXPECT_EQ(cluster.host(1).received.size(), 1u) << "of Alice's nothing came through";
    EXPECT_EQ(cluster.host(1).received[0].sender, "#bob#n0");
    EXPECT_TRUE(cluster.host(1).received[0].payload == large);
}

TEST(LargestMessage, SixteenMebibytesGoThrough) {
    config::ClusterSettings settings = settings_of(3);
    settings.message_bytes = kMessageBytesMax;
    settings.frame_bytes = kFrameBytesMax;
    Cluster cluster(3, settings);
    cluster.boot_all();
    ASSERT_TRUE(cluster.form({0, 1, 2}));
    ASSERT_EQ(cluster.open(0, kAlice, "alice"), Accept::accepted);
    for (std::size_t host : {1u, 2u}) {
        ASSERT_EQ(cluster.open(host, kBob, "bob"), Accept::accepted);
        ASSERT_EQ(cluster.join(host, kBob, "room"), Accept::accepted);
    }
    const Bytes large = pattern(kMessageBytesMax);
    EXPECT_TRUE(cluster.send_all(0, kAlice, "room", large, Service::safe));
    EXPECT_TRUE(cluster.run_until(
        [&] { return !cluster.host(1).received.empty() && !cluster.host(2).received.empty(); }));
    for (std::size_t host : {1u, 2u}) {
        EXPECT_TRUE(cluster.host(host).received.at(0).payload == large) << host;
    }
}

TEST(UnknownServices, AreIllegal) {
    Cluster cluster(1);
    cluster.boot_all();
    ASSERT_TRUE(cluster.form({0}));
    ASSERT_EQ(cluster.open(0, kAlice, "alice"), Accept::accepted);
    const Bytes payload = bytes_of("x");
    for (const int service : {6, 7, 255}) {
        EXPECT_EQ(cluster.send(0, kAlice, "room", payload, static_cast<Service>(service)),
                  Accept::illegal);
    }
    EXPECT_EQ(cluster.send(0, kAlice, "room", payload), Accept::accepted);
}

}  // namespace
}  // namespace torc::engine::test
