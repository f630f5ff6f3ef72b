// The block of entered_* counters mirrors membership::Cause: same order, same names.
#include <string>

#include <gtest/gtest.h>

#include "membership/state.hpp"
#include "telemetry/counters.hpp"

namespace torc::telemetry {
namespace {

TEST(CauseNames, EqualThoseOfTheCauses) {
    ASSERT_EQ(kCauseCounters, membership::kCauses);
    for (std::size_t cause = 0; cause < kCauseCounters; ++cause) {
        EXPECT_EQ(
            name_of(counter_at(kFirstCauseCounter, cause)),
            std::string("entered_") + membership::name_of(static_cast<membership::Cause>(cause)));
    }
}

}  // namespace
}  // namespace torc::telemetry
