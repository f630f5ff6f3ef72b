// The window found by trial, alone against rings that are two or three numbers: what a rotation
// takes, and what of it the frames in flight bring. Then on rings with engines.
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "base/prng.hpp"
#include "ordering/in_flight_window.hpp"
#include "tests/unit/ordering/ring_fixture.hpp"

namespace torc::ordering::testing {
namespace {

using namespace std::chrono_literals;

config::ClusterSettings adaptive(std::uint32_t most) {
    config::ClusterSettings settings = test_settings(3);
    settings.in_flight_frames = most;
    settings.burst_frames = 8;
    settings.in_flight = config::InFlight::adaptive;
    return settings;
}

/// A ring as its representative sees it: with `window` frames in flight, so many a second are given
/// out. A frame is in flight for four rotations.
class ToyRing {
public:
    using Rate = std::function<double(double window)>;

    ToyRing(std::uint32_t most, Rate rate_)
        : rate(std::move(rate_)), window_(adaptive(most)), said_(most) {
        window_.start_ring(3);
    }

    void visits(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const double per_second = rate(said_);
            const double rotation = said_ / per_second / 4;
            now_ += Nanos{static_cast<std::int64_t>(rotation * 1e9)};
            given_out_ += std::max(1.0, per_second * rotation);
            const Seq given{static_cast<std::uint64_t>(given_out_)};
            const Seq stable{given.raw > said_ ? given.raw - said_ : 0};
            said_ = window_.visit({now_, given, stable, wanting});
            least = std::min(least, said_);
        }
    }

