// The table against settings.hpp: same defaults, nothing twice, nothing undocumented.
#include "config/schema.hpp"

#include <set>

#include <gtest/gtest.h>

#include "config/convert.hpp"
#include "config/document.hpp"

namespace torc::config {
namespace {

TEST(Schema, KeysAreUniqueAndDescribed) {
    std::set<std::pair<std::string_view, std::string_view>> seen;
    for (const Key& key : schema()) {
        EXPECT_TRUE(seen.emplace(key.section, key.name).second) << key.name;
        EXPECT_FALSE(key.text.empty()) << key.name;
        EXPECT_EQ(find_key(key.section, key.name), &key);
        EXPECT_EQ(key.scope == Scope::node, key.section == "daemon" || key.section == "lossy")
            << key.name;
        EXPECT_EQ(key.choices.empty(), key.type != ValueType::choice) << key.name;
    }
}

TEST(Schema, DefaultsEqualTheInitialisersOfTheSettings) {
    const Settings defaults;
    for (const Key& key : schema()) {
        if (key.get == nullptr) continue;
        const auto document = parse_toml("x = " + std::string(key.fallback), "default");
        ASSERT_TRUE(document.has_value()) << key.name << ": " << document.error().message;
        const auto value = convert(key, document->sections.at(0).entries.at(0).value);
        ASSERT_TRUE(value.has_value()) << value.error().message;
        EXPECT_EQ(*value, key.get(defaults)) << key.name;
        EXPECT_EQ(to_toml(key, key.get(defaults)), key.fallback);
    }
}

TEST(Schema, ProfileLanIsTheDefault) {
    const Key* profile = find_key("cluster.timers", "profile");
    ASSERT_NE(profile, nullptr);
    EXPECT_EQ(profile->fallback, "\"lan\"");
    ASSERT_EQ(profile->choices[0], "lan");
    Settings settings;
    settings.cluster.timers = timers_of_profile(0);
    for (const Key& key : schema()) {
        if (key.get != nullptr) {
            EXPECT_EQ(key.get(settings), key.get(Settings{})) << key.name;
        }
    }
}

/// Setting one key changes what that key reads, and no other: members are not mixed up.
TEST(Schema, EachKeyHasAMemberOfItsOwn) {
    for (const Key& key : schema()) {
        if (key.set == nullptr) continue;
        Settings settings;
        const Value before = key.get(settings);
        Value other = before;
        if (auto* number = std::get_if<std::int64_t>(&other)) *number = *number == 1 ? 2 : 1;
        if (auto* flag = std::get_if<bool>(&other)) *flag = !*flag;
        if (auto* text = std::get_if<std::string>(&other)) *text += "x";
        if (auto* texts = std::get_if<std::vector<std::string>>(&other)) texts->push_back("x");
        if (key.name == "mtu") other = std::int64_t{9000};
        key.set(settings, other);
        for (const Key& each : schema()) {
            if (each.get == nullptr) continue;
            const Value expected = &each == &key ? other : each.get(Settings{});
            EXPECT_EQ(each.get(settings), expected) << key.name << " moved " << each.name;
        }
    }
}

}  // namespace
}  // namespace torc::config
