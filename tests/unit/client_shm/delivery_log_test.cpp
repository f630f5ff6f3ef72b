// The log by itself: which blocks are used, kept and given back; and what one session may keep.
#include "client_shm/server/delivery_log.hpp"

#include <deque>
#include <memory>
#include <random>
#include <sys/mman.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "client_shm/server/log_pins.hpp"

namespace torc::client_shm::test {
namespace {

constexpr std::uint32_t kBlocks = kLogBlocksMin;

class DeliveryLogTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto made = DeliveryLog::make(kBlocks);
        ASSERT_TRUE(made.has_value());
        log = std::move(*made);
    }
    std::unique_ptr<DeliveryLog> log;
};

TEST_F(DeliveryLogTest, BeginsWithoutRoom) {
    EXPECT_FALSE(log->has_room(1));
    EXPECT_EQ(log->free_blocks(), kBlocks);
    ASSERT_TRUE(log->open_extent(1));
    EXPECT_TRUE(log->has_room(kLogBlockBytes));
    EXPECT_FALSE(log->has_room(kLogBlockBytes + 1));
}

/// Its descriptor is what sessions are given.
TEST_F(DeliveryLogTest, NobodyWhoIsGivenItCanWriteIt) {
    EXPECT_EQ(mmap(nullptr, kSegmentHeaderBytes, PROT_READ | PROT_WRITE, MAP_SHARED, log->fd(), 0),
              MAP_FAILED);
    EXPECT_EQ(ftruncate(log->fd(), 0), -1);
    EXPECT_EQ(
        fallocate(log->fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, kSegmentHeaderBytes),
        -1);
    const char byte = 1;
    EXPECT_EQ(pwrite(log->fd(), &byte, 1, kSegmentHeaderBytes), -1);
    void* const readable = mmap(nullptr, kSegmentHeaderBytes, PROT_READ, MAP_SHARED, log->fd(), 0);
    ASSERT_NE(readable, MAP_FAILED);
    EXPECT_EQ(mprotect(readable, kSegmentHeaderBytes, PROT_READ | PROT_WRITE), -1);
    munmap(readable, kSegmentHeaderBytes);
}

TEST_F(DeliveryLogTest, WritesOneRecordBehindTheOther) {
    ASSERT_TRUE(log->open_extent(100));
    EXPECT_EQ(log->place(), log->data());
    log->advance(48);
    EXPECT_EQ(log->end(), 48u);
    EXPECT_EQ(log->place(), log->data() + 48);
    EXPECT_FALSE(log->has_room(kLogBlockBytes - 32));
}

TEST_F(DeliveryLogTest, ReadersThatKeepUpUseTheLowestBlocksOnly) {
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(log->open_extent(kLogBlockBytes));
        const std::uint32_t extent = log->open();
        EXPECT_LT(extent, 2u);
        log->pin(extent);
        log->unpin(extent);
    }
    EXPECT_EQ(log->free_blocks(), kBlocks - 1) << "the open one";
}

TEST_F(DeliveryLogTest, APinKeepsItsExtentAndNothingElse) {
    ASSERT_TRUE(log->open_extent(1));
    const std::uint32_t kept = log->open();
    log->pin(kept);
    for (int i = 0; i < 1000; ++i) {
        ASSERT_TRUE(log->open_extent(1));
        EXPECT_NE(log->open(), kept);
    }
    EXPECT_EQ(log->free_blocks(), kBlocks - 2);
    log->unpin(kept);
    EXPECT_EQ(log->free_blocks(), kBlocks - 1);
}

TEST_F(DeliveryLogTest, AFullLogSaysSoAndStaysAsItIs) {
    for (std::uint32_t i = 0; i < kBlocks; ++i) {
        ASSERT_TRUE(log->open_extent(1));
        EXPECT_EQ(log->open(), i);
        log->pin(i);
    }
    log->advance(16);
    EXPECT_FALSE(log->open_extent(1));
    EXPECT_EQ(log->open(), kBlocks - 1);
    EXPECT_TRUE(log->has_room(16)) << "what is open goes on";
    log->unpin(7);
    EXPECT_TRUE(log->open_extent(1));
    EXPECT_EQ(log->open(), 7u);
}

TEST_F(DeliveryLogTest, LargeMessagesTakeNeighbours) {
    ASSERT_TRUE(log->open_extent(1));
    log->pin(log->open());
    ASSERT_TRUE(log->open_extent(1));
    const std::uint32_t hole = log->open();
    log->pin(hole);
    ASSERT_TRUE(log->open_extent(1));
    log->pin(log->open());
    log->unpin(hole);
    ASSERT_TRUE(log->open_extent(3 * kLogBlockBytes - 16)) << "behind the hole that is too small";
    EXPECT_EQ(log->open(), hole + 2);
    EXPECT_EQ(log->size_of(log->open()), 3u);
    EXPECT_TRUE(log->has_room(3 * kLogBlockBytes));
    EXPECT_EQ(log->free_blocks(), kBlocks - 5);
    EXPECT_FALSE(log->open_extent(kBlocks * kLogBlockBytes));
    EXPECT_FALSE(log->open_extent(std::uint64_t{kBlocks + 1} * kLogBlockBytes));
}

