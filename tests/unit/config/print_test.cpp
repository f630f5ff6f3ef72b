// Printed settings are a complete file again.
#include "config/print.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "config/ipv4.hpp"
#include "tests/unit/config/support.hpp"

namespace torc::config::test {
namespace {

/// Equal in every key and every node. Field by field through the schema: a key that the table
/// forgot is caught by schema_test.
void expect_equal(const Settings& a, const Settings& b) {
    for (const Key& key : schema()) {
        if (key.get != nullptr) {
            EXPECT_EQ(key.get(a), key.get(b)) << key.name;
        }
    }
    ASSERT_EQ(a.cluster.nodes.size(), b.cluster.nodes.size());
    for (std::size_t i = 0; i < a.cluster.nodes.size(); ++i) {
        EXPECT_EQ(a.cluster.nodes[i].name, b.cluster.nodes[i].name);
        EXPECT_EQ(a.cluster.nodes[i].address, b.cluster.nodes[i].address);
    }
    EXPECT_EQ(fingerprint(a.cluster), fingerprint(b.cluster));
}

/// A random value that the key allows; relations between keys are not its business.
rc::Gen<Value> any_value(const Key& key) {
    const auto number = [](std::int64_t least, std::int64_t most) {
        return rc::gen::map(rc::gen::inRange(least, most + 1), [](auto n) { return Value{n}; });
    };
    const auto text = rc::gen::container<std::string>(rc::gen::inRange<char>(1, 127));
    switch (key.type) {
        case ValueType::integer:
        case ValueType::duration:
        case ValueType::bytes:
            return number(key.least, key.most);
        case ValueType::choice:
            return number(0, static_cast<std::int64_t>(key.choices.size()) - 1);
        case ValueType::group:
            return number(0xE0000100, 0xEFFFFFFF);
        case ValueType::address:
            return number(0x01000000, 0xDFFFFFFF);
        case ValueType::boolean:
            return rc::gen::map<bool>([](bool b) { return Value{b}; });
        case ValueType::name:
            return rc::gen::just(Value{std::string("x-1._Z")});
        case ValueType::path:
            return rc::gen::map(text, [](auto s) { return Value{"/" + s}; });
        case ValueType::text:
            return rc::gen::map(text, [](auto s) { return Value{s}; });
        case ValueType::texts:
            return rc::gen::map(rc::gen::container<std::vector<std::string>>(text),
                                [](auto v) { return Value{v}; });
    }
    return rc::gen::just(Value{});
}

TEST(Print, GivesTheDefaultsAsAFile) {
    const LoadOutcome first = load_text(good(), "t");
    const std::string printed = print(first.settings.cluster, first.settings.node);
    const LoadOutcome again = load_text(printed, "printed");
    for (const Error& error : again.errors) ADD_FAILURE() << error.message;
    expect_equal(first.settings, again.settings);
    EXPECT_NE(printed.find("token_loss = \"300ms\"\n"), std::string::npos) << printed;
    EXPECT_NE(printed.find("mtu = \"1500B\"\n"), std::string::npos) << printed;
}

TEST(Print, EscapesWhatTomlNeedsEscaped) {
    EXPECT_EQ(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000A\"");
    EXPECT_EQ(quoted("\x7f"), "\"\\u007F\"");
}

/// One key at a time takes any allowed value; its printed form reads as that value.
RC_GTEST_PROP(PrintProperty, EveryValueOfEveryKeySurvives, ()) {
    Settings settings = load_text(good(), "t").settings;
    const Key& key = schema()[*rc::gen::inRange<std::size_t>(0, schema().size())];
    const bool has_member = key.set != nullptr;  // RapidCheck cannot show functions
    RC_PRE(has_member);
    const Value value = *any_value(key);
    key.set(settings, value);
    const LoadOutcome again =
        load_text(print(settings.cluster, settings.node), "printed", {.node_needed = false});
    const bool survived = key.get(again.settings) == value;
    RC_ASSERT(survived);
}

}  // namespace
}  // namespace torc::config::test