    Rate rate;
    bool wanting{true};
    std::uint32_t least{UINT32_MAX};
    std::uint32_t said() const { return said_; }
    InFlightWindow& window() { return window_; }

private:
    InFlightWindow window_;
    std::uint32_t said_;
    Instant now_{instant_from_ns(1'000)};
    double given_out_{0};
};

/// A wire: `pipe` frames fill it, more stand in its queue.
ToyRing::Rate wire_of(double pipe) {
    return [pipe](double window) { return 1e6 * std::min(1.0, window / pipe); };
}
/// A processor that takes its turn however little there is: larger windows are always faster,
/// by less and less.
double processor(double window) { return 1e6 * window / (window + 200); }

constexpr std::size_t kLong = 20'000;  // visits: some hundred trials

TEST(Window, FixedSaysNothingAndHearsNothing) {
    config::ClusterSettings settings = adaptive(768);
    settings.in_flight = config::InFlight::fixed;
    InFlightWindow window(settings);
    window.start_ring(3);
    EXPECT_EQ(window.visit({Instant{}, Seq{10}, Seq{1}, true}), 0u);
    EXPECT_EQ(window.by_token(0), 768u);
    EXPECT_EQ(window.by_token(100), 768u);
}

TEST(Window, WhatTheTokenSaysIsClamped) {
    InFlightWindow window(adaptive(768));
    window.start_ring(3);
    EXPECT_EQ(window.by_token(0), 768u) << "nobody has said anything yet";
    EXPECT_EQ(window.by_token(100), 100u);
    EXPECT_EQ(window.by_token(769), 768u);
    EXPECT_EQ(window.by_token(UINT32_MAX), 768u);
    EXPECT_EQ(window.by_token(1), 12u) << "four rotations of one frame of everybody";
    window.start_ring(100);
    EXPECT_EQ(window.by_token(1), 400u);
    InFlightWindow small(adaptive(5));
    small.start_ring(100);
    EXPECT_EQ(small.by_token(1), 5u) << "never above what is configured";
    EXPECT_EQ(small.by_token(6), 5u);
}

TEST(Window, AStandingQueueIsCutAway) {
    for (const double pipe : {30.0, 100.0, 400.0}) {
        ToyRing ring(2048, wire_of(pipe));
        ring.visits(kLong);
        EXPECT_GE(ring.said(), 0.8 * pipe) << pipe;
        EXPECT_LE(ring.said(), 1.8 * pipe) << pipe;
    }
}

TEST(Window, AWireThatTakesAllIsFilled) {
    ToyRing ring(768, wire_of(5000));
    ring.visits(kLong);
    EXPECT_GE(ring.least, 600u) << "only tried, never cut";
}

TEST(Window, WhereRateFollowsThereIsNoQueue) {
    ToyRing ring(768, processor);
    ring.visits(kLong);
    EXPECT_GE(ring.least, 600u) << "the delay grows with the window, and the rate as well";
}

TEST(Window, GrowsBackWhenTheRateFollowsAgain) {
    ToyRing ring(1024, wire_of(60));
    ring.visits(kLong);
    ASSERT_LE(ring.said(), 108u);
    ring.rate = wire_of(700);
    ring.visits(kLong);
    EXPECT_GE(ring.said(), 560u);
}

TEST(Window, IsNeverBelowItsFloor) {
    ToyRing ring(768, [](double) { return 1000.0; });  // rate is what it is: all is queue
    ring.visits(kLong);
    EXPECT_EQ(ring.least, 12u);
}

TEST(Window, LossFromOverflowCutsIt) {
    // Beyond 300 frames a queue overflows, and what is sent again takes the place of news.
    ToyRing ring(2048, [](double window) { return window < 300 ? 3000 * window : 1e8 / window; });
    ring.visits(kLong);
    EXPECT_LE(ring.said(), 400u);
    EXPECT_GE(ring.said(), 200u);
}

TEST(Window, WhoHasNothingToSendLearnsNothing) {
    ToyRing ring(768, wire_of(60));
    ring.wanting = false;
    ring.visits(kLong);
    EXPECT_EQ(ring.least, 768u);
    // A gap within every trial: none comes to an end.
    for (int i = 0; i < 300; ++i) {
        ring.wanting = true;
        ring.visits(60);
        ring.wanting = false;
        ring.visits(1);
    }
    EXPECT_EQ(ring.said(), 768u);
}

/// Dice on every measurement, as on a machine that others use as well.
TEST(Window, NoiseAloneCutsNothing) {
    Prng prng(7);
    ToyRing ring(768, [&](double window) {
        return processor(window) * (0.5 + static_cast<double>(prng.below(1000)) / 1000);
    });
    ring.visits(kLong);
    EXPECT_GE(ring.said(), 300u);
}

// --- on rings ----------------------------------------------------------------------------------

TEST(Window, AllMembersTakeWhatTheRepresentativeSays) {
    Cluster c(adaptive(256));
    c.form(c.everybody());
    std::uint32_t said = 0;
    std::size_t tokens = 0;
    std::set<std::uint32_t> windows;
    c.watch = [&](const Packet& p) {
        if (!p.is(wire::Kind::token)) return;
        const std::uint32_t now = p.token().window;
        if (p.from == 0) said = now;
        if (said == 0) return;  // the first that it sends is yet to come
        EXPECT_EQ(now, said) << "from " << p.from;
        windows.insert(now);
        ++tokens;
    };
    for (int n = 0; n < 4000; ++n) {
        for (std::size_t i = 0; i < 3; ++i) {
            while (c.submit(i, std::string(1300, 'x')) == Submit::queued) {
            }
        }
        c.run_for(10us);
    }
    EXPECT_GT(windows.size(), 1u) << "something was tried";
    EXPECT_GE(*windows.begin(), 12u);
    EXPECT_LE(*windows.rbegin(), 256u);
    EXPECT_GT(tokens, 1000u);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_LE(c[i].count(telemetry::CounterId::in_flight_window), 256u);
        EXPECT_GE(c[i].count(telemetry::CounterId::in_flight_window), 12u);
    }
    c.run_until([&] { return c.all_stable(); });
    EXPECT_EQ(c[0].messages(), c[2].messages());
}

}  // namespace
}  // namespace torc::ordering::testing
