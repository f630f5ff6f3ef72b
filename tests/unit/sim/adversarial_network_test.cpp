// Each hazard of the adversarial network does what it says, where it says, and nothing else.
#include "tests/sim/adversarial_network.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "wire/hop.hpp"

namespace torc::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::uint32_t kNodes = 3;
constexpr std::uint32_t kAlways = 1'000'000;
constexpr Instant kStart = instant_from_ns(1'000'000'000);

Packet packet_of(wire::Kind kind, std::size_t bytes = 100) {
    std::vector<std::byte> frame(bytes);
    frame[2] = static_cast<std::byte>(kind);
    return std::make_shared<const std::vector<std::byte>>(std::move(frame));
}

class Bench {
public:
    Bench() {
        set_nodes(options, kNodes);
        options.packets = PacketFaults{};
        options.packets.delay_min = microseconds{5};
        options.packets.delay_max = microseconds{40};
    }
    LinkHazards& hazards() { return options.hazards.link; }

    std::vector<Arrival> unicast(std::uint32_t from, std::uint32_t to, const Packet& packet) {
        const std::array<std::uint32_t, 1> only{to};
        return carry(from, only, packet);
    }
    std::vector<Arrival> multicast(std::uint32_t from, const Packet& packet) {
        std::vector<std::uint32_t> others;
        for (std::uint32_t to = 0; to < kNodes; ++to) {
            if (to != from) others.push_back(to);
        }
        return carry(from, others, packet);
    }
    AdversarialNetwork& network() {
        if (!network_) network_ = std::make_unique<AdversarialNetwork>(options, 77);
        return *network_;
    }

    Options options;
    Instant now{kStart};

private:
    std::vector<Arrival> carry(std::uint32_t from, std::span<const std::uint32_t> to,
                               const Packet& packet) {
        std::vector<Arrival> arrivals;
        network().carry(now, from, to, packet, arrivals);
        return arrivals;
    }
    std::unique_ptr<AdversarialNetwork> network_;
};

const Packet kData = packet_of(wire::Kind::data);
const Packet kToken = packet_of(wire::Kind::token);

TEST(AdversarialNetwork, WithoutFaultsEachCopyComesOnceAndInTime) {
    Bench bench;
    for (int i = 0; i < 1000; ++i) {
        const auto arrivals = bench.multicast(0, kData);
        ASSERT_EQ(arrivals.size(), 2u);
        for (const Arrival& arrival : arrivals) {
            EXPECT_EQ(arrival.packet, kData);
            EXPECT_GE(arrival.delay, microseconds{5});
            EXPECT_LE(arrival.delay, microseconds{40});
        }
        EXPECT_EQ(arrivals[0].to, 1u);
        EXPECT_EQ(arrivals[1].to, 2u);
    }
}

TEST(AdversarialNetwork, ACutIsOneWayUntilItIsMended) {
    Bench bench;
    bench.network().cut(0, 1);
    EXPECT_TRUE(bench.unicast(0, 1, kData).empty());
    EXPECT_EQ(bench.unicast(1, 0, kData).size(), 1u);
    EXPECT_EQ(bench.multicast(0, kData).size(), 1u);
    bench.network().mend(0, 1);
    EXPECT_EQ(bench.unicast(0, 1, kData).size(), 1u);
    bench.network().split(0b001);
    EXPECT_TRUE(bench.multicast(0, kData).empty());
    EXPECT_EQ(bench.multicast(1, kData).size(), 1u);
    bench.network().heal();
    EXPECT_EQ(bench.multicast(0, kData).size(), 2u);
}

TEST(AdversarialNetwork, TheSameSeedDoesTheSame) {
    const auto delays = [] {
        Bench bench;
        bench.hazards().burst_start = 100'000;
        bench.hazards().burst_end = 100'000;
        bench.hazards().burst_loss = kAlways;
        std::vector<Nanos> seen;
        for (int i = 0; i < 300; ++i) {
            for (const Arrival& arrival : bench.multicast(0, kData)) seen.push_back(arrival.delay);
        }
        return seen;
    };
    EXPECT_EQ(delays(), delays());
}

/// Mean length of the runs of losses among 20,000 packets.
double mean_run_of_losses(Bench& bench) {
    std::uint64_t losses = 0;
    std::uint64_t runs = 0;
    bool lost_before = false;
    for (int i = 0; i < 20'000; ++i) {
        const bool lost = bench.unicast(0, 1, kData).empty();
        losses += lost ? 1 : 0;
        runs += lost && !lost_before ? 1 : 0;
        lost_before = lost;
    }
    return static_cast<double>(losses) / static_cast<double>(std::max<std::uint64_t>(runs, 1));
}

TEST(AdversarialNetwork, BurstsAreLongerThanChance) {
    Bench bursts;
    bursts.hazards().burst_start = 10'000;
    bursts.hazards().burst_end = 100'000;
    bursts.hazards().burst_loss = kAlways;
    EXPECT_NEAR(mean_run_of_losses(bursts), 10.0, 3.0);
    Bench even;
    even.options.packets.loss = 90'000;  // as many in all
    EXPECT_NEAR(mean_run_of_losses(even), 1.1, 0.1);
}

TEST(AdversarialNetwork, ABadLinkIsOneLinkInOneDirection) {
    Bench bench;
    bench.hazards().bad_from = 0;
    bench.hazards().bad_to = 1;
    bench.hazards().bad_loss = kAlways;
    EXPECT_TRUE(bench.unicast(0, 1, kData).empty());
    EXPECT_EQ(bench.unicast(1, 0, kData).size(), 1u);
    EXPECT_EQ(bench.unicast(0, 2, kData).size(), 1u);
}

TEST(AdversarialNetwork, EachNthOfAKindIsLostToEverybody) {
    Bench bench;
    bench.hazards().nth_kind = static_cast<std::uint32_t>(wire::Kind::data);
    bench.hazards().nth = 3;
    for (int i = 1; i <= 30; ++i) {
        EXPECT_EQ(bench.unicast(0, 1, kToken).size(), 1u);
        EXPECT_EQ(bench.multicast(0, kData).size(), i % 3 == 0 ? 0u : 2u);
    }
}

/// Sends `count` packets at short distances and gives when each arrives, in the order of sending.
std::vector<Instant> arrivals_on_a_link(Bench& bench, int count) {
    std::vector<Instant> at;
    for (int i = 0; i < count; ++i) {
        bench.now += microseconds{2};
        at.push_back(bench.now + bench.unicast(0, 1, kData).at(0).delay);
    }
    return at;
}

TEST(AdversarialNetwork, PipesKeepTheOrderAndOthersDoNot) {
    Bench pipe;
    pipe.hazards().in_order = 1;
    const auto in_order = arrivals_on_a_link(pipe, 500);
    EXPECT_TRUE(std::is_sorted(in_order.begin(), in_order.end()));
    Bench loose;
    const auto any_order = arrivals_on_a_link(loose, 500);
    EXPECT_FALSE(std::is_sorted(any_order.begin(), any_order.end()));
}

TEST(AdversarialNetwork, ASwapPutsACopyJustBeforeItsPredecessor) {
    Bench bench;
    bench.hazards().in_order = 1;
    bench.hazards().swap = 200'000;
    const auto at = arrivals_on_a_link(bench, 500);
    int swaps = 0;
    for (std::size_t i = 1; i < at.size(); ++i) {
        if (at[i] >= at[i - 1]) continue;
        EXPECT_EQ(at[i], at[i - 1] - Nanos{1});
        EXPECT_TRUE(i < 2 || at[i] > at[i - 2]);
        ++swaps;
    }
    EXPECT_GT(swaps, 20);
}

TEST(AdversarialNetwork, ALagIsOfItsKindOnly) {
    Bench bench;
    bench.hazards().data_lag = 10'000;
    Nanos longest_data{};
    for (int i = 0; i < 200; ++i) {
        longest_data = std::max(longest_data, bench.unicast(0, 1, kData).at(0).delay);
        EXPECT_LE(bench.unicast(0, 1, kToken).at(0).delay, microseconds{40});
    }
    EXPECT_GT(longest_data, milliseconds{5});
}

TEST(AdversarialNetwork, AVetoedTokenComesWhenItCountsAsLost) {
    Bench bench;
    bench.hazards().token_veto = kAlways;
    const Nanos loss = bench.options.cluster.timers.token_loss;
    EXPECT_GE(bench.unicast(0, 1, kToken).at(0).delay, loss);
    EXPECT_LE(bench.unicast(0, 1, kToken).at(0).delay, 3 * loss);
    EXPECT_LT(bench.unicast(0, 1, kData).at(0).delay, loss);
}

TEST(AdversarialNetwork, ATokenComesAgainBehindItsRotation) {
    Bench bench;
    bench.hazards().token_again = kAlways;
    const auto tokens = bench.unicast(0, 1, kToken);
    ASSERT_EQ(tokens.size(), 2u);
    EXPECT_GE(tokens[1].delay, tokens[0].delay + microseconds{40});
    EXPECT_EQ(bench.unicast(0, 1, kData).size(), 1u);
}

TEST(AdversarialNetwork, ATokenOfOldComesBesideTheNewOne) {
    Bench bench;
    bench.hazards().old_token = kAlways;
    const Packet old = packet_of(wire::Kind::token, 90);
    EXPECT_EQ(bench.unicast(0, 1, old).size(), 1u);
    const auto tokens = bench.unicast(1, 2, kToken);
    ASSERT_EQ(tokens.size(), 2u);
    EXPECT_EQ(tokens[0].packet, kToken);
    EXPECT_EQ(tokens[1].packet, old);
    EXPECT_EQ(bench.unicast(1, 2, kData).size(), 1u);
}

TEST(AdversarialNetwork, AnEncoreComesUpToSoMuchLater) {
    Bench bench;
    bench.hazards().encore = kAlways;
    bench.hazards().encore_ms = 500;
    Nanos latest{};
    for (int i = 0; i < 50; ++i) {
        const auto arrivals = bench.unicast(0, 1, kData);
        ASSERT_EQ(arrivals.size(), 2u);
        latest = std::max(latest, arrivals[1].delay);
    }
    EXPECT_GT(latest, milliseconds{300});
    EXPECT_LE(latest, milliseconds{501});
}

TEST(AdversarialNetwork, ASlowHostTakesFramesOneByOneAndItsRingIsBounded) {
    Bench bench;
    bench.hazards().slow_hosts = 0b010;
    bench.hazards().slow_ns = 100'000;
    bench.hazards().slow_ring = 8;
    std::vector<Nanos> taken;
    for (int i = 0; i < 50; ++i) {
        for (const Arrival& arrival : bench.unicast(0, 1, kData)) taken.push_back(arrival.delay);
        EXPECT_EQ(bench.unicast(0, 2, kData).size(), 1u);
    }
    ASSERT_EQ(taken.size(), 9u);  // one at work, eight in the ring
    for (std::size_t i = 1; i < taken.size(); ++i) {
        EXPECT_GE(taken[i] - taken[i - 1], microseconds{100} - microseconds{40});
    }
    bench.now += milliseconds{1};
    EXPECT_EQ(bench.unicast(0, 1, kData).size(), 1u);
}

/// Which of the four kinds of copy pass while only `ailment` may strike: over long time.
struct Passed {
    bool all_unicast{true};
    bool all_multicast{true};
    bool all_small{true};
    bool all_large{true};
    Nanos longest{};
};
Passed under(Ailment ailment) {
    Bench bench;
    bench.hazards().ailments = 1u << static_cast<std::uint32_t>(ailment);
    bench.hazards().ailment_every = 1'000;
    bench.hazards().ailment_lasts = 5'000;
    const Packet large = packet_of(wire::Kind::data, 1400);
    Passed passed;
    for (int i = 0; i < 3'000; ++i) {
        bench.now += microseconds{100};
        const auto one = bench.unicast(0, 1, kData);
        const auto all = bench.multicast(0, kData);
        passed.all_unicast = passed.all_unicast && one.size() == 1;
        passed.all_multicast = passed.all_multicast && all.size() == 2;
        passed.all_small = passed.all_small && one.size() == 1 && all.size() == 2;
        passed.all_large = passed.all_large && bench.multicast(0, large).size() == 2;
        for (const Arrival& arrival : all) passed.longest = std::max(passed.longest, arrival.delay);
    }
    bench.network().calm();
    EXPECT_EQ(bench.unicast(0, 1, kData).size(), 1u);
    EXPECT_EQ(bench.multicast(0, large).size(), 2u);
    return passed;
}

TEST(AdversarialNetwork, AilmentsStrikeWhatTheyName) {
    const Passed no_unicast = under(Ailment::no_unicast);
    EXPECT_FALSE(no_unicast.all_unicast);
    EXPECT_TRUE(no_unicast.all_multicast);
    const Passed no_multicast = under(Ailment::no_multicast);
    EXPECT_TRUE(no_multicast.all_unicast);
    EXPECT_FALSE(no_multicast.all_multicast);
    const Passed small_only = under(Ailment::small_only);
    EXPECT_TRUE(small_only.all_small);
    EXPECT_FALSE(small_only.all_large);
    EXPECT_FALSE(under(Ailment::lossy).all_small);
    const Passed clogged = under(Ailment::clogged);
    EXPECT_TRUE(clogged.all_small && clogged.all_large);
    EXPECT_GT(clogged.longest, milliseconds{1});
}

TEST(AdversarialNetwork, CalmEndsEverything) {
    Bench bench;
    LinkHazards& link = bench.hazards();
    link.burst_start = link.burst_loss = link.mangle = link.encore = link.token_veto = kAlways;
    link.nth_kind = static_cast<std::uint32_t>(wire::Kind::data);
    link.nth = 1;
    link.slow_hosts = 0b111;
    link.slow_ns = 1'000'000;
    bench.options.packets.loss = kAlways;
    EXPECT_TRUE(bench.multicast(0, kData).empty());
    bench.network().calm();
    for (int i = 0; i < 100; ++i) {
        const auto arrivals = bench.multicast(0, i % 2 == 0 ? kData : kToken);
        ASSERT_EQ(arrivals.size(), 2u);
        for (const Arrival& arrival : arrivals) EXPECT_LE(arrival.delay, microseconds{40});
    }
}

}  // namespace
}  // namespace torc::sim
