// config/torc.example.toml is the manual: it loads, it is complete, and it tells the truth.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "config/document.hpp"
#include "config/load.hpp"

namespace torc::config {
namespace {

std::string example() {
    std::ifstream file(TORC_EXAMPLE);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(Example, Loads) {
    const LoadOutcome outcome = load_file(TORC_EXAMPLE, {.node = "alpha"});
    for (const Error& error : outcome.errors) ADD_FAILURE() << error.message;
    EXPECT_EQ(outcome.settings.cluster.nodes.size(), 3u);
}

TEST(Example, HasEveryKeyWithItsDefault) {
    const Result<Document> document = parse_toml(example(), "example");
    ASSERT_TRUE(document.has_value()) << document.error().message;
    for (const Key& key : schema()) {
        std::size_t given = 0;
        for (const RawSection& section : document->sections) {
            if (section.name != key.section) continue;
            for (const RawEntry& entry : section.entries) given += entry.key == key.name ? 1 : 0;
        }
        EXPECT_EQ(given, key.section == "node" ? 3u : 1u) << key.section << "." << key.name;
    }
    const Settings loaded = load_file(TORC_EXAMPLE, {.node_needed = false}).settings;
    for (const Key& key : schema()) {
        if (key.get != nullptr) {
            EXPECT_EQ(key.get(loaded), key.get(Settings{})) << key.name;
        }
    }
    EXPECT_NE(example().find("profile = \"lan\"\n"), std::string::npos);
}

/// Counterparts in the table stand in the manual, too.
TEST(Example, NamesTheCounterpartsOfCorosync) {
    const std::string text = example();
    for (const Key& key : schema()) {
        if (key.corosync.empty() || key.section == "node") continue;
        EXPECT_NE(text.find(key.corosync), std::string::npos) << key.corosync;
    }
}

TEST(Example, EveryChoiceIsExplained) {
    const std::string text = example();
    for (const Key& key : schema()) {
        for (const std::string_view choice : key.choices) {
            EXPECT_NE(text.find("#   \"" + std::string(choice) + "\" "), std::string::npos)
                << key.name << " " << choice;
        }
    }
}

}  // namespace
}  // namespace torc::config
