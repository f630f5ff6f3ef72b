// The "did you mean" metric.
#include "config/nearest.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc::config {
namespace {

TEST(Nearest, CountsEdits) {
    EXPECT_EQ(edit_distance("", ""), 0u);
    EXPECT_EQ(edit_distance("abc", ""), 3u);
    EXPECT_EQ(edit_distance("token_loss", "token_los"), 1u);
    EXPECT_EQ(edit_distance("token_loss", "tokne_loss"), 1u);  // a swap is one mistake
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Nearest, GivesTheClosestAndNothingFarFetched) {
    constexpr std::array<std::string_view, 3> names{"token_loss", "token_retransmit", "consensus"};
    EXPECT_EQ(nearest("token_los", names), "token_loss");
    EXPECT_EQ(nearest("concensus", names), "consensus");
    EXPECT_EQ(nearest("window", names), "");
    EXPECT_EQ(nearest("", names), "");
    EXPECT_EQ(nearest(std::string(100'000, 'x'), names), "");
}

TEST(Nearest, AShortNameMayHaveOneWrongLetter) {
    constexpr std::array<std::string_view, 2> names{"udp", "dpdk"};
    EXPECT_EQ(nearest("upd", names), "udp");
    EXPECT_EQ(nearest("tcp", names), "");
}

RC_GTEST_PROP(NearestProperty, DistanceIsSymmetricAndBounded, ()) {
    const auto letter = rc::gen::element('a', 'b', 'c');
    const auto a = *rc::gen::container<std::string>(letter);
    const auto b = *rc::gen::container<std::string>(letter);
    const std::size_t distance = edit_distance(a, b);
    RC_ASSERT(distance == edit_distance(b, a));
    RC_ASSERT(distance <= std::max(a.size(), b.size()));
    RC_ASSERT(distance >= std::max(a.size(), b.size()) - std::min(a.size(), b.size()));
    RC_ASSERT((distance == 0) == (a == b));
}

}  // namespace
}  // namespace torc::config
