// Addresses: round trip, and everything that only looks like one.
#include "config/ipv4.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc::config {
namespace {

TEST(Ipv4, ReadsDottedQuads) {
    EXPECT_EQ(parse_ipv4("239.84.0.1"), 0xEF540001u);
    EXPECT_EQ(parse_ipv4("0.0.0.0"), 0u);
    EXPECT_EQ(parse_ipv4("255.255.255.255"), 0xFFFFFFFFu);
}

TEST(Ipv4, RefusesEverythingElse) {
    for (const char* text : {"", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5",
                             "256.1.1.1", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1..2.3", "a.b.c.d",
                             "1.2.3.-4", "::1", "0x1.2.3.4", "1.2.3.4/24"}) {
        EXPECT_FALSE(parse_ipv4(text).has_value()) << text;
    }
}

TEST(Ipv4, KnowsWhatAHostAndAGroupMayBe) {
    EXPECT_TRUE(is_unicast(*parse_ipv4("127.0.0.1")));
    EXPECT_FALSE(is_unicast(*parse_ipv4("0.1.2.3")));
    EXPECT_FALSE(is_unicast(*parse_ipv4("239.0.0.1")));
    EXPECT_FALSE(is_unicast(*parse_ipv4("255.255.255.255")));
    EXPECT_TRUE(is_usable_group(*parse_ipv4("224.0.1.0")));
    EXPECT_FALSE(is_usable_group(*parse_ipv4("224.0.0.5")));
    EXPECT_FALSE(is_usable_group(*parse_ipv4("240.0.0.1")));
}

RC_GTEST_PROP(Ipv4Property, EveryAddressSurvivesTheRoundTrip, (std::uint32_t address)) {
    RC_ASSERT(parse_ipv4(format_ipv4(address)) == address);
}

}  // namespace
}  // namespace torc::config
