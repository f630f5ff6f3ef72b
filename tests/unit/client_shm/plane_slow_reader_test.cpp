// Clients that do not read: warned at the high-water mark, then treated as the policy says, bounded
// by bytes and by records.
#include <algorithm>

#include "tests/unit/client_shm/plane_fixture.hpp"

namespace torc::client_shm::test {
namespace {

TEST_F(PlaneTest, SlowReaderIsWarnedThenDisconnectedAndStillReadsWhatCame) {
    start();
    auto client = open();
    int sent = 0;
    for (; sent < 100 && !client->ended(); ++sent) deliver(client->id(), 4000);
    plane->publish();
    EXPECT_EQ(plane->counters().warnings, 1u);
    EXPECT_EQ(plane->counters().slow_readers, 1u);
    const auto types = client->drain();
    EXPECT_EQ(std::count(types.begin(), types.end(), RecordType::warning), 1);
    EXPECT_EQ(std::count(types.begin(), types.end(), RecordType::message), sent - 1);
    expect_ended(*client, Reason::slow_reader);
}

TEST_F(PlaneTest, ReaderIsBoundedByRecordsToo) {
    PlaneOptions options;
    options.unread_max = 20;
    options.high_water_percent = 50;
    start(options);
    auto client = open();
    int sent = 0;
    for (; sent < 100 && !client->ended(); ++sent) deliver(client->id(), 10);
    plane->publish();
    EXPECT_EQ(client->reason(), Reason::slow_reader);
    const auto types = client->drain();
    EXPECT_EQ(types.size(), 20u) << "what came before the limit, the warning included";
    EXPECT_EQ(types[10], RecordType::warning);
    EXPECT_EQ(client->deliver()->written.load(), 20u);
}

TEST_F(PlaneTest, ReaderThatReleasesIsNotBoundedByRecords) {
    PlaneOptions options;
    options.unread_max = 20;
    start(options);
    auto client = open();
    std::uint64_t released = 0;
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 12; ++i) deliver(client->id(), 10);
        plane->publish();
        released += client->drain().size();
        client->header()->released.store(released);
        pass();
    }
    EXPECT_FALSE(client->ended());
    EXPECT_EQ(plane->counters().warnings, 0u);
}

TEST_F(PlaneTest, ReaderThatCatchesUpIsWarnedAnew) {
    start();
    auto client = open();
    for (int round = 1; round <= 3; ++round) {
        for (int i = 0; i < 13; ++i) deliver(client->id(), 4000);
        plane->publish();
        EXPECT_EQ(plane->counters().warnings, static_cast<std::uint64_t>(round));
        client->drain();
        pass();
    }
    EXPECT_FALSE(client->ended());
}

TEST_F(PlaneTest, DropPolicyDropsUnreliableOnly) {
    start({SlowReaderPolicy::drop_unreliable, 64, 1 << 20});
    auto client = open();
    for (int i = 0; i < 100; ++i) deliver(client->id(), 4000, Service::unreliable);
    EXPECT_FALSE(client->ended());
    EXPECT_GT(plane->counters().dropped_unreliable, 80u);
    deliver(client->id(), 4000, Service::reliable);
    EXPECT_FALSE(client->ended()) << "the last quarter is for ordered traffic";
    for (int i = 0; i < 10; ++i) deliver(client->id(), 4000, Service::reliable);
    plane->publish();
    EXPECT_EQ(client->reason(), Reason::slow_reader);
}

TEST_F(PlaneTest, BlockPolicyHoldsLocalSendsUntilTheReaderCatchesUp) {
    start({SlowReaderPolicy::block, 64, 1 << 20});
    auto slow = open("slow");
    auto sender = open("sender");
    seen.clear();
    for (int i = 0; i < 13; ++i) deliver(slow->id(), 4000);
    sender->join("g");
    sender->send("g", "held");
    pass();
    pass();
    EXPECT_EQ(seen, (std::vector<std::string>{"join g"}));
    EXPECT_FALSE(plane->arm_sleep());
    slow->drain();
    pass();
    EXPECT_EQ(seen.back(), "send held");
    EXPECT_TRUE(plane->arm_sleep());
}

TEST_F(PlaneTest, DeadSlowReaderHoldsNothingBack) {
    start({SlowReaderPolicy::block, 64, 1 << 20});
    auto slow = open("slow");
    seen.clear();
    for (int i = 0; i < 13; ++i) deliver(slow->id(), 4000);
    slow->send("g", "last words");
    pass();
    EXPECT_TRUE(seen.empty());
    table->hang_up(slow->id());
    pass();
    pass();
    EXPECT_EQ(seen, (std::vector<std::string>{"send last words", "close"}));
}

}  // namespace
}  // namespace torc::client_shm::test
