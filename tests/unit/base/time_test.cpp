// Instants of the clock that cannot be read.
#include "base/time.hpp"

#include <concepts>
#include <limits>

#include <gtest/gtest.h>

namespace torc {
namespace {

template <typename Clock>
concept Readable = requires { Clock::now(); };

TEST(Time, the_core_cannot_read_its_clock) {
    static_assert(!Readable<ProtocolClock>);
    static_assert(Readable<std::chrono::steady_clock>);
}

TEST(Time, instants_and_nanoseconds_are_one) {
    using namespace std::chrono_literals;
    EXPECT_EQ(ns_of(instant_from_ns(1'500)), 1'500);
    EXPECT_EQ(instant_from_ns(1'000) + 1us, instant_from_ns(2'000));
    EXPECT_EQ(instant_from_ns(5'000) - instant_from_ns(2'000), Nanos{3'000});
}

TEST(Time, never_is_later_than_every_instant) {
    EXPECT_GT(kNever, instant_from_ns(std::numeric_limits<std::int64_t>::max() - 1));
    EXPECT_EQ(ns_of(kNever), std::numeric_limits<std::int64_t>::max());
}

}  // namespace
}  // namespace torc
