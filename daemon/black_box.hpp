// What the daemon leaves behind when an invariant breaks: the failed expression and the last events
// of the flight recorder, on stderr, then SIGABRT.
#pragma once

#include "telemetry/flight_recorder.hpp"

namespace torc::daemon {

/// From now on a failed TORC_CHECK dumps this recorder first. The recorder must live until
/// `forget_black_box`. Call it before threads start.
void set_black_box(const telemetry::FlightRecorder& recorder);
void forget_black_box();

}  // namespace torc::daemon
