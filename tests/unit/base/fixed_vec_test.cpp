// The bounded vector behaves as std::vector does below its bound, and aborts beyond it.
#include "base/fixed_vec.hpp"

#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc {
namespace {

template <typename T, std::size_t N>
std::vector<T> copy_of(const FixedVec<T, N>& items) {
    return {items.begin(), items.end()};
}

TEST(FixedVec, grows_to_its_bound_and_says_so) {
    FixedVec<int, 3> items;
    EXPECT_TRUE(items.empty());
    EXPECT_EQ(items.capacity(), 3u);
    for (const int item : {7, 8, 9}) {
        EXPECT_FALSE(items.full());
        items.push_back(item);
    }
    EXPECT_TRUE(items.full());
    EXPECT_EQ(items.front(), 7);
    EXPECT_EQ(items.back(), 9);
}

TEST(FixedVec, erase_keeps_the_order_of_the_rest) {
    FixedVec<int, 4> items{1, 2, 3, 4};
    items.erase_at(1);
    EXPECT_EQ(copy_of(items), (std::vector{1, 3, 4}));
    items.erase_at(2);
    EXPECT_EQ(copy_of(items), (std::vector{1, 3}));
}

TEST(FixedVec, resize_gives_fresh_items_where_old_ones_were) {
    FixedVec<int, 4> items{1, 2, 3};
    items.resize(1);
    items.resize(3);
    EXPECT_EQ(copy_of(items), (std::vector{1, 0, 0}));
}

TEST(FixedVec, equality_ignores_what_lies_beyond_the_size) {
    FixedVec<int, 4> left{1, 2, 3};
    left.pop_back();
    EXPECT_EQ(left, (FixedVec<int, 4>{1, 2}));
    EXPECT_FALSE(left == (FixedVec<int, 4>{1, 2, 3}));
}

TEST(FixedVecDeathTest, a_step_past_either_end_aborts) {
    FixedVec<int, 1> items{1};
    EXPECT_DEATH(items.push_back(2), "CHECK failed");
    EXPECT_DEATH(items.resize(2), "CHECK failed");
    EXPECT_DEATH(items.erase_at(1), "CHECK failed");
    items.clear();
    EXPECT_DEATH(items.pop_back(), "CHECK failed");
}

RC_GTEST_PROP(FixedVec, agrees_with_vector_under_any_sequence_of_operations,
              (const std::vector<std::uint16_t>& operations)) {
    FixedVec<std::uint16_t, 8> items;
    std::vector<std::uint16_t> model;
    for (const std::uint16_t operation : operations) {
        const std::size_t place = model.empty() ? 0 : operation / 4u % model.size();
        switch (operation % 4) {
            case 0:
            case 1:
                if (items.full()) break;
                items.push_back(operation);
                model.push_back(operation);
                break;
            case 2:
                if (model.empty()) break;
                items.erase_at(place);
                model.erase(model.begin() + static_cast<std::ptrdiff_t>(place));
                break;
            default:
                if (model.empty()) break;
                items.pop_back();
                model.pop_back();
                break;
        }
        RC_ASSERT(copy_of(items) == model);
        RC_ASSERT(items.full() == (model.size() == items.capacity()));
        RC_ASSERT(items.contains(operation) ==
                  (std::find(model.begin(), model.end(), operation) != model.end()));
    }
}

}  // namespace
}  // namespace torc
