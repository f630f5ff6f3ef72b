// A run as the library goes through it. Whatever the ring and the log say, nothing outside of the
// log is read: the log of these tests ends where their memory does.
#include "client_shm/client/run_walk.hpp"

#include <array>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include <gtest/gtest.h>

namespace torc::client_shm::test {
namespace {

constexpr std::uint64_t kLogBytes = 256;

class RunWalkTest : public ::testing::Test {
protected:
    void SetUp() override { walk.set_log(log.data(), log.size()); }

    /// A message of that size at that offset. Gives: where the next one goes.
    std::uint64_t put(std::uint64_t offset, std::uint32_t body_bytes,
                      RecordType type = RecordType::message) {
        const RecordHeader header{body_bytes, type, 0, 0};
        std::memcpy(log.data() + offset, &header, sizeof header);
        return offset + record_bytes(body_bytes);
    }
    bool enter(const RunBody& run, std::uint32_t body_bytes = sizeof(RunBody)) {
        body = run;
        RecordView record;
        record.header = {body_bytes, RecordType::run, 0, 0};
        record.body = std::as_bytes(std::span(&body, 1)).data();
        record.position = 4096;
        return walk.enter(record);
    }

    std::vector<std::byte> log = std::vector<std::byte>(kLogBytes);
    RunBody body{};
    RunWalk walk;
};

TEST_F(RunWalkTest, GoesFromMessageToMessage) {
    std::uint64_t end = put(32, 5);
    end = put(end, 20);
    ASSERT_TRUE(enter({32, static_cast<std::uint32_t>(end - 32), 2}));
    RecordView record;
    ASSERT_TRUE(walk.peek(record));
    EXPECT_EQ(record.header.body_bytes, 5u);
    EXPECT_EQ(record.body, log.data() + 32 + sizeof(RecordHeader));
    EXPECT_EQ(record.position, 4096u) << "the ring's, not the log's";
    EXPECT_EQ(walk.advance(record), 32u);
    ASSERT_TRUE(walk.is_inside());
    ASSERT_TRUE(walk.peek(record));
    EXPECT_EQ(record.header.body_bytes, 20u);
    EXPECT_EQ(walk.advance(record), 48u);
    EXPECT_FALSE(walk.is_inside());
}

TEST_F(RunWalkTest, ARunMayEndWhereTheLogEnds) {
    put(kLogBytes - 32, 16);
    ASSERT_TRUE(enter({kLogBytes - 32, 32, 1}));
    RecordView record;
    EXPECT_TRUE(walk.peek(record));
}

TEST_F(RunWalkTest, WithoutALogThereAreNoRuns) {
    walk.set_log(nullptr, 0);
    EXPECT_FALSE(walk.has_log());
    EXPECT_FALSE(enter({0, 32, 1}));
}

TEST_F(RunWalkTest, RunsThatCannotBeAreNotEntered) {
    const std::array impossible{
        RunBody{kLogBytes + 16, 16, 1},   // begins behind the log
        RunBody{UINT64_MAX - 15, 32, 1},  // so far behind that the sum is small again
        RunBody{kLogBytes - 16, 32, 1},   // ends behind it
        RunBody{0, kLogBytes + 16, 1},    // is more than the log
        RunBody{8, 32, 1},                // begins inside of a record
        RunBody{0, 24, 1},                // ends inside of one
        RunBody{0, 32, 0},                // has no message
        RunBody{0, 32, 3},                // has more than there are headers
        RunBody{0, 0, 1},                 // has no bytes
    };
    for (const RunBody& run : impossible) {
        EXPECT_FALSE(enter(run)) << run.offset << ' ' << run.bytes << ' ' << run.records;
        EXPECT_FALSE(walk.is_inside());
    }
    EXPECT_FALSE(enter({0, 32, 1}, sizeof(RunBody) - 1));
    EXPECT_FALSE(enter({0, 32, 1}, sizeof(RunBody) + 1));
    EXPECT_TRUE(enter({0, 32, 1}));
}

TEST_F(RunWalkTest, AMessageThatLeavesItsRunIsNone) {
    put(0, 17);  // 48 bytes
    ASSERT_TRUE(enter({0, 32, 1}));
    RecordView record;
    EXPECT_FALSE(walk.peek(record));
    put(0, UINT32_MAX);
    EXPECT_FALSE(walk.peek(record));
    put(0, 16);
    EXPECT_TRUE(walk.peek(record));
}

TEST_F(RunWalkTest, OnlyMessagesStandInALog) {
    RecordView record;
    for (const RecordType type : {RecordType::view, RecordType::run, RecordType{0}}) {
        put(0, 16, type);
        ASSERT_TRUE(enter({0, 32, 1}));
        EXPECT_FALSE(walk.peek(record));
    }
}

TEST_F(RunWalkTest, MoreMessagesThanBytesEndWithTheBytes) {
    const std::uint64_t end = put(0, 16);
    ASSERT_TRUE(enter({0, static_cast<std::uint32_t>(end), 2}));
    RecordView record;
    ASSERT_TRUE(walk.peek(record));
    walk.advance(record);
    ASSERT_TRUE(walk.is_inside());
    EXPECT_FALSE(walk.peek(record));
}

/// Every record that is given lies in the log and in its run, whatever both contain.
TEST_F(RunWalkTest, NonsenseStaysInTheLog) {
    std::mt19937 random{7};
    std::size_t given = 0;
    for (int round = 0; round < 20'000; ++round) {
        for (std::uint64_t at = 0; at < kLogBytes; at += 16) {
            const std::uint32_t bytes =
                static_cast<std::uint32_t>(random() % (random() % 8 == 0 ? UINT32_MAX : 64));
            put(at, bytes, random() % 16 == 0 ? RecordType::view : RecordType::message);
        }
        const RunBody run{random() % 20 * 16, static_cast<std::uint32_t>(random() % 20 * 16),
                          static_cast<std::uint32_t>(random() % 6)};
        if (!enter(run)) continue;
        RecordView record;
        std::uint64_t left = run.bytes;
        while (walk.is_inside() && walk.peek(record)) {
            const std::uint64_t bytes = record_bytes(record.header.body_bytes);
            ASSERT_LE(bytes, left);
            ASSERT_GE(record.body, log.data() + run.offset + sizeof(RecordHeader));
            ASSERT_LE(record.body + record.header.body_bytes, log.data() + kLogBytes);
            left -= walk.advance(record);
            ++given;
        }
    }
    EXPECT_GT(given, 1000u);
}

}  // namespace
}  // namespace torc::client_shm::test
