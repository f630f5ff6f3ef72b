// The ring core's side without a control thread: order, back-pressure, refusals, and clients that
// write nonsense into their segment or change it while it is read.
#include <algorithm>

#include "tests/unit/client_shm/plane_fixture.hpp"

namespace torc::client_shm::test {
namespace {

TEST_F(PlaneTest, OffersOperationsInOrder) {
    start();
    auto client = open("ann");
    client->join("g");
    client->send("g", "1");
    client->send("g", "2");
    pass();
    EXPECT_EQ(seen, (std::vector<std::string>{"open ann", "join g", "send 1", "send 2"}));
    EXPECT_EQ(client->deliver()->submit_head.load(), client->header()->submit_tail.load());
}

TEST_F(PlaneTest, WouldBlockKeepsTheRecordAndDoesNotStarveOthers) {
    start();
    auto ann = open("ann");
    auto bob = open("bob");
    seen.clear();
    answer = [&](const ClientOp& op) {
        return op.session == ann->id() ? Accept::would_block : Accept::accepted;
    };
    ann->send("g", "stuck");
    ann->send("g", "behind");
    bob->send("g", "through");
    pass();
    pass();
    EXPECT_EQ(seen, (std::vector<std::string>{"send through"}));
    EXPECT_EQ(ann->deliver()->submit_head.load(), 0u);
    answer = nullptr;
    pass();
    EXPECT_EQ(seen, (std::vector<std::string>{"send through", "send stuck", "send behind"}));
}

TEST_F(PlaneTest, RecordsOfOneSessionAndPassAreBounded) {
    start({SlowReaderPolicy::disconnect, 3, 1 << 20});
    auto client = open();
    seen.clear();
    for (int i = 0; i < 7; ++i) client->send("g", "x");
    pass();
    EXPECT_EQ(seen.size(), 3u);
    EXPECT_FALSE(plane->arm_sleep()) << "there is more to do";
    pass();
    pass();
    EXPECT_EQ(seen.size(), 7u);
    EXPECT_TRUE(plane->arm_sleep());
}

TEST_F(PlaneTest, ArmSleepSeesWhatCameMeanwhile) {
    start();
    auto client = open();
    EXPECT_TRUE(plane->arm_sleep());
    EXPECT_EQ(table->daemon_page().header<DaemonHeader>()->core_ticket.load() % 2, 1u);
    plane->disarm_sleep();
    EXPECT_EQ(table->daemon_page().header<DaemonHeader>()->core_ticket.load() % 2, 0u);
    client->send("g", "x");
    EXPECT_FALSE(plane->arm_sleep());
    EXPECT_EQ(table->daemon_page().header<DaemonHeader>()->core_ticket.load() % 2, 0u);
}

TEST_F(PlaneTest, StalledSessionLetsTheCoreSleep) {
    start();
    auto client = open();
    answer = [](const ClientOp&) { return Accept::would_block; };
    client->send("g", "x");
    pass();
    EXPECT_TRUE(plane->arm_sleep()) << "only the token can help, and it rings by itself";
}

TEST_F(PlaneTest, IllegalOperationIsToldWithItsNumber) {
    start();
    auto client = open();
    answer = [](const ClientOp& op) {
        return op.name == "bad" ? Accept::illegal : Accept::accepted;
    };
    client->join("good");
    client->join("bad");
    pass();
    RecordView record;
    ASSERT_EQ(client->consumer.peek(record), RingStatus::ok);
    EXPECT_EQ(record.header.type, RecordType::refused);
    EXPECT_EQ(record.header.operation, 2u);
    EXPECT_FALSE(client->ended());
    EXPECT_EQ(plane->counters().refused, 1u);
}

TEST_F(PlaneTest, NothingOfAnOperationIsLeftForTheNext) {
    start();
    auto client = open();
    record_ops();
    const std::vector<std::byte> name = [] {
        std::vector<std::byte> body(name_bytes(1));
        write_name(body.data(), "g");
        return body;
    }();
    client->write(RecordType::flush_join, name);
    client->send("g", "payload");
    client->join("g");
    client->write(RecordType::close, {});
    pass();
    ASSERT_EQ(ops.size(), 4u);
    EXPECT_EQ(ops[0].join_kind, engine::JoinKind::flush);
    EXPECT_TRUE(ops[1].name.empty());
    EXPECT_EQ(ops[1].join_kind, engine::JoinKind::open);
    EXPECT_EQ(ops[2].join_kind, engine::JoinKind::open);
    for (const std::size_t i : {2u, 3u}) {
        EXPECT_TRUE(ops[i].groups.empty());
        EXPECT_TRUE(ops[i].payload.empty());
        EXPECT_EQ(ops[i].type, 0);
        EXPECT_EQ(ops[i].session, client->id());
    }
    EXPECT_TRUE(ops[3].name.empty());
}

TEST_F(PlaneTest, RecordsThatHadToWaitForTheOrderAreTakenWithoutAWordOfTheClient) {
    start({SlowReaderPolicy::disconnect, 2 * OperationLog::kUnderWayMax, 1 << 20});
    auto client = open();
    seen.clear();
    for (std::uint64_t i = 0; i < OperationLog::kUnderWayMax; ++i) {
        client->join("g");
        pass();
    }
    client->join("one too many");
    pass();
    ASSERT_EQ(seen.size(), OperationLog::kUnderWayMax);
    plane->ordered(client->id(), Service::agreed);
    pass();
    ASSERT_EQ(seen.size(), OperationLog::kUnderWayMax + 1);
    EXPECT_EQ(seen.back(), "join one too many");
}

TEST_F(PlaneTest, DeadClientIsDrainedThenClosedThenReleased) {
    start();
    auto client = open("ann");
    seen.clear();
    client->send("g", "last words");
    table->hang_up(client->id());
    pass();
    EXPECT_EQ(seen, (std::vector<std::string>{"send last words", "close"}));
    EXPECT_EQ(plane->sessions(), 0u);
    heard();
    EXPECT_EQ(table->in_use(), 0u);
}

TEST_F(PlaneTest, DeathInMidRecordLosesOnlyThatRecord) {
    start();
    auto client = open("ann");
    seen.clear();
    client->send("g", "whole");
    ASSERT_EQ(client->producer.reserve(1000), RingStatus::ok);
    std::memset(client->producer.body(), 0xEE, 500);
    table->hang_up(client->id());
    pass();
    EXPECT_EQ(seen, (std::vector<std::string>{"send whole", "close"}));
    EXPECT_EQ(plane->counters().violations, 0u);
}

TEST_F(PlaneTest, DeadClientWithAStuckRecordWaitsForTheEngine) {
    start();
    auto client = open("ann");
    seen.clear();
    answer = [](const ClientOp&) { return Accept::would_block; };
    client->send("g", "stuck");
    pass();
    table->hang_up(client->id());
    for (int i = 0; i < 5; ++i) pass();
    EXPECT_EQ(plane->sessions(), 1u) << "memory must stay while the engine may read it";
    answer = nullptr;
    pass();
    EXPECT_EQ(seen, (std::vector<std::string>{"send stuck", "close"}));
}

TEST_F(PlaneTest, CloseRecordEndsTheSessionBehindEarlierSends) {
    start();
    auto client = open("ann");
    seen.clear();
    client->send("g", "1");
    client->write(RecordType::close, {});
    client->send("g", "after the end");
    pass();
    EXPECT_EQ(seen, (std::vector<std::string>{"send 1", "close"}));
    EXPECT_EQ(client->reason(), Reason::closed);
}

TEST_F(PlaneTest, LateNewsForAReusedSlotIsIgnored) {
    start();
    auto first = open("ann");
    const SessionId old = first->id();
    plane->kick(old, Reason::kicked);
    pass();
    heard();
    std::vector<std::unique_ptr<RawClient>> others;
    while (table->in_use() < 4) others.push_back(open());
    heard();
    table->hang_up(old);
    deliver(old, 10);
    pass();
    EXPECT_EQ(plane->sessions(), 4u);
    EXPECT_EQ(plane->counters().stale, 1u);
}

TEST_F(PlaneTest, FlushOperationsAndSubgroupsReachTheEngine) {
    start();
    auto client = open();
    record_ops();
    std::vector<std::byte> name(name_bytes(5));
    write_name(name.data(), "group");
    client->write(RecordType::flush_join, name);
    client->write(RecordType::join, name);
    client->write(RecordType::flush_ok, name);
    pass();
    ASSERT_EQ(ops.size(), 3u);
    EXPECT_EQ(ops[0].join_kind, engine::JoinKind::flush);
    EXPECT_EQ(ops[1].join_kind, engine::JoinKind::open);
    EXPECT_EQ(ops[2].kind, ClientOp::Kind::flush_ok);
    EXPECT_FALSE(client->ended());
}

TEST_F(PlaneTest, RefusalsByTheOrderNameTheirOperation) {
    start();
    auto client = open();
    answer = [](const ClientOp& op) {
        return op.name == "bad" ? Accept::illegal : Accept::accepted;
    };
    client->join("one");
    client->join("bad");
    client->send("g", "three");
    client->join("four");
    pass();
    RecordView record;
    ASSERT_EQ(client->consumer.peek(record), RingStatus::ok);
    EXPECT_EQ(record.header.operation, 2u);
    client->consumer.advance(record);

    plane->ordered(client->id(), Service::agreed);
    plane->ordered(client->id(), Service::agreed);
    plane->session(client->id(), engine::SessionOutcome::not_member);
    plane->ordered(client->id(), Service::agreed);
    plane->session(client->id(), engine::SessionOutcome::limit_reached);
    plane->publish();
    const std::vector<std::pair<std::uint64_t, Reason>> expected{{3, Reason::not_member},
                                                                 {4, Reason::limit}};
    for (const auto& [operation, reason] : expected) {
        ASSERT_EQ(client->consumer.peek(record), RingStatus::ok);
        RefusedBody body;
        std::memcpy(&body, record.body, sizeof body);
        EXPECT_EQ(record.header.operation, operation);
        EXPECT_EQ(body.reason, reason);
        client->consumer.advance(record);
    }
    EXPECT_EQ(client->deliver()->taken.load(), 4u);
    EXPECT_EQ(client->deliver()->ordered.load(), 3u);
    EXPECT_EQ(client->deliver()->refused.load(), 1u);
}

TEST_F(PlaneTest, OfWeakMessagesItIsNotKnownWhichOneWasRefused) {
    start();
    auto client = open();
    answer = [](const ClientOp&) { return Accept::accepted; };
    client->join("one");
    client->write(RecordType::send, RawClient::send_body("g", "two", Service::fifo));
    pass();
    plane->ordered(client->id(), Service::fifo);
    plane->session(client->id(), engine::SessionOutcome::not_member);
    plane->publish();
    RecordView record;
    ASSERT_EQ(client->consumer.peek(record), RingStatus::ok);
    EXPECT_EQ(record.header.operation, 0u);
    client->consumer.advance(record);
    plane->ordered(client->id(), Service::agreed);
    plane->session(client->id(), engine::SessionOutcome::limit_reached);
    plane->publish();
    ASSERT_EQ(client->consumer.peek(record), RingStatus::ok);
    EXPECT_EQ(record.header.operation, 1u) << "and its number is nobody else's";
}

TEST_F(PlaneTest, EveryReasonOfTheEngineIsTold) {
    using engine::SessionOutcome;
    start();
    auto client = open();
    const std::vector<std::pair<Accept, Reason>> at_once{
        {Accept::illegal, Reason::bad_name},
        {Accept::not_member, Reason::not_member},
        {Accept::flushed, Reason::flushed},
    };
    for (const auto& [accept, reason] : at_once) {
        answer = [accept = accept](const ClientOp&) { return accept; };
        client->send("g", "x");
        pass();
        RecordView record;
        ASSERT_EQ(client->consumer.peek(record), RingStatus::ok);
        RefusedBody body;
        std::memcpy(&body, record.body, sizeof body);
        EXPECT_EQ(body.reason, reason);
        client->consumer.advance(record);
    }
    const std::vector<std::pair<SessionOutcome, Reason>> ends{
        {SessionOutcome::closed, Reason::closed},
        {SessionOutcome::name_taken, Reason::name_taken},
        {SessionOutcome::flush_timeout, Reason::flush_timeout},
    };
    answer = nullptr;
    for (const auto& [outcome, reason] : ends) {
        auto victim = open();
        plane->session(victim->id(), outcome);
        EXPECT_EQ(victim->reason(), reason);
        pass();
        heard();
    }
}

TEST_F(PlaneTest, AdministratorEndsASessionOnce) {
    start();
    auto client = open("ann");
    table->end(client->id(), Reason::kicked);
    table->end(client->id(), Reason::violation);
    pass();
    expect_ended(*client, Reason::kicked);
    EXPECT_EQ(plane->counters().kicked, 1u);
    table->end(client->id(), Reason::kicked);
    EXPECT_FALSE(table->core_has_news()) << "that session is gone";
}

TEST_F(PlaneTest, EveryViewSaysWhoCameWithWhom) {
    start();
    auto client = open("bob");
    const std::array<std::string_view, 3> members{"#ann#n1", "#bob#n1", "#cyd#n1"};
    const auto sets_of = [&](engine::ViewCause cause, std::string_view who, std::size_t count) {
        engine::ViewEvent event;
        event.session = client->id();
        event.group = "g";
        event.cause = cause;
        event.who = who;
        event.members = std::span(members).first(count);
        plane->view(event);
        plane->publish();
        RecordView record;
        EXPECT_EQ(client->consumer.peek(record), RingStatus::ok);
        client->consumer.advance(record);
        ViewBody body;
        std::memcpy(&body, record.body, sizeof body);
        std::vector<std::uint16_t> sets(count + 1);
        std::memcpy(sets.data(), record.body + align_up(sizeof body + body.names_bytes, 8),
                    2 * count);
        sets[count] = body.my_vs_set;
        return sets;
    };
    using Sets = std::vector<std::uint16_t>;
    EXPECT_EQ(sets_of(engine::ViewCause::join, "#ann#n1", 3), (Sets{1, 0, 0, 0}));
    EXPECT_EQ(sets_of(engine::ViewCause::join, "#bob#n1", 3), (Sets{0, 1, 0, 1}));
    EXPECT_EQ(sets_of(engine::ViewCause::join, "#ann#n1", 1), (Sets{0, 0})) << "it is alone";
    EXPECT_EQ(sets_of(engine::ViewCause::leave, "#dan#n1", 3), (Sets{0, 0, 0, 0}));
}

// --- hostile segments ----------------------------------------------------------------------------

TEST_F(PlaneTest, ImpossibleTailEndsTheSession) {
    start();
    auto client = open();
    client->header()->submit_tail.store(12345);
    pass();
    expect_ended(*client, Reason::violation);
}

TEST_F(PlaneTest, ImpossibleLengthEndsTheSessionAfterWhatWasGood) {
    start();
    auto client = open();
    seen.clear();
    client->send("g", "good");
    client->send("g", "bad");
    const std::uint32_t lie = 1 << 30;
    const std::uint64_t second = record_bytes(RawClient::send_body("g", "good").size());
    std::memcpy(client->data() + second, &lie, sizeof lie);
    pass();
    EXPECT_EQ(seen.front(), "send good");
    expect_ended(*client, Reason::violation);
}

TEST_F(PlaneTest, EveryTypeThatNoClientWritesIsAViolation) {
    for (const int type : {0, 7, 15, 16, 17, 18, 19, 20, 21, 22, 23, 0xFFFF}) {
        start();
        auto client = open();
        client->write(static_cast<RecordType>(type), std::vector<std::byte>(32));
        pass();
        EXPECT_EQ(client->reason(), Reason::violation) << type;
    }
}

TEST_F(PlaneTest, EveryLieInASendIsAViolation) {
    const auto good = RawClient::send_body("group", "payload");
    const std::size_t names_at = sizeof(SendBody);
    struct Lie {
        const char* what;
        std::size_t at;
        std::uint8_t value;
    };
    for (const Lie& lie :
         {Lie{"service", 0, 6}, Lie{"flags", 1, 4}, Lie{"subgroup of nobody", 1, 2},
          Lie{"no group", 4, 0}, Lie{"too many groups", 4, 101}, Lie{"one group more", 4, 2},
          Lie{"names past the end", 7, 0x10}, Lie{"names too short", 6, 3},
          Lie{"name past the names", names_at, 200}, Lie{"name too short", names_at, 2},
          Lie{"no NUL", names_at + 6, 'x'}}) {
        start();
        auto client = open();
        auto body = good;
        body[lie.at] = static_cast<std::byte>(lie.value);
        client->write(RecordType::send, body);
        pass();
        EXPECT_EQ(client->reason(), Reason::violation) << lie.what;
    }
}

TEST_F(PlaneTest, TornBodiesAreViolations) {
    const auto good = RawClient::send_body("group", "");
    for (std::size_t size = 0; size < good.size(); ++size) {
        start();
        auto client = open();
        client->write(RecordType::send, {good.begin(), good.begin() + static_cast<long>(size)});
        pass();
        EXPECT_EQ(client->reason(), Reason::violation) << size;
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{100}}) {
        start();
        auto client = open();
        client->write(RecordType::join, std::vector<std::byte>(size, std::byte{7}));
        pass();
        EXPECT_EQ(client->reason(), Reason::violation) << size;
    }
}

TEST_F(PlaneTest, RecordChangedWhileItWaitsStaysWhatItWas) {
    start();
    auto client = open();
    answer = [](const ClientOp& op) {
        return op.kind == ClientOp::Kind::send ? Accept::would_block : Accept::accepted;
    };
    client->send("group", "payload");
    pass();
    // The client turns the record that was half taken into something else altogether.
    std::memset(client->data(), 0xFF, sizeof(RecordHeader) + sizeof(SendBody) + 8);
    std::string group;
    std::size_t size = 0;
    answer = [&](const ClientOp& op) {
        if (op.kind == ClientOp::Kind::send) {
            group = op.groups[0];
            size = op.payload.size();
        }
        return Accept::accepted;
    };
    pass();
    EXPECT_EQ(group, "group");
    EXPECT_EQ(size, 7u);
    EXPECT_FALSE(client->ended()) << "the next record begins where the first one ended";
}

TEST_F(PlaneTest, HeadPastTheTailEndsTheSession) {
    start();
    auto client = open();
    client->header()->deliver_head.store(16 * 1000);
    for (int i = 0; i < 10 && !client->ended(); ++i) deliver(client->id(), 8000);
    pass();
    expect_ended(*client, Reason::violation);
}

TEST_F(PlaneTest, MoreReleasedThanWrittenEndsTheSession) {
    start();
    auto client = open();
    client->header()->released.store(1000);
    for (int i = 0; i < 20 && !client->ended(); ++i) deliver(client->id(), 8000);
    pass();
    expect_ended(*client, Reason::violation);
}

TEST_F(PlaneTest, ALiarDoesNotDisturbOthers) {
    start();
    auto liar = open("liar");
    auto honest = open("honest");
    seen.clear();
    liar->header()->submit_tail.store(1);
    honest->send("g", "fine");
    pass();
    EXPECT_NE(std::find(seen.begin(), seen.end(), "send fine"), seen.end());
    EXPECT_FALSE(honest->ended());
    EXPECT_TRUE(liar->ended());
}

TEST_F(PlaneTest, BellsAreRungOnceATicket) {
    start();
    auto client = open();
    const auto before = plane->counters().bells;
    client->header()->receive_ticket.store(1);
    deliver(client->id(), 10);
    plane->publish();
    EXPECT_EQ(plane->counters().bells, before + 1);
    deliver(client->id(), 10);
    plane->publish();
    EXPECT_EQ(plane->counters().bells, before + 1) << "that sleep was answered";
    client->header()->receive_ticket.store(2);
    deliver(client->id(), 10);
    plane->publish();
    EXPECT_EQ(plane->counters().bells, before + 1) << "an even ticket is an open eye";
    client->header()->receive_ticket.store(3);
    plane->publish();
    EXPECT_EQ(plane->counters().bells, before + 1) << "no news, no bell";
    deliver(client->id(), 10);
    plane->publish();
    EXPECT_EQ(plane->counters().bells, before + 2);
}

TEST_F(PlaneTest, ViewThatNeverFitsEndsTheSessionWithItsOwnReason) {
    start();
    auto client = open();
    const std::string name(64, 'x');
    const std::vector<std::string_view> members(2000, name);
    engine::ViewEvent event;
    event.session = client->id();
    event.group = "g";
    event.members = members;
    plane->view(event);
    plane->publish();
    EXPECT_EQ(client->reason(), Reason::view_too_large);
}

TEST_F(PlaneTest, ShutdownEndsEverySessionAndReleasesAll) {
    start();
    auto ann = open("ann");
    auto bob = open("bob");
    plane->kick_all(Reason::shutdown);
    pass();
    EXPECT_EQ(ann->reason(), Reason::shutdown);
    EXPECT_EQ(bob->reason(), Reason::shutdown);
    heard();
    EXPECT_EQ(table->in_use(), 0u);
}

TEST_F(PlaneTest, NameTakenInTheEngineEndsTheOpening) {
    start();
    answer = [](const ClientOp&) { return Accept::illegal; };
    auto client = open("ann");
    EXPECT_EQ(client->reason(), Reason::name_taken);
    EXPECT_EQ(plane->sessions(), 0u);
}

}  // namespace
}  // namespace torc::client_shm::test
