// The two halves of a daemon whose clients have a core of their own, and what is between them. Both
// run on the test's thread, one after the other; an engine is whatever the test says.
#include <algorithm>
#include <functional>

#include "client_shm/server/client_relay.hpp"
#include "client_shm/server/relayed_plane.hpp"
#include "tests/unit/client_shm/message_reader.hpp"
#include "tests/unit/client_shm/plane_fixture.hpp"

namespace torc::client_shm::test {
namespace {

using engine::SessionOutcome;

/// What the client core is told, next to what was said.
class EventRecordsTest : public ::testing::Test {
protected:
    RecordView record(std::size_t bytes, EventType type, SessionId session = {}) {
        RecordView view;
        view.header = event_header(type, 0, raw(session), bytes);
        view.body = body.data();
        return view;
    }

    alignas(16) std::array<std::byte, 4096> body{};
    EventReader reader;
};

TEST_F(EventRecordsTest, ADeliveryComesOutAsItWentIn) {
    const std::array<SessionId, 3> sessions{SessionId{1, 2}, SessionId{3, 4}, SessionId{5, 6}};
    const std::array<std::string_view, 2> groups{"g", "another group"};
    const std::vector<std::byte> payload(13, std::byte{0xA5});
    engine::Delivery delivery;
    delivery.sessions = sessions;
    delivery.sender = "#a#n1";
    delivery.groups = groups;
    delivery.service = Service::safe;
    delivery.type = 77;
    delivery.ring = {5, NodeIndex{9}};
    delivery.seq = Seq{11};
    delivery.index = 3;
    delivery.payload = payload;
    const std::size_t bytes = event_bytes(delivery);
    ASSERT_LE(bytes, body.size());
    write_event(body.data(), delivery);

    const engine::Delivery& read = reader.delivery(record(bytes, EventType::delivery));
    EXPECT_TRUE(std::ranges::equal(read.sessions, sessions));
    EXPECT_EQ(read.sender, delivery.sender);
    EXPECT_TRUE(std::ranges::equal(read.groups, groups));
    EXPECT_EQ(read.service, Service::safe);
    EXPECT_EQ(read.type, 77);
    EXPECT_EQ(read.ring, delivery.ring);
    EXPECT_EQ(read.seq, delivery.seq);
    EXPECT_EQ(read.index, 3u);
    EXPECT_TRUE(std::ranges::equal(read.payload, payload));
}

TEST_F(EventRecordsTest, AViewComesOutAsItWentIn) {
    const std::array<std::string_view, 3> members{"#a#n1", "#bcd#n2", "#e#n1"};
    const std::array<std::uint16_t, 3> sets{0, 1, 0};
    engine::ViewEvent view;
    view.session = {7, 8};
    view.group = "room";
    view.cause = engine::ViewCause::network;
    view.ring = {6, NodeIndex{2}};
    view.index = 99;
    view.who = "#bcd#n2";
    view.members = members;
    view.vs_set_of = sets;
    view.my_vs_set = 1;
    view.kind_lost = true;
    const std::size_t bytes = event_bytes(view);
    write_event(body.data(), view);

    const engine::ViewEvent& read = reader.view(record(bytes, EventType::view, view.session));
    EXPECT_EQ(read.session, view.session);
    EXPECT_EQ(read.group, "room");
    EXPECT_EQ(read.cause, engine::ViewCause::network);
    EXPECT_EQ(read.ring, view.ring);
    EXPECT_EQ(read.index, 99u);
    EXPECT_EQ(read.who, "#bcd#n2");
    EXPECT_TRUE(std::ranges::equal(read.members, members));
    EXPECT_TRUE(std::ranges::equal(read.vs_set_of, sets));
    EXPECT_EQ(read.my_vs_set, 1);
    EXPECT_TRUE(read.kind_lost);
}

/// Both halves; each pass of one is a call.
class ClientCoreTest : public ::testing::Test {
protected:
    void start(PlaneOptions options = {}, RelayOptions relay_options = {}) {
        auto made = SessionTable::make({"n1", 4, kCapacityMin, 4 * 1024});
        ASSERT_TRUE(made.has_value());
        table = std::move(*made);
        auto linked = CoreLink::make(*table);
        ASSERT_TRUE(linked.has_value());
        link = std::move(*linked);
        options.is_ahead = true;
        relay_options.stall_max = Nanos{0};
        plane = std::make_unique<ClientPlane>(*table, options);
        relay = std::make_unique<ClientRelay>(*link, *table, relay_options);
        relayed = std::make_unique<RelayedPlane>(*link, *plane);
    }
    void client_pass() { relayed->pass(now += RelayedPlane::kCountersInterval); }
    void ring_pass() {
        relay->poll(now, [this](const ClientOp& op) {
            const Accept accept = answer ? answer(op) : Accept::accepted;
            if (accept == Accept::would_block) return accept;
            std::string what = op.kind == ClientOp::Kind::open    ? "open"
                               : op.kind == ClientOp::Kind::close ? "close"
                               : op.kind == ClientOp::Kind::send  ? "send "
                                                                  : "join ";
            if (op.kind == ClientOp::Kind::join) what += op.name;
            if (op.kind == ClientOp::Kind::send) {
                what += std::string(op.groups[0]) + " " + text(op.payload);
            }
            seen.push_back(what);
            return accept;
        });
        relay->publish();
    }
    void pass() {
        client_pass();
        ring_pass();
        client_pass();
    }
    static std::string text(std::span<const std::byte> bytes) {
        return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
    }
    std::unique_ptr<RawClient> open(const std::string& name) {
        Reason reason{};
        SessionSlot* slot = table->open(name, reason, {});
        EXPECT_NE(slot, nullptr);
        auto client = std::make_unique<RawClient>(*slot);
        pass();
        const auto told = table->take();
        EXPECT_TRUE(told && told->kind == ToControl::Kind::opened);
        seen.clear();
        return client;
    }
    void deliver(SessionId to, std::size_t size) { deliver_zeros(*relay, to, size); }

