// Calibration, steering and the checks that decide whether the counter can still be believed.
#include "dataplane/clock.hpp"

#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

#include <algorithm>
#include <array>
#include <fstream>

namespace torc::dataplane {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr int kRateBits = 32;
constexpr int kPairTries = 3;
// Half of a pair's reading time is its error. Longer means that we were interrupted in between.
constexpr std::int64_t kTightNs = 10'000;
constexpr int kStrikesMax = 2;

std::uint64_t read_counter(void*) {
#if defined(__x86_64__)
    return __rdtsc();
#else
    return 0;
#endif
}

std::int64_t read_monotonic(void*) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void wait_to_calibrate(void*) {
    const timespec pause{.tv_sec = 0, .tv_nsec = 10'000'000};
    nanosleep(&pause, nullptr);  // tidy: allow sleep: once, at start
}

bool counter_is_invariant() {
#if defined(__x86_64__)
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d >> 8 & 1) != 0;
#else
    return false;
#endif
}

/// The kernel watches the counter on all processors and falls back to these when it is not sane.
bool kernel_trusts_counter() {
    std::ifstream file("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    std::string source;
    file >> source;
    const std::array<std::string_view, 4> fallbacks{"hpet", "acpi_pm", "jiffies",
                                                    "refined-jiffies"};
    return std::find(fallbacks.begin(), fallbacks.end(), source) == fallbacks.end();
}

}  // namespace

Clock Clock::open() {
    return Clock(
        {.read_tsc = &read_counter, .read_ns = &read_monotonic, .wait = &wait_to_calibrate},
        counter_is_invariant() && kernel_trusts_counter());
}

Clock::Clock(const ClockSources& sources, bool use_tsc) : sources_(sources), uses_tsc_(use_tsc) {
    if (!uses_tsc_) return;
    first_ = read_pair();
    sources_.wait(sources_.context);
    const Pair second = read_pair();
    uses_tsc_ = second.tsc > first_.tsc && second.ns > first_.ns;
    if (uses_tsc_) steer(second, 0);
}

Instant Clock::now() {
    if (uses_tsc_) {
        std::int64_t ns = at(sources_.read_tsc(sources_.context));
        if (ns >= next_check_) {
            check();
            ns = uses_tsc_ ? ns : sources_.read_ns(sources_.context);
        }
        last_ = std::max(last_, ns);
    } else {
        last_ = std::max(last_, sources_.read_ns(sources_.context));
    }
    return instant_from_ns(last_);
}

std::int64_t Clock::at(std::uint64_t tsc) const {
    // A counter that went back (another core, a restored machine) must not become a huge step on.
    if (tsc <= base_tsc_) return base_ns_;
    return base_ns_ + static_cast<std::int64_t>((Wide{tsc - base_tsc_} * rate_) >> kRateBits);
}

Clock::Pair Clock::read_pair() const {
    Pair best{};
    std::int64_t best_width = -1;
    for (int i = 0; i < kPairTries; ++i) {
        const std::int64_t before = sources_.read_ns(sources_.context);
        const std::uint64_t tsc = sources_.read_tsc(sources_.context);
        const std::int64_t width = sources_.read_ns(sources_.context) - before;
        if (best_width >= 0 && width >= best_width) continue;
        best_width = width;
        best = {tsc, before + width / 2, width <= kTightNs};
    }
    return best;
}

void Clock::check() {
    const Pair pair = read_pair();
    if (!pair.tight) return;  // at the next pass again
    const std::int64_t error = at(pair.tsc) - pair.ns;
    const std::int64_t limit = kErrorMax.count();
    if (error > limit || error < -limit) {
        if (++strikes_ >= kStrikesMax) uses_tsc_ = false;
        return;
    }
    strikes_ = 0;
    steer(pair, error);
}

// Sets the rate so that by the next check the clock has made up its error, and goes on from where
// it stands: an answer never jumps.
void Clock::steer(const Pair& pair, std::int64_t error) {
    const std::int64_t interval = kCheckInterval.count();
    const auto ns = static_cast<std::uint64_t>(pair.ns - first_.ns);
    const auto true_rate = (Wide{ns} << kRateBits) / (pair.tsc - first_.tsc);
    // |error| <= kErrorMax is 1/250 of the interval, so the corrected rate stays positive.
    const auto corrected = true_rate * static_cast<std::uint64_t>(interval - error) /
                           static_cast<std::uint64_t>(interval);
    base_ns_ = pair.ns + error;
    base_tsc_ = pair.tsc;
    rate_ = static_cast<std::uint64_t>(corrected);
    next_check_ = base_ns_ + interval;
}

std::string Clock::describe() const {
    if (!uses_tsc_) return "CLOCK_MONOTONIC";
    const double mhz =
        1000.0 * static_cast<double>(std::uint64_t{1} << kRateBits) / static_cast<double>(rate_);
    return "time stamp counter, " + std::to_string(static_cast<int>(mhz + 0.5)) + " MHz";
}

}  // namespace torc::dataplane
