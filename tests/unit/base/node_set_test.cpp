// The bitmap of daemons agrees with std::set over every index that a cluster may have.
#include "base/node_set.hpp"

#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc {
namespace {

NodeIndex node(std::size_t index) { return NodeIndex{static_cast<std::uint16_t>(index)}; }

TEST(NodeSet, holds_the_first_the_last_and_both_sides_of_a_word) {
    NodeSet set;
    for (const std::size_t index :
         {std::size_t{0}, std::size_t{63}, std::size_t{64}, kNodesMax - 1}) {
        EXPECT_FALSE(set.contains(node(index)));
        set.add(node(index));
        EXPECT_TRUE(set.contains(node(index)));
    }
    EXPECT_EQ(set.size(), 4u);
    set.remove(node(63));
    EXPECT_FALSE(set.contains(node(63)));
    EXPECT_TRUE(set.contains(node(64)));
    set.clear();
    EXPECT_TRUE(set.empty());
}

TEST(NodeSet, an_index_beyond_the_bound_is_never_a_member) {
    NodeSet set;
    for (std::size_t index = 0; index < kNodesMax; ++index) set.add(node(index));
    EXPECT_EQ(set.size(), kNodesMax);
    EXPECT_FALSE(set.contains(node(kNodesMax)));
    EXPECT_FALSE(set.contains(kNoNode));
}

TEST(NodeSetDeathTest, adding_beyond_the_bound_aborts) {
    NodeSet set;
    EXPECT_DEATH(set.add(node(kNodesMax)), "CHECK failed");
    EXPECT_DEATH(set.remove(kNoNode), "CHECK failed");
}

RC_GTEST_PROP(NodeSet, agrees_with_a_set_under_any_sequence,
              (const std::vector<std::pair<bool, std::uint8_t>>& operations)) {
    NodeSet set;
    std::set<std::size_t> model;
    for (const auto& [adds, byte] : operations) {
        const std::size_t index = byte % kNodesMax;
        if (adds) {
            set.add(node(index));
            model.insert(index);
        } else {
            set.remove(node(index));
            model.erase(index);
        }
        RC_ASSERT(set.size() == model.size());
        RC_ASSERT(set.empty() == model.empty());
    }
    for (std::size_t index = 0; index < kNodesMax; ++index) {
        RC_ASSERT(set.contains(node(index)) == (model.count(index) == 1));
    }
}

}  // namespace
}  // namespace torc
