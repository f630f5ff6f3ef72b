// Numbered places that come and go.
#include "base/pool.hpp"

#include <set>

#include <gtest/gtest.h>

namespace torc {
namespace {

struct Item {
    int number{-1};
};

TEST(Pool, NumbersAreTakenUpAgainLatestFirst) {
    Pool<Item> pool(3);
    const auto a = pool.take(Item{1});
    const auto b = pool.take(Item{2});
    const auto c = pool.take(Item{3});
    EXPECT_TRUE(pool.full());
    EXPECT_EQ((std::set{a, b, c}), (std::set<Pool<Item>::Id>{0, 1, 2}));
    pool.give_back(a);
    pool.give_back(c);
    EXPECT_FALSE(pool.in_use(a));
    EXPECT_EQ(pool.take(), c);
    EXPECT_EQ(pool[c].number, -1) << "a new item, not the old one";
    EXPECT_EQ(pool.take(Item{5}), a);
    EXPECT_EQ(pool[a].number, 5);
    EXPECT_EQ(pool[b].number, 2);
}

TEST(Pool, ClearGivesBackAll) {
    Pool<Item> pool(2);
    pool.take();
    pool.take();
    pool.clear();
    EXPECT_EQ(pool.count(), 0u);
    EXPECT_FALSE(pool.in_use(0));
    EXPECT_EQ(pool.take(), 0u);
    EXPECT_EQ(pool.end(), 1u);
}

TEST(PoolDeathTest, AbortsWhenUsedWrongly) {
    Pool<Item> pool(1);
    const auto item = pool.take();
    EXPECT_DEATH(pool.take(), "full");
    pool.give_back(item);
    EXPECT_DEATH(pool.give_back(item), "in_use");
}

}  // namespace
}  // namespace torc
