// Names and envelopes: what is let in, what is refused, and that hostile bytes do no harm.
#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "groups/envelope.hpp"
#include "groups/name.hpp"

namespace torc::groups {
namespace {

TEST(Names, SessionNamesArePrintableWithoutHashAndBlank) {
    EXPECT_TRUE(is_session_name("alice"));
    EXPECT_TRUE(is_session_name(std::string(kNameMax, 'x')));
    EXPECT_FALSE(is_session_name(""));
    EXPECT_FALSE(is_session_name(std::string(kNameMax + 1, 'x')));
    EXPECT_FALSE(is_session_name("a#b"));
    EXPECT_FALSE(is_session_name("a b"));
    EXPECT_FALSE(is_session_name("a\n"));
    EXPECT_FALSE(is_session_name("\xC3\xA4"));
}

TEST(Names, GroupsMayBeAnyTextThatDoesNotLookPrivate) {
    EXPECT_TRUE(is_group_name("prices.eu"));
    EXPECT_TRUE(is_group_name("with blank"));
    EXPECT_TRUE(is_group_name("\xC3\xA4rger"));
    EXPECT_FALSE(is_group_name("#alice#n0"));
    EXPECT_FALSE(is_group_name(""));
    EXPECT_FALSE(is_group_name("a\x01"));
    EXPECT_TRUE(is_group_name(std::string(kGroupNameMax, 'g')));
    EXPECT_FALSE(is_group_name(std::string(kGroupNameMax + 1, 'g')));
}

TEST(Names, GroupsAreUtf8WithoutControlCharacters) {
    for (const char* good : {"\xC2\xA0", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEF\xBF\xBD",
                             "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "a\xE2\x82\xAC b"}) {
        EXPECT_TRUE(is_group_name(good)) << good;
    }
    const std::pair<const char*, const char*> bad[] = {
        {"\x7F", "DEL"},
        {"\xC2\x80", "U+0080, a control character"},
        {"\xC2\x9F", "U+009F, the last of them"},
        {"\x80", "begins in the middle"},
        {"\xC0\xAF", "overlong slash"},
        {"\xE0\x9F\xBF", "overlong, three bytes"},
        {"\xF0\x8F\xBF\xBF", "overlong, four bytes"},
        {"\xED\xA0\x80", "a surrogate"},
        {"\xF4\x90\x80\x80", "beyond U+10FFFF"},
        {"\xF5\x80\x80\x80", "no such lead"},
        {"\xC3", "cut off"},
        {"a\xE2\x82", "cut off"},
        {"\xE2\x82 ", "a blank inside"},
        {"\xC3\xA4\xFF", "a byte that is never in UTF-8"},
    };
    for (const auto& [name, why] : bad) EXPECT_FALSE(is_group_name(name)) << why;
}

TEST(Names, SpreadKnowsFewer) {
    EXPECT_TRUE(is_spread_group_name("prices.eu"));
    EXPECT_TRUE(is_spread_group_name(std::string(31, 'g')));
    EXPECT_FALSE(is_spread_group_name(std::string(32, 'g')));
    EXPECT_FALSE(is_spread_group_name("with blank"));
    EXPECT_FALSE(is_spread_group_name("\xC3\xA4rger"));
    EXPECT_FALSE(is_spread_group_name("#alice"));
}

TEST(Names, HashIsTheSameEverywhere) {
    EXPECT_NE(hash_name("a"), hash_name(std::string_view("a\0", 2)));
    EXPECT_NE(hash_name("12345678"), hash_name("123456789"));
    EXPECT_EQ(hash_name("prices.eu"), 0xD7A90EF0DA7E32D5u);
}

TEST(Names, PrivateNamesHaveTwoParts) {
    EXPECT_EQ(split_private("#alice#n0").session, "alice");
    EXPECT_EQ(split_private("#alice#n0").daemon, "n0");
    EXPECT_TRUE(split_private("alice").session.empty());
    EXPECT_TRUE(is_destination("#alice#n0"));
    EXPECT_FALSE(is_destination("#alice"));
    EXPECT_FALSE(is_destination("##n0"));
    EXPECT_FALSE(is_destination("#alice#"));
    EXPECT_FALSE(is_destination("#alice#n0#x"));
}

RC_GTEST_PROP(Envelope, ComesBackAsItWent, ()) {
    const auto count = *rc::gen::inRange<std::size_t>(1, kGroupsPerMessageMax + 1);
    const auto texts = *rc::gen::container<std::vector<std::string>>(
        count,
        rc::gen::resize(
            20, rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange('a', 'z')))));
    const auto payload = *rc::gen::arbitrary<std::string>();
    const std::vector<std::string_view> groups(texts.begin(), texts.end());
    std::vector<std::byte> bytes(kEnvelopeBytesMax + payload.size());
    const std::size_t length =
        write_envelope(EnvelopeKind::message, kSelfDiscard, 0x1234, "alice", groups, bytes);
    std::memcpy(bytes.data() + length, payload.data(), payload.size());

    Envelope envelope;
    RC_ASSERT(read_envelope(std::span(bytes).first(length + payload.size()), envelope));
    RC_ASSERT(envelope.type == 0x1234);
    RC_ASSERT(envelope.flags == kSelfDiscard);
    RC_ASSERT(envelope.session_name == "alice");
    RC_ASSERT(
        std::equal(groups.begin(), groups.end(), envelope.groups.begin(), envelope.groups.end()));
    RC_ASSERT(envelope.payload.size() == payload.size());
}

TEST(Envelope, RefusesEveryTruncationOfItsHead) {
    std::vector<std::byte> bytes(kEnvelopeBytesMax);
    const std::string_view group = "room";
    const std::size_t length =
        write_envelope(EnvelopeKind::join, 0, 0, "alice", {&group, 1}, bytes);
    Envelope envelope;
    EXPECT_TRUE(read_envelope(std::span(bytes).first(length), envelope));
    for (std::size_t shorter = 0; shorter < length; ++shorter) {
        EXPECT_FALSE(read_envelope(std::span(bytes).first(shorter), envelope)) << shorter;
    }
}

TEST(Envelope, RefusesAKindThatDoesNotFitItsGroups) {
    std::vector<std::byte> bytes(kEnvelopeBytesMax);
    Envelope envelope;
    const std::size_t none = write_envelope(EnvelopeKind::message, 0, 0, "alice", {}, bytes);
    EXPECT_FALSE(read_envelope(std::span(bytes).first(none), envelope));
    const std::string_view private_name = "#bob#n1";
    const std::size_t join =
        write_envelope(EnvelopeKind::join, 0, 0, "alice", {&private_name, 1}, bytes);
    EXPECT_FALSE(read_envelope(std::span(bytes).first(join), envelope));
}

RC_GTEST_PROP(Envelope, SurvivesRandomBytes, (const std::vector<std::uint8_t>& noise)) {
    Envelope envelope;
    read_envelope(std::as_bytes(std::span(noise)), envelope);
}

}  // namespace
}  // namespace torc::groups