    std::unique_ptr<SessionTable> table;
    std::unique_ptr<CoreLink> link;
    std::unique_ptr<ClientPlane> plane;
    std::unique_ptr<ClientRelay> relay;
    std::unique_ptr<RelayedPlane> relayed;
    std::function<Accept(const ClientOp&)> answer;
    std::vector<std::string> seen;
    Instant now{};
};

using Strings = std::vector<std::string>;

/// A session that is gone: what comes for it takes room in the ring of events only.
constexpr SessionId kNobody{3, 999};

TEST_F(ClientCoreTest, OperationsArriveInOrderAndTheirMemoryIsHeldUntilTheyAreAnswered) {
    start();
    const auto client = open("a");
    client->join("room");
    client->send("room", "one");
    client->send("hall", "two");
    client_pass();
    deliver(client->id(), 8);  // so that there is something to show
    relay->publish();
    client_pass();
    EXPECT_EQ(client->deliver()->submit_head.load(), 0u) << "given back before the answer";
    EXPECT_EQ(client->deliver()->taken.load(), 0u);
    ring_pass();
    client_pass();
    EXPECT_EQ(seen, (Strings{"join room", "send room one", "send hall two"}));
    EXPECT_EQ(client->deliver()->submit_head.load(), client->producer.tail());
    EXPECT_EQ(client->deliver()->taken.load(), 3u);
}

TEST_F(ClientCoreTest, WhatAClientChangesBehindTheLookIsNotSeen) {
    start();
    const auto client = open("a");
    client->send("room", "x");
    client_pass();
    // The whole record but its payload: other names, another size.
    std::memset(client->data(), 0xFF, sizeof(RecordHeader) + sizeof(SendBody) + name_bytes(4));
    ring_pass();
    EXPECT_EQ(seen, Strings{"send room x"});
}

TEST_F(ClientCoreTest, AWindowIsAllThatIsUnderWay) {
    start();
    const auto client = open("a");
    for (std::size_t i = 0; i < OpWindow::kOpsMax + 5; ++i) client->send("g", "x");
    for (int i = 0; i < 3; ++i) client_pass();
    ring_pass();
    EXPECT_EQ(seen.size(), OpWindow::kOpsMax);
    pass();
    EXPECT_EQ(seen.size(), OpWindow::kOpsMax + 5);
}

/// What is under way cannot be held back, so it must fit in front of a reader's end.
TEST_F(ClientCoreTest, WhereSlowReadersBlockNoMoreGoesAheadThanTheyHaveRoomFor) {
    PlaneOptions options;
    options.slow_reader = SlowReaderPolicy::block;
    start(options);
    const auto a = open("a");
    const auto b = open("b");
    constexpr std::size_t kEach = 10;
    for (std::size_t i = 0; i < kEach; ++i) {
        for (RawClient* client : {a.get(), b.get()}) client->send("g", std::string(2000, 'x'));
    }
    // Half of what lies above three quarters of a ring: of all sessions together.
    const std::size_t room = kCapacityMin / 4 / 2 / 2000;
    std::size_t before = 0;
    for (std::size_t i = 0; seen.size() < 2 * kEach; ++i) {
        ASSERT_LT(i, 2 * kEach) << "each pass goes on";
        client_pass();
        client_pass();
        ring_pass();
        EXPECT_LE(seen.size() - before, room);
        before = seen.size();
    }
}

TEST_F(ClientCoreTest, LongNamesFitOneAfterTheOther) {
    start();
    const auto client = open("a");
    const std::string name(kGroupNameMax, 'n');
    for (int i = 0; i < 600; ++i) {
        client->send(name, std::to_string(i));
        if (i % 7 == 0) pass();
    }
    while (client->deliver()->taken.load() < 600) pass();
    ASSERT_EQ(seen.size(), 600u);
    for (int i = 0; i < 600; ++i)
        EXPECT_EQ(seen[static_cast<std::size_t>(i)], "send " + name + " " + std::to_string(i));
}

TEST_F(ClientCoreTest, WhoIsBlockedHoldsUpNobodyElse) {
    start();
    const auto stuck = open("a");
    const auto other = open("b");
    answer = [&](const ClientOp& op) {
        return op.session == stuck->id() ? Accept::would_block : Accept::accepted;
    };
    stuck->send("g", "late 1");
    stuck->send("g", "late 2");
    for (int i = 0; i < 200; ++i) {
        other->send("g", "x");
        pass();
    }
    EXPECT_EQ(seen.size(), 200u);
    EXPECT_EQ(other->deliver()->taken.load(), 200u);
    answer = nullptr;
    seen.clear();
    pass();
    EXPECT_EQ(seen, (Strings{"send g late 1", "send g late 2"}));
}

TEST_F(ClientCoreTest, RefusalsNameTheOperation) {
    start();
    const auto client = open("a");
    answer = [](const ClientOp& op) {
        return text(op.payload) == "bad" ? Accept::not_member : Accept::accepted;
    };
    client->send("g", "good");
    client->send("g", "bad");
    client->send("g", "good");
    pass();
    RecordView record;
    ASSERT_EQ(client->consumer.peek(record), RingStatus::ok);
    EXPECT_EQ(record.header.type, RecordType::refused);
    EXPECT_EQ(record.header.operation, 2u);
    EXPECT_EQ(client->deliver()->refused.load(), 1u);
    EXPECT_EQ(client->deliver()->taken.load(), 3u);
}

TEST_F(ClientCoreTest, APlaceThatComesBeforeTheAnswerIsThatOperations) {
    start();
    const auto client = open("a");
    int offers = 0;
    // A large message: its last part is ordered before the engine has taken all of it.
    answer = [&](const ClientOp&) {
        if (++offers == 1) return Accept::would_block;
        return Accept::accepted;
    };
    client->send("g", "large");
    client->send("g", "next");
    client_pass();
    ring_pass();
    relay->ordered(client->id(), Service::agreed);
    relay->session(client->id(), SessionOutcome::not_member);
    relay->publish();
    client_pass();
    RecordView record;
    ASSERT_EQ(client->consumer.peek(record), RingStatus::ok);
    EXPECT_EQ(record.header.type, RecordType::refused);
    EXPECT_EQ(record.header.operation, 1u);
    pass();
    relay->ordered(client->id(), Service::agreed);
    relay->publish();
    client_pass();
    EXPECT_EQ(client->deliver()->taken.load(), 2u);
    EXPECT_EQ(client->deliver()->ordered.load(), 2u);
}

TEST_F(ClientCoreTest, AnOpenThatIsRefusedEndsTheSession) {
    start();
    answer = [](const ClientOp&) { return Accept::illegal; };
    Reason reason{};
    SessionSlot* slot = table->open("a", reason, {});
    ASSERT_NE(slot, nullptr);
    RawClient client(*slot);
    pass();
    pass();
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(client.reason(), Reason::name_taken);
    EXPECT_EQ(plane->sessions(), 0u);
}

TEST_F(ClientCoreTest, WhoHangsUpIsServedToTheEndAndLetGoAfterTheLastAnswer) {
    start();
    const auto client = open("a");
    client->send("g", "last");
    table->hang_up(client->id());
    client_pass();
    client_pass();
    ASSERT_EQ(plane->sessions(), 1u);
    ring_pass();
    EXPECT_EQ(seen, Strings{"send g last"});
    client_pass();
    ring_pass();
    EXPECT_EQ(seen, (Strings{"send g last", "close"}));
    EXPECT_EQ(plane->sessions(), 1u) << "memory that the ring core may read";
    client_pass();
    EXPECT_EQ(plane->sessions(), 0u);
}

TEST_F(ClientCoreTest, ACloseIsSaidOnceAndNothingBehindItIsRead) {
    start();
    const auto client = open("a");
    client->send("g", "last");
    client->write(RecordType::close, {});
    client->send("g", "too late");
    for (int i = 0; i < 3; ++i) client_pass();
    ring_pass();
    client_pass();
    EXPECT_EQ(seen, (Strings{"send g last", "close"}));
    EXPECT_EQ(plane->sessions(), 0u);
    EXPECT_EQ(client->reason(), Reason::closed);
}

TEST_F(ClientCoreTest, NonsenseEndsTheSessionOnceWhatWasUnderWayIsAnswered) {
    start();
    const auto client = open("a");
    client->send("g", "good");
    client->write(RecordType::view, {});
    pass();
    pass();
    EXPECT_EQ(seen, (Strings{"send g good", "close"}));
    EXPECT_EQ(client->reason(), Reason::violation);
}

TEST_F(ClientCoreTest, AClientCoreThatFallsBehindHoldsBackOperations) {
    start();
    const auto client = open("a");
    client->send("g", "x");
    client_pass();
    for (int i = 0; i < 17; ++i) deliver(kNobody, 4000);
    ring_pass();
    EXPECT_EQ(seen, Strings{}) << "half of the ring was full";
    EXPECT_FALSE(relay->arm_sleep());
    client_pass();
    ring_pass();
    EXPECT_EQ(seen, Strings{"send g x"});
    EXPECT_EQ(relay->relay_counters().waits, 0u);
}

TEST_F(ClientCoreTest, OneThatStandsStillEndsSessionsButNotTheRing) {
    start();
    const auto client = open("a");
    const auto other = open("b");
    deliver(client->id(), 8);
    for (int i = 0; i < 64; ++i) deliver(kNobody, 4000);
    deliver(client->id(), 8);
    relay->ordered(client->id(), Service::agreed);
    ring_pass();
    EXPECT_EQ(relay->relay_counters().overruns, 1u);
    EXPECT_GT(relay->relay_counters().lost, 0u);
    EXPECT_FALSE(relay->arm_sleep()) << "who has something to say does not sleep";
    // It moves again: what came before stands, then the end.
    for (int i = 0; i < 4; ++i) pass();
    EXPECT_TRUE(client->ended());
    EXPECT_EQ(client->reason(), Reason::slow_reader);
    EXPECT_EQ(client->drain(), std::vector<RecordType>{RecordType::message});
    EXPECT_TRUE(other->ended()) << "what was missed might have been for it";
    EXPECT_EQ(seen, (Strings{"close", "close"}));
    EXPECT_EQ(plane->sessions(), 0u);
    // And then all is as before.
    while (table->take()) {
    }
    const auto next = open("c");
    next->send("g", "x");
    pass();
    EXPECT_EQ(seen, Strings{"send g x"});
    deliver(next->id(), 8);
    relay->publish();
    client_pass();
    EXPECT_EQ(next->drain(), std::vector<RecordType>{RecordType::message});
}

/// A message without a head begins like the one that was the last to reach the client core.
TEST_F(ClientCoreTest, WhatRepeatsIsFollowedThereTooUnlessTheOneBeforeWasLost) {
    start();
    const auto client = open("a");
    std::vector<SessionId> sessions{client->id()};
    engine::Delivery delivery;
    delivery.sender = "#a#n1";
    const auto say = [&](std::string group, std::string text, bool repeats) {
        const std::array<std::string_view, 1> groups{group};
        delivery.sessions = sessions;
        delivery.groups = groups;
        delivery.repeats = repeats;
        delivery.payload = std::as_bytes(std::span(text));
        relay->deliver(delivery);
    };
    const auto arrived = [&] {
        relay->publish();
        client_pass();
        Strings got;
        MessageReader heads;
        RecordView record;
        while (client->consumer.peek(record) == RingStatus::ok) {
            const MessageReader::Said said = heads.read(record);
            got.push_back((said.follows ? "+" : "") + said.payload + said.names.substr(7));
            client->consumer.advance(record);
        }
        client->consumer.publish();
        return got;
    };
    const auto with_group = [](const std::string& text, char group) {
        return text + std::string{'\1', group, '\0'};
    };
    say("g", "1", false);
    say("g", "2", true);
    EXPECT_EQ(arrived(), (Strings{with_group("1", 'g'), with_group("+2", 'g')}));
    // What fits in no ring is not among the events; what repeats it is not like "3".
    say("g", "3", false);
    sessions = {kNobody};
    say("h", std::string(kCapacityMax, 'x'), false);
    sessions = {client->id()};
    say("h", "4", true);
    say("h", "5", true);
    EXPECT_EQ(arrived(),
              (Strings{with_group("3", 'g'), with_group("4", 'h'), with_group("+5", 'h')}));
}

TEST_F(ClientCoreTest, WhatFitsInNoRingEndsItsSession) {
    start();
    const auto client = open("a");
    deliver(client->id(), std::size_t{1} << 20);
    relay->publish();
    client_pass();
    EXPECT_EQ(client->reason(), Reason::too_large);
}

TEST_F(ClientCoreTest, KickAllComesBehindWhatWasSaidBefore) {
    start();
    const auto client = open("a");
    deliver(client->id(), 8);
    relay->kick_all(Reason::shutdown);
    client_pass();
    EXPECT_EQ(client->drain(), std::vector<RecordType>{RecordType::message});
    EXPECT_EQ(client->reason(), Reason::shutdown);
    pass();
    EXPECT_EQ(plane->sessions(), 0u);
    EXPECT_EQ(relay->sessions(), 0u);
}

TEST_F(ClientCoreTest, EachWakesTheOtherOnceIfItSleeps) {
    start();
    const auto client = open("a");
    const auto rung = [](int bell) {
        std::uint64_t count = 0;
        return ::read(bell, &count, sizeof count) == sizeof count ? count : 0;
    };
    rung(relay->doorbell_fd());
    rung(relayed->doorbell_fd());
    ASSERT_TRUE(relay->arm_sleep());
    client->send("g", "x");
    client_pass();
    client->send("g", "y");
    client_pass();
    EXPECT_EQ(rung(relay->doorbell_fd()), 1u);
    relay->disarm_sleep();
    ring_pass();
    client_pass();
    ASSERT_TRUE(relayed->arm_sleep());
    deliver(client->id(), 8);
    relay->publish();
    deliver(client->id(), 8);
    relay->publish();
    EXPECT_EQ(rung(relayed->doorbell_fd()), 1u);
    relayed->disarm_sleep();
    EXPECT_FALSE(relayed->arm_sleep()) << "two events are there";
    client_pass();
    EXPECT_EQ(client->drain().size(), 2u);
    EXPECT_EQ(rung(relay->doorbell_fd()), 0u) << "it was awake";
}

TEST_F(ClientCoreTest, CountersReachTheRingCore) {
    start();
    const auto client = open("a");
    client->send("g", "x");
    pass();
    EXPECT_EQ(relay->sessions(), 1u);
    EXPECT_EQ(relay->counters().operations, 2u);
    EXPECT_EQ(relay->counters().sessions_opened, 1u);
}

}  // namespace
}  // namespace torc::client_shm::test
