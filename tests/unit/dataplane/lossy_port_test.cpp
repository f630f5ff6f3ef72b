// The lossy port: loses, repeats and delays what its rates say, leaks no loan, and leaves the rest
// of the port alone.
#include "dataplane/lossy_port.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <vector>

#include <gtest/gtest.h>

#include "wire/hop.hpp"

namespace torc::dataplane {
namespace {

constexpr std::size_t kFrame = 64;
Instant g_now{};

/// A port whose received frames the test puts in; counts loans as the real ones do.
class FakePort final : public Port {
public:
    explicit FakePort(std::size_t frames) : memory_(frames) {
        for (auto& frame : memory_) free_.push_back(&frame);
    }

    void arrive(std::uint16_t transmitter, std::uint64_t number) {
        FrameRef frame = acquire();
        ASSERT_TRUE(frame);
        wire::HopHeader hop;
        hop.transmitter = transmitter;
        std::memcpy(frame.data, &hop, sizeof hop);
        std::memcpy(frame.data + sizeof hop, &number, sizeof number);
        frame.size = sizeof hop + sizeof number;
        frame.capacity = 0;
        waiting_.push_back(frame);
    }
    void arrive_short() {
        FrameRef frame = acquire();
        frame.size = 3;
        waiting_.push_back(frame);
    }

    std::size_t receive(std::span<FrameRef> frames) override {
        std::size_t count = 0;
        while (count < frames.size() && !waiting_.empty()) {
            frames[count++] = waiting_.front();
            waiting_.pop_front();
        }
        return count;
    }
    void transmit(const wire::Transmit&) override { ++transmitted; }
    void flush() override { ++flushed; }
    FrameRef acquire() override {
        if (free_.empty()) return {};
        auto* frame = free_.back();
        free_.pop_back();
        return {frame, frame->data(), 0, kFrame};
    }
    void release(void* cookie) override {
        free_.push_back(static_cast<std::array<std::byte, kFrame>*>(cookie));
        ASSERT_LE(free_.size(), memory_.size()) << "given back twice";
    }
    std::size_t loans() const override { return memory_.size() - free_.size(); }
    void maintain(Instant) override { ++maintained; }
    int wake_fd() const override { return 7; }
    void arm_wake() override { ++armed; }
    Nanos sleep_max() const override { return Nanos::max(); }
    PortCounters counters() const override { return {.rx_frames = 11}; }
    std::string describe() const override { return "fake"; }

    int transmitted{0}, flushed{0}, maintained{0}, armed{0};

private:
    std::vector<std::array<std::byte, kFrame>> memory_;
    std::vector<std::array<std::byte, kFrame>*> free_;
    std::deque<FrameRef> waiting_;
};

std::uint64_t number_of(const FrameRef& frame) {
    std::uint64_t number = 0;
    std::memcpy(&number, frame.data + sizeof(wire::HopHeader), sizeof number);
    return number;
}

struct Bench {
    explicit Bench(const LossyRates& rates, std::size_t frames = 4096, std::uint64_t seed = 1) {
        auto inner = std::make_unique<FakePort>(frames);
        fake = inner.get();
        auto page = LossyPage::unnamed(rates);
        port = std::make_unique<LossyPort>(std::move(inner), std::move(*page), seed,
                                           [] { return g_now; });
    }
    /// Receives until nothing comes; gives the numbers back in their order.
    std::vector<std::uint64_t> drain() {
        std::vector<std::uint64_t> numbers;
        std::array<FrameRef, 32> burst;
        while (const std::size_t count = port->receive(burst)) {
            for (std::size_t i = 0; i < count; ++i) {
                numbers.push_back(number_of(burst[i]));
                port->release(burst[i].cookie);
            }
        }
        return numbers;
    }
    void arrive(std::size_t count, std::uint16_t transmitter = 1) {
        for (std::uint64_t i = 0; i < count; ++i) fake->arrive(transmitter, i);
    }

