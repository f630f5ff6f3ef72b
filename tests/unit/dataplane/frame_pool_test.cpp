// The pool gives every frame out once, takes every one back once, and says when it is dry.
#include "dataplane/frame_pool.hpp"

#include <cstring>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace torc::dataplane {
namespace {

std::unique_ptr<FramePool> pool_of(std::uint32_t frames, std::uint32_t bytes = 1472) {
    auto pool = FramePool::open(frames, bytes);
    EXPECT_TRUE(pool.has_value());
    return std::move(*pool);
}

TEST(FramePool, LendsEveryFrameOnceAndThenIsDry) {
    const auto pool = pool_of(8);
    std::set<std::byte*> memory;
    std::vector<FrameRef> frames;
    for (int i = 0; i < 8; ++i) {
        const FrameRef frame = pool->acquire();
        ASSERT_TRUE(frame);
        EXPECT_EQ(frame.size, 0u);
        EXPECT_EQ(frame.capacity, 1472u);
        memory.insert(frame.data);
        frames.push_back(frame);
    }
    EXPECT_EQ(memory.size(), 8u);
    EXPECT_FALSE(pool->acquire());
    EXPECT_EQ(pool->references(), 8u);
    pool->release(frames[3].cookie);
    EXPECT_EQ(pool->acquire().data, frames[3].data);
    for (const FrameRef& frame : frames) pool->release(frame.cookie);
    EXPECT_EQ(pool->references(), 0u);
    EXPECT_EQ(pool->free_frames(), 8u);
}

TEST(FramePool, FramesDoNotOverlap) {
    const auto pool = pool_of(16, 100);
    std::vector<FrameRef> frames;
    for (int i = 0; i < 16; ++i) {
        frames.push_back(pool->acquire());
        std::memset(frames.back().data - FramePool::kHeadroom, i, FramePool::kHeadroom + 100);
    }
    for (int i = 0; i < 16; ++i) {
        const std::byte* from = frames[static_cast<std::size_t>(i)].data - FramePool::kHeadroom;
        for (std::size_t at = 0; at < FramePool::kHeadroom + 100; ++at) {
            ASSERT_EQ(from[at], static_cast<std::byte>(i));
        }
    }
    for (const FrameRef& frame : frames) pool->release(frame.cookie);
}

TEST(FramePool, AReferenceKeepsTheFrameAfterTheLoanIsGivenBack) {
    const auto pool = pool_of(1);
    const FrameRef frame = pool->acquire();
    pool->ref(frame.cookie);
    pool->release(frame.cookie);
    EXPECT_EQ(pool->references(), 1u);
    EXPECT_FALSE(pool->acquire());
    pool->release(frame.cookie);
    EXPECT_TRUE(pool->acquire());
}

TEST(FramePool, LendsTheWarmestFrameFirst) {
    const auto pool = pool_of(4);
    const FrameRef first = pool->acquire();
    const FrameRef second = pool->acquire();
    pool->release(second.cookie);
    pool->release(first.cookie);
    EXPECT_EQ(pool->acquire().data, first.data);
    EXPECT_EQ(pool->acquire().data, second.data);
}

TEST(FramePoolDeath, GivingBackTwiceOrSomethingElseAborts) {
    const auto pool = pool_of(2);
    const FrameRef frame = pool->acquire();
    pool->release(frame.cookie);
    EXPECT_DEATH(pool->release(frame.cookie), "CHECK failed");
    int foreign = 0;
    EXPECT_DEATH(pool->release(&foreign), "CHECK failed");
}

TEST(FramePool, RefusesSizesOutOfRangeWithARemedy) {
    for (const auto& [frames, bytes] : {std::pair{0u, 1472u}, std::pair{8u, 0u},
                                        std::pair{8u, 9000u}, std::pair{2'000'000u, 64u}}) {
        const auto pool = FramePool::open(frames, bytes);
        ASSERT_FALSE(pool.has_value());
        EXPECT_FALSE(pool.error().remedy.empty());
    }
}

}  // namespace
}  // namespace torc::dataplane
