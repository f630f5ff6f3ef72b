// A broken invariant in the daemon leaves its last events behind, then aborts.
#include "daemon/black_box.hpp"

#include <array>

#include <gtest/gtest.h>

#include "base/check.hpp"

namespace torc::daemon {
namespace {

TEST(BlackBoxDeathTest, AFailedCheckDumpsTheLastEvents) {
    std::array<telemetry::TraceEvent, 4> room{};
    telemetry::FlightRecorder recorder(room);
    telemetry::TraceEvent event;
    event.kind = telemetry::TraceKind::token_accepted;
    event.a = 424242;
    recorder.record(event);
    EXPECT_DEATH(
        {
            set_black_box(recorder);
            TORC_CHECK(1 + 1 == 3);
        },
        "CHECK failed: 1 \\+ 1 == 3(.|\n)*last events(.|\n)*424242");
}

}  // namespace
}  // namespace torc::daemon