    FakePort* fake;
    std::unique_ptr<LossyPort> port;
};

TEST(LossyPort, RatesOfZeroTouchNothing) {
    Bench bench({});
    bench.arrive(100);
    const auto numbers = bench.drain();
    ASSERT_EQ(numbers.size(), 100u);
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
    EXPECT_EQ(bench.port->loans(), 0u);
    EXPECT_EQ(bench.port->sleep_max(), Nanos::max());
}

TEST(LossyPort, LosesTheGivenShareAndCountsIt) {
    Bench bench({.loss_ppm = 250'000});
    bench.arrive(4000);
    const auto numbers = bench.drain();
    const std::uint64_t lost = bench.port->counters().lossy_lost;
    EXPECT_EQ(numbers.size() + lost, 4000u);
    EXPECT_NEAR(static_cast<double>(lost), 1000, 150);  // five standard deviations and more
    EXPECT_EQ(bench.port->loans(), 0u);
}

TEST(LossyPort, OneSeedMakesOneChoice) {
    const auto kept = [](std::uint64_t seed) {
        Bench bench({.loss_ppm = 500'000}, 4096, seed);
        bench.arrive(200);
        return bench.drain();
    };
    EXPECT_EQ(kept(5), kept(5));
    EXPECT_NE(kept(5), kept(6));
}

TEST(LossyPort, LosesEverythingAndStillFindsWhatIsBehind) {
    Bench bench({.loss_ppm = 1'000'000});
    bench.arrive(3000);
    std::array<FrameRef, 32> burst;
    for (int look = 0; look < 20; ++look) EXPECT_EQ(bench.port->receive(burst), 0u);
    EXPECT_EQ(bench.port->counters().lossy_lost, 3000u);
}

/// After an answer of "nothing" the loop sleeps: a burst that is lost whole must not hide the next.
TEST(LossyPort, ALostBurstDoesNotHideTheNext) {
    LossyRates rates;
    rates.set_deaf_to(NodeIndex{1}, true);
    Bench bench(rates);
    bench.arrive(64, 1);
    bench.fake->arrive(2, 77);
    std::array<FrameRef, 32> burst;
    ASSERT_EQ(bench.port->receive(burst), 1u);
    EXPECT_EQ(number_of(burst[0]), 77u);
    bench.port->release(burst[0].cookie);
}

TEST(LossyPort, IsDeafToThoseItIsToldToBe) {
    LossyRates rates;
    rates.set_deaf_to(NodeIndex{3}, true);
    rates.set_deaf_to(NodeIndex{127}, true);
    Bench bench(rates);
    bench.fake->arrive(2, 20);
    bench.fake->arrive(3, 30);
    bench.fake->arrive(127, 40);
    bench.fake->arrive(0xFFFF, 50);  // no node: the engine judges it
    EXPECT_EQ(bench.drain(), (std::vector<std::uint64_t>{20, 50}));
    rates.set_deaf_to(NodeIndex{3}, false);
    EXPECT_FALSE(rates.is_deaf_to(3));
    EXPECT_TRUE(rates.is_deaf_to(127));
}

TEST(LossyPort, AFrameTooShortForItsHeaderPasses) {
    LossyRates rates;
    rates.set_deaf_to(NodeIndex{0}, true);
    Bench bench(rates);
    bench.fake->arrive_short();
    std::array<FrameRef, 4> burst;
    ASSERT_EQ(bench.port->receive(burst), 1u);
    EXPECT_EQ(burst[0].size, 3u);
    bench.port->release(burst[0].cookie);
}

TEST(LossyPort, RepeatsWithFramesOfItsOwn) {
    Bench bench({.duplicate_ppm = 1'000'000});
    bench.arrive(5);
    auto numbers = bench.drain();  // no delay: the copies are due at the next look
    ASSERT_EQ(numbers.size(), 10u);
    std::sort(numbers.begin(), numbers.end());
    EXPECT_EQ(numbers, (std::vector<std::uint64_t>{0, 0, 1, 1, 2, 2, 3, 3, 4, 4}));
    EXPECT_EQ(bench.port->counters().lossy_duplicated, 5u);
    EXPECT_EQ(bench.port->loans(), 0u);
}

TEST(LossyPort, ADryPoolMakesNoCopies) {
    Bench bench({.duplicate_ppm = 1'000'000}, 5);
    bench.arrive(5);
    EXPECT_EQ(bench.drain().size(), 5u);
    EXPECT_EQ(bench.port->counters().lossy_duplicated, 0u);
}

TEST(LossyPort, DelaysUntilTheTimeHasComeAndSleepsShortMeanwhile) {
    Bench bench({.delay_ppm = 1'000'000, .delay_ns = 1'000'000});
    g_now = instant_from_ns(1'000'000'000);
    bench.arrive(50);
    const auto at_once = bench.drain();
    EXPECT_LT(at_once.size(), 5u);
    EXPECT_EQ(bench.port->loans(), 0u) << "what waits here is nobody's loan";
    EXPECT_LE(bench.port->sleep_max(), Nanos(1'000'000));
    g_now += Nanos(1'000'000);
    EXPECT_EQ(at_once.size() + bench.drain().size(), 50u);
    EXPECT_EQ(bench.port->counters().lossy_delayed, 50u);
}

TEST(LossyPort, ADelayedFrameComesAfterLaterOnes) {
    Bench bench({.delay_ppm = 500'000, .delay_ns = 1'000'000});
    bench.arrive(40);
    auto numbers = bench.drain();
    g_now += Nanos(1'000'000);
    const auto late = bench.drain();
    numbers.insert(numbers.end(), late.begin(), late.end());
    ASSERT_EQ(numbers.size(), 40u);
    EXPECT_FALSE(std::is_sorted(numbers.begin(), numbers.end()));
}

TEST(LossyPort, HoldsABoundedNumberAndGivesThemBackInTheEnd) {
    Bench bench({.delay_ppm = 1'000'000, .delay_ns = 1'000'000'000});
    bench.arrive(LossyPort::kHeldMax + 100);
    EXPECT_EQ(bench.drain().size() + bench.drain().size(), 100u);
    EXPECT_EQ(bench.port->loans(), 0u);
    EXPECT_EQ(bench.fake->loans(), bench.port->counters().lossy_delayed);
    bench.port.reset();  // the fake port refuses what it did not lend
}

TEST(LossyPort, AFullBurstOfLateFramesLeavesTheRestForTheNextLook) {
    Bench bench({.delay_ppm = 1'000'000, .delay_ns = 1});
    bench.arrive(100);
    std::array<FrameRef, 8> burst;
    g_now += Nanos(10);
    std::size_t taken = 0;
    for (int look = 0; look < 100; ++look) {
        const std::size_t count = bench.port->receive(burst);
        g_now += Nanos(10);
        for (std::size_t i = 0; i < count; ++i) bench.port->release(burst[i].cookie);
        taken += count;
    }
    EXPECT_EQ(taken, 100u);
}

TEST(LossyPort, PassesTheRestOn) {
    Bench bench({});
    bench.port->transmit({});
    bench.port->flush();
    bench.port->maintain({});
    bench.port->arm_wake();
    EXPECT_EQ(bench.fake->transmitted + bench.fake->flushed, 2);
    EXPECT_EQ(bench.fake->maintained + bench.fake->armed, 2);
    EXPECT_EQ(bench.port->wake_fd(), 7);
    EXPECT_EQ(bench.port->counters().rx_frames, 11u);
    EXPECT_TRUE(bench.port->counters().is_lossy);
    const std::string text = bench.port->describe();
    EXPECT_EQ(text.find("fake"), 0u);
    EXPECT_NE(text.find("ON PURPOSE"), std::string::npos) << text;
}

TEST(LossyPage, RatesBeyondAMillionMeanAlways) {
    Bench bench({.loss_ppm = ~std::uint64_t{0}});
    bench.arrive(100);
    EXPECT_TRUE(bench.drain().empty());
}

class LossyFile : public ::testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "torc-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        path_ = lossy_path(folder_, "n0");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string folder_;
    std::string path_;
};

TEST_F(LossyFile, IsChangedFromOutsideAndGoneInTheEnd) {
    {
        auto page = LossyPage::create(path_, {.loss_ppm = 5});
        ASSERT_TRUE(page.has_value()) << page.error().message;
        auto rates = read_rates(path_);
        ASSERT_TRUE(rates.has_value()) << rates.error().message;
        EXPECT_EQ(rates->loss_ppm, 5u);
        rates->delay_ppm = 9;
        rates->set_deaf_to(NodeIndex{65}, true);
        ASSERT_TRUE(write_rates(path_, *rates).has_value());
        EXPECT_EQ(page->read(), *rates);
    }
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LossyFile, ADaemonAfterACrashMakesItAnew) {
    auto dead = LossyPage::create(path_, {.loss_ppm = 5});
    auto page = LossyPage::create(path_, {.loss_ppm = 6});
    ASSERT_TRUE(dead.has_value() && page.has_value());
    EXPECT_EQ(read_rates(path_)->loss_ppm, 6u);
    EXPECT_EQ(dead->read().loss_ppm, 5u);
}

TEST_F(LossyFile, RefusesWhatIsNoPage) {
    EXPECT_FALSE(read_rates(path_).has_value());
    EXPECT_FALSE(write_rates(path_, {}).has_value());
    std::ofstream(path_) << std::string(200, 'x');
    ASSERT_FALSE(write_rates(path_, {}).has_value());
    EXPECT_NE(read_rates(path_).error().message.find("not the page"), std::string::npos);
    std::ofstream(path_) << "short";
    EXPECT_FALSE(read_rates(path_).has_value());
    EXPECT_FALSE(LossyPage::create("/nonexistent/x.lossy", {}).has_value());
}

}  // namespace
}  // namespace torc::dataplane