TEST_F(DeliveryLogTest, PinsAreDroppedInOrderAsTheReaderPasses) {
    LogPins pins;
    pins.start(log.get());
    for (std::uint64_t i = 1; i <= 3; ++i) {
        ASSERT_TRUE(log->open_extent(1));
        ASSERT_TRUE(pins.may_pin_open());
        pins.pin_open(32 * i);
        pins.pin_open(32 * i + 16);  // the same extent once more
    }
    EXPECT_EQ(log->free_blocks(), kBlocks - 3);
    pins.pass(32);
    EXPECT_EQ(log->free_blocks(), kBlocks - 3) << "the first is referred to once more";
    pins.pass(48);
    EXPECT_EQ(log->free_blocks(), kBlocks - 2);
    pins.pass(112);
    EXPECT_TRUE(pins.empty());
    EXPECT_EQ(log->free_blocks(), kBlocks - 1) << "the open one";
}

TEST_F(DeliveryLogTest, AReaderKeepsAShareAndNotMore) {
    LogPins pins;
    pins.start(log.get());
    const std::uint32_t share = kBlocks / LogPins::kShareOfLog;
    for (std::uint32_t i = 0; i < share; ++i) {
        ASSERT_TRUE(log->open_extent(1));
        ASSERT_TRUE(pins.may_pin_open());
        pins.pin_open(i + 1);
    }
    EXPECT_TRUE(pins.may_pin_open()) << "refers to the open one already";
    ASSERT_TRUE(log->open_extent(1));
    EXPECT_FALSE(pins.may_pin_open());
    pins.pass(1);
    EXPECT_TRUE(pins.may_pin_open());
    pins.drop_all();
    EXPECT_EQ(log->free_blocks(), kBlocks - 1);
}

/// Of a large log the share is more blocks than a reader has places for extents.
TEST_F(DeliveryLogTest, AReaderKeepsSoManyExtentsAndNotMore) {
    auto large = DeliveryLog::make(8 * LogPins::kPinsMax);
    ASSERT_TRUE(large.has_value());
    LogPins pins;
    pins.start(large->get());
    for (std::uint32_t i = 0; i < LogPins::kPinsMax; ++i) {
        ASSERT_TRUE((*large)->open_extent(1));
        ASSERT_TRUE(pins.may_pin_open());
        pins.pin_open(32 * (i + 1));
    }
    ASSERT_TRUE((*large)->open_extent(1));
    EXPECT_FALSE(pins.may_pin_open());
    pins.pass(32);
    ASSERT_TRUE(pins.may_pin_open());
    pins.pin_open(32 * (LogPins::kPinsMax + 1));
    pins.pass(32 * LogPins::kPinsMax);
    EXPECT_TRUE(pins.has_open()) << "the places are used in a circle";
    pins.drop_all();
}

TEST_F(DeliveryLogTest, OneMessageMayBeMoreThanTheShare) {
    LogPins pins;
    pins.start(log.get());
    ASSERT_TRUE(log->open_extent(kBlocks / 2 * kLogBlockBytes));
    EXPECT_TRUE(pins.may_pin_open());
    pins.pin_open(1);
    ASSERT_TRUE(log->open_extent(1));
    EXPECT_FALSE(pins.may_pin_open());
    pins.drop_all();
}

/// Whatever readers do: no block is in two extents, none is lost.
TEST_F(DeliveryLogTest, BlocksAreNeitherSharedNorLost) {
    std::mt19937 random{5};
    struct Kept {
        std::uint32_t extent;
        std::uint32_t blocks;
    };
    std::deque<Kept> kept;
    for (int i = 0; i < 20'000; ++i) {
        if (random() % 2 == 0 && !kept.empty()) {
            const std::size_t which = random() % kept.size();
            log->unpin(kept[which].extent);
            kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(which));
        } else if (log->open_extent(1 + random() % (4 * kLogBlockBytes))) {
            const std::uint32_t extent = log->open();
            for (const Kept& other : kept) {
                EXPECT_TRUE(extent + log->size_of(extent) <= other.extent ||
                            other.extent + other.blocks <= extent);
            }
            log->pin(extent);
            kept.push_back({extent, log->size_of(extent)});
        }
        std::uint32_t blocks = 0;
        bool open_is_kept = false;
        for (const Kept& one : kept) {
            blocks += one.blocks;
            open_is_kept |= one.extent == log->open();
        }
        if (!open_is_kept && log->open() != DeliveryLog::kNone) {
            blocks += log->size_of(log->open());
        }
        ASSERT_EQ(blocks + log->free_blocks(), kBlocks);
    }
}

}  // namespace
}  // namespace torc::client_shm::test
