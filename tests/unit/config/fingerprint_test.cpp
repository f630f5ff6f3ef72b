// The hash in every frame: pinned, sensitive to every cluster setting, deaf to local ones.
#include <set>

#include <gtest/gtest.h>

#include "config/schema.hpp"
#include "tests/unit/config/support.hpp"

namespace torc::config::test {
namespace {

/// A change of this number keeps running daemons out of rings with new ones: it needs a reason.
TEST(Fingerprint, IsPinned) {
    EXPECT_EQ(fingerprint(load_text(good(), "t").settings.cluster), 0x28C911E22C0A8A80u);
}

TEST(Fingerprint, EveryClusterKeyCountsAndNoLocalOneDoes) {
    const Settings base = load_text(good(), "t").settings;
    const std::uint64_t expected = fingerprint(base.cluster);
    for (const Key& key : schema()) {
        if (key.set == nullptr) continue;
        Settings changed = base;
        Value value = key.get(changed);
        if (auto* number = std::get_if<std::int64_t>(&value)) *number += 1;
        if (auto* flag = std::get_if<bool>(&value)) *flag = !*flag;
        if (auto* text = std::get_if<std::string>(&value)) *text += "x";
        if (auto* texts = std::get_if<std::vector<std::string>>(&value)) texts->push_back("x");
        key.set(changed, value);
        const bool differs = fingerprint(changed.cluster) != expected;
        EXPECT_EQ(differs, key.scope == Scope::cluster) << key.name;
    }
}

TEST(Fingerprint, NamesAddressesAndOrderOfNodesCount) {
    std::set<std::uint64_t> seen;
    const auto count = [&seen](const std::string& text) {
        seen.insert(fingerprint(load_text(text, "t").settings.cluster));
    };
    count(good());
    count(replaced(good(), "10.0.0.2", "10.0.0.3"));
    count(replaced(good(), "\"b\"", "\"c\""));
    count(replaced(replaced(replaced(good(), "10.0.0.1", "x"), "10.0.0.2", "10.0.0.1"), "\"x\"",
                   "\"10.0.0.2\""));
    count(good() + "[[node]]\nname = \"c\"\naddress = \"10.0.0.3\"\n");
    EXPECT_EQ(seen.size(), 5u);
}

TEST(Fingerprint, NamesDoNotRunIntoEachOther) {
    ClusterSettings one;
    one.nodes = {{"ab", 1, NodeIndex{0}}, {"c", 1, NodeIndex{1}}};
    ClusterSettings two;
    two.nodes = {{"a", 1, NodeIndex{0}}, {"bc", 1, NodeIndex{1}}};
    EXPECT_NE(fingerprint(one), fingerprint(two));
}

/// The hop header has room for the low half only.
TEST(Fingerprint, TheLowHalfTellsApart) {
    std::set<std::uint32_t> seen;
    ClusterSettings settings;
    for (std::uint16_t port = 1; port <= 10'000; ++port) {
        settings.data_port = port;
        seen.insert(static_cast<std::uint32_t>(fingerprint(settings)));
    }
    EXPECT_GE(seen.size(), 9'998u);  // birthday bound: 0.01 collisions expected
}

TEST(Fingerprint, CommentsAndSpellingDoNotCount) {
    const std::string other =
        "# a comment\n" + replaced(good(), "name = \"t\"", "mtu = '1500B'\nname = 't'");
    EXPECT_EQ(fingerprint(load_text(good(), "t").settings.cluster),
              fingerprint(load_text(other, "u").settings.cluster));
}

}  // namespace
}  // namespace torc::config::test
