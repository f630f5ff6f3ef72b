#include "daemon/black_box.hpp"

#include <atomic>
#include <cstdio>

#include "base/check.hpp"

namespace torc::daemon {
namespace {

constexpr std::size_t kEventsDumped = 256;

std::atomic<const telemetry::FlightRecorder*> black_box{nullptr};

void print_line(void*, std::string_view line) {
    std::fprintf(stderr, "  %.*s\n", static_cast<int>(line.size()), line.data());
}

/// May run on either thread while the other goes on: an event may be torn, the process ends anyway.
void dump_and_abort(const char* expression, const std::source_location& where) {
    std::fprintf(stderr, "torcd: CHECK failed: %s at %s:%u (%s)\n", expression, where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name());
    const telemetry::FlightRecorder* const recorder = black_box.exchange(nullptr);
    if (recorder == nullptr) return;
    std::fprintf(stderr, "torcd: the last events of the ring core:\n");
    telemetry::dump(*recorder, {nullptr, &print_line}, kEventsDumped);
}

}  // namespace

void set_black_box(const telemetry::FlightRecorder& recorder) {
    black_box.store(&recorder);
    set_check_handler(&dump_and_abort);
}

void forget_black_box() { black_box.store(nullptr); }

}  // namespace torc::daemon
