// The block of rejected_* counters mirrors wire::RejectReason: same order, same names.
#include <string>

#include <gtest/gtest.h>

#include "telemetry/counters.hpp"
#include "wire/validate.hpp"

namespace torc::telemetry {
namespace {

TEST(RejectNames, EqualThoseOfTheReasons) {
    ASSERT_EQ(kRejectCounters, wire::kRejectReasons);
    EXPECT_EQ(counter_at(kFirstRejectCounter, wire::RejectReason::none),
              CounterId::frames_accepted);
    for (std::size_t reason = 1; reason < wire::kRejectReasons; ++reason) {
        EXPECT_EQ(
            name_of(counter_at(kFirstRejectCounter, reason)),
            std::string("rejected_") + wire::name_of(static_cast<wire::RejectReason>(reason)));
    }
}

}  // namespace
}  // namespace torc::telemetry
