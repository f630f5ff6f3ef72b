// Units: exact meanings, every kind of refusal, and round trips of all values.
#include "config/units.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace torc::config {
namespace {

TEST(Units, DurationsMeanWhatTheySay) {
    EXPECT_EQ(parse_duration("7ns").value, 7);
    EXPECT_EQ(parse_duration("500us").value, 500'000);
    EXPECT_EQ(parse_duration("300ms").value, 300'000'000);
    EXPECT_EQ(parse_duration("2s").value, 2'000'000'000);
    EXPECT_EQ(parse_duration("3min").value, 180'000'000'000);
    EXPECT_EQ(parse_duration("1h").value, 3'600'000'000'000);
    EXPECT_EQ(parse_duration("0s").value, 0);
}

TEST(Units, SizesMeanWhatTheySay) {
    EXPECT_EQ(parse_bytes("1B").value, 1);
    EXPECT_EQ(parse_bytes("2KiB").value, 2048);
    EXPECT_EQ(parse_bytes("4MiB").value, 4 << 20);
    EXPECT_EQ(parse_bytes("1GiB").value, 1 << 30);
}

TEST(Units, EachMistakeHasItsError) {
    for (const char* text : {"", "ms", "-1ms", "+1ms", " 1ms", "1.5ms", "1m5s", "0x1ms"}) {
        EXPECT_EQ(parse_duration(text).error == UnitError::none, false) << text;
    }
    EXPECT_EQ(parse_duration("").error, UnitError::not_a_number);
    EXPECT_EQ(parse_duration("ms").error, UnitError::not_a_number);
    EXPECT_EQ(parse_duration("1m5s").error, UnitError::not_a_number);
    EXPECT_EQ(parse_duration("300").error, UnitError::missing_unit);
    EXPECT_EQ(parse_duration("300 ms").error, UnitError::unknown_unit);
    EXPECT_EQ(parse_duration("300MS").error, UnitError::unknown_unit);
    EXPECT_EQ(parse_duration("4MiB").error, UnitError::unknown_unit);
    EXPECT_EQ(parse_bytes("4MB").error, UnitError::unknown_unit);
    EXPECT_EQ(parse_bytes("4mib").unit, "mib");
}

TEST(Units, TheLargestValueFitsAndTheNextDoesNot) {
    EXPECT_EQ(parse_duration("9223372036854775807ns").value, INT64_MAX);
    EXPECT_EQ(parse_duration("9223372036854775808ns").error, UnitError::too_large);
    EXPECT_EQ(parse_duration("9223372036s").error, UnitError::none);
    EXPECT_EQ(parse_duration("9223372037s").error, UnitError::too_large);
    EXPECT_EQ(parse_bytes("99999999999999999999999999GiB").error, UnitError::too_large);
}

TEST(Units, FormattingUsesTheLargestExactUnit) {
    EXPECT_EQ(format_duration(Nanos{0}), "0ns");
    EXPECT_EQ(format_duration(Nanos{1'500'000}), "1500us");
    EXPECT_EQ(format_duration(Nanos{120'000'000'000}), "2min");
    EXPECT_EQ(format_bytes(1500), "1500B");
    EXPECT_EQ(format_bytes(1 << 20), "1MiB");
}

RC_GTEST_PROP(UnitsProperty, EveryDurationSurvivesTheRoundTrip, ()) {
    const auto value = *rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, INT64_MAX),
                                       rc::gen::map(rc::gen::inRange<std::int64_t>(0, 9'000),
                                                    [](std::int64_t s) { return s * 1'000'000; }));
    const Quantity again = parse_duration(format_duration(Nanos{value}));
    RC_ASSERT(again.error == UnitError::none);
    RC_ASSERT(again.value == value);
}

RC_GTEST_PROP(UnitsProperty, EverySizeSurvivesTheRoundTrip, ()) {
    const auto value = *rc::gen::oneOf(
        rc::gen::inRange<std::int64_t>(0, INT64_MAX),
        rc::gen::map(rc::gen::inRange<std::int64_t>(0, 9'000), [](auto k) { return k << 10; }));
    const Quantity again = parse_bytes(format_bytes(static_cast<std::uint64_t>(value)));
    RC_ASSERT(again.error == UnitError::none);
    RC_ASSERT(again.value == value);
}

/// Total: any string is a value that formats to the same amount again, or an error.
RC_GTEST_PROP(UnitsProperty, AnyStringGivesAnAnswer, ()) {
    const auto letter = rc::gen::element('0', '1', '9', 'm', 's', 'u', 'n', 'h', 'i', 'K', 'B', ' ',
                                         '-', '.', '\0', '\xff');
    const auto text = *rc::gen::container<std::string>(letter);
    for (const Quantity& quantity : {parse_duration(text), parse_bytes(text)}) {
        if (quantity.error != UnitError::none) continue;
        RC_ASSERT(quantity.value >= 0);
        RC_ASSERT(text.find_first_not_of("0123456789") != 0u);
    }
}

}  // namespace
}  // namespace torc::config
