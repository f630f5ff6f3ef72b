// The queue between control thread and ring core: first in, first out, bounded, and between two
// threads nothing lost, doubled or torn. Run it under TSan to see the memory order proved.
#include "base/spsc_ring.hpp"

#include <deque>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc {
namespace {

TEST(SpscRing, a_full_ring_refuses_and_keeps_what_it_has) {
    SpscRing<int, 4> ring;
    EXPECT_TRUE(ring.empty());
    for (int i = 0; i < 4; ++i) EXPECT_TRUE(ring.push(i));
    EXPECT_FALSE(ring.push(99));
    for (int i = 0; i < 4; ++i) EXPECT_EQ(ring.pop(), i);
    EXPECT_EQ(ring.pop(), std::nullopt);
    EXPECT_TRUE(ring.empty());
}

RC_GTEST_PROP(SpscRing, agrees_with_a_queue_under_any_sequence,
              (const std::vector<std::pair<bool, int>>& operations)) {
    SpscRing<int, 8> ring;
    std::deque<int> model;
    for (const auto& [pushes, value] : operations) {
        if (pushes) {
            RC_ASSERT(ring.push(value) == (model.size() < 8));
            if (model.size() < 8) model.push_back(value);
        } else if (model.empty()) {
            RC_ASSERT(!ring.pop().has_value());
        } else {
            RC_ASSERT(ring.pop() == model.front());
            model.pop_front();
        }
        RC_ASSERT(ring.empty() == model.empty());
    }
}

/// Wide enough that a torn copy shows: its parts disagree.
struct Record {
    std::uint64_t number{0};
    std::uint64_t complement{0};
    std::uint64_t padding[6]{};
    std::uint64_t square{0};
};

Record record_of(std::uint64_t number) { return {number, ~number, {}, number * number}; }

TEST(SpscRing, two_threads_lose_double_and_tear_nothing) {
    constexpr std::uint64_t kRecords = 200'000;
    SpscRing<Record, 16> ring;
    std::uint64_t refusals = 0;
    std::thread producer([&] {
        for (std::uint64_t number = 0; number < kRecords;) {
            if (ring.push(record_of(number))) {
                ++number;
            } else {
                ++refusals;
                std::this_thread::yield();
            }
        }
    });
    std::uint64_t wrong = 0;
    for (std::uint64_t expected = 0; expected < kRecords;) {
        const std::optional<Record> record = ring.pop();
        if (!record) {
            std::this_thread::yield();
            continue;
        }
        const Record good = record_of(expected);
        if (record->number != good.number || record->complement != good.complement ||
            record->square != good.square) {
            ++wrong;
        }
        ++expected;
    }
    producer.join();
    EXPECT_EQ(wrong, 0u);
    EXPECT_TRUE(ring.empty());
    RecordProperty("refusals", std::to_string(refusals));
}

}  // namespace
}  // namespace torc
