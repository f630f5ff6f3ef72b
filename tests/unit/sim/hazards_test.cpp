// Hazards of hosts and clients, damaged packets and lies, and that the swarm draws all of them.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/sim/adversarial_network.hpp"
#include "tests/sim/drought.hpp"
#include "tests/sim/forger.hpp"
#include "tests/sim/host_clock.hpp"
#include "tests/sim/mangle.hpp"
#include "tests/sim/world.hpp"
#include "wire/validate.hpp"

namespace torc::sim {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Options small_options(std::uint64_t seed) {
    Options options = options_from_seed(seed, 3);
    options.chaos = 10 * options.cluster.timers.token_loss;
    return options;
}

/// Of the run whose packets are looked at.
Options tapped_options() {
    Options options = small_options(12);
    options.cluster.status_frames = true;
    return options;
}

/// What the nodes of a real run send.
class Tap : public Network {
public:
    Tap(const Options& options, std::vector<Packet>& heard)
        : Network(options.nodes), inner_(options, 5), heard_(heard) {}
    void carry(Instant now, std::uint32_t from, std::span<const std::uint32_t> to,
               const Packet& packet, std::vector<Arrival>& out) override {
        heard_.push_back(packet);
        inner_.carry(now, from, to, packet, out);
    }
    void calm() override { inner_.calm(); }

private:
    AdversarialNetwork inner_;
    std::vector<Packet>& heard_;
};

const std::vector<Packet>& real_packets() {
    static const std::vector<Packet> packets = [] {
        std::vector<Packet> heard;
        const Options options = tapped_options();
        const Schedule crash{{2 * options.cluster.timers.token_loss, FaultKind::crash, 1}};
        World(options, crash, std::make_unique<Tap>(options, heard)).run();
        return heard;
    }();
    return packets;
}

std::uint32_t config_hash() {
    return static_cast<std::uint32_t>(config::fingerprint(tapped_options().cluster));
}

// --- clocks and memory ---------------------------------------------------------------------------

TEST(HostClock, ATimerFiresWhenTheHostSaysThatItIsTimeAndNotSooner) {
    Prng prng(3);
    for (const std::int32_t ppm : {0, 1, -1, 500, -500, 20'000, -20'000}) {
        const HostClock clock(ppm, Nanos{0});
        for (int i = 0; i < 1000; ++i) {
            const Instant deadline =
                instant_from_ns(static_cast<std::int64_t>(prng.between(1'000'000, 1ull << 36)));
            const Instant at = clock.fires_at(deadline);
            EXPECT_GE(clock.local(at), deadline);
            EXPECT_LT(clock.local(at - Nanos{1}), deadline);
        }
    }
}

TEST(HostClock, DriftsByItsPartsPerMillion) {
    const Instant hour = instant_from_ns(3'600'000'000'000);
    EXPECT_EQ(HostClock(500, Nanos{0}).local(hour) - hour, milliseconds{1800});
    EXPECT_EQ(HostClock(-500, Nanos{0}).local(hour) - hour, -milliseconds{1800});
    EXPECT_EQ(HostClock(500, Nanos{0}).fires_at(kNever), kNever);
}

TEST(HostClock, FiresAtItsTicksOnly) {
    const HostClock clock(0, microseconds{250});
    EXPECT_EQ(clock.fires_at(Instant{microseconds{1001}}), Instant{microseconds{1250}});
    EXPECT_EQ(clock.fires_at(Instant{microseconds{1250}}), Instant{microseconds{1250}});
}

TEST(Drought, ComesAndGoesAndEnds) {
    HostHazards hazards;
    hazards.drought_every = 1'000;
    hazards.drought_lasts = 500;
    Drought drought(hazards, 1);
    int dry = 0;
    int changes = 0;
    bool was_dry = false;
    Instant now = instant_from_ns(1'000'000'000);
    for (int i = 0; i < 10'000; ++i, now += microseconds{10}) {
        const bool is_dry = drought.is_dry(now);
        dry += is_dry ? 1 : 0;
        changes += is_dry != was_dry ? 1 : 0;
        was_dry = is_dry;
    }
    EXPECT_GT(dry, 500);
    EXPECT_LT(dry, 5'000);
    EXPECT_GT(changes, 50);
    drought.end();
    EXPECT_FALSE(drought.is_dry(now + milliseconds{2}));
}

TEST(Arena, LendsNothingInADroughtOrPastItsLimit) {
    Arena arena(100, 2);
    const FrameRef first = arena.lend();
    arena.set_dry(true);
    EXPECT_FALSE(arena.lend());
    arena.set_dry(false);
    const FrameRef second = arena.lend();
    EXPECT_TRUE(second);
    EXPECT_FALSE(arena.lend());
    arena.set_limit(1);
    arena.take_back(first.cookie);
    EXPECT_FALSE(arena.lend());
    arena.take_back(second.cookie);
    EXPECT_TRUE(arena.lend());
}

// --- damage and lies -----------------------------------------------------------------------------

TEST(Mangle, WhatPassesTheChecksumIsRefusedOrHarmless) {
    const auto& packets = real_packets();
    Prng prng(9);
    int refused = 0;
    int hints = 0;
    int dropped = 0;
    for (int i = 0; i < 20'000; ++i) {
        const Packet& packet = packets[prng.below(packets.size())];
        const Packet bad = mangled(packet, packets[prng.below(packets.size())], prng);
        if (!survives_checksum(bad, packet, config_hash())) {
            ++dropped;
        } else if (wire::validate(*bad, config_hash()) != wire::RejectReason::none) {
            ++refused;
        } else {
            ++hints;
            ASSERT_EQ(bad->size(), packet->size());
            for (std::size_t b = 0; b < bad->size(); ++b) {
                const bool is_hint = b >= 3 && b <= 5;
                ASSERT_TRUE(is_hint || (*bad)[b] == (*packet)[b]);
            }
        }
    }
    EXPECT_GT(refused, 5'000);
    EXPECT_GT(hints, 50);
    EXPECT_GT(dropped, 500);
}

TEST(Forger, LiesAreOfAllKindsAndMostPassTheGate) {
    const Options options = tapped_options();
    Forger forger(options.nodes, config::fingerprint(options.cluster), 4);
    EXPECT_EQ(forger.forge(), nullptr);
    std::set<std::vector<std::byte>> truths;
    for (const Packet& packet : real_packets()) {
        forger.overhear(packet);
        truths.insert(*packet);
    }
    std::map<std::uint32_t, int> passed;
    int lies = 0;
    constexpr int kTries = 3'000;
    for (int i = 0; i < kTries; ++i) {
        const Packet lie = forger.forge();
        if (!lie || truths.contains(*lie)) continue;
        ++lies;
        if (wire::validate(*lie, config_hash()) == wire::RejectReason::none) {
            ++passed[kind_of(*lie)];
        }
    }
    EXPECT_GT(lies, kTries * 3 / 4);
    for (std::uint32_t kind = 1; kind <= wire::kKindLast; ++kind) {
        EXPECT_GT(passed[kind], 10) << "kind " << kind;
    }
}

TEST(Forger, NobodyCrashesOverALie) {
    for (const std::uint32_t lies : {1'000u, 50'000u, 500'000u}) {
        Options options = small_options(lies);
        options.hazards.link.forge = lies;
        const Outcome outcome = World(options).run();
        EXPECT_FALSE(outcome.failed) << outcome.what;
        EXPECT_GT(outcome.events, 100u);
    }
}

// --- the swarm -----------------------------------------------------------------------------------

TEST(Hazards, EachIsDrawnBySomeSeedAndNoneByAll) {
    std::map<std::string, int> drawn;
    constexpr int kSeeds = 2'000;
    for (int seed = 0; seed < kSeeds; ++seed) {
        const Hazards hazards =
            hazards_from_seed(static_cast<std::uint64_t>(seed), 5, milliseconds{4});
        for_each_hazard(hazards, [&](const char* name, std::uint32_t value) {
            drawn[name] += value != 0 ? 1 : 0;
        });
    }
    for (const auto& [name, count] : drawn) {
        if (name == "forge") {
            EXPECT_EQ(count, 0);
            continue;
        }
        EXPECT_GT(count, kSeeds / 50) << name;
        EXPECT_LT(count, kSeeds * 7 / 10) << name;
    }
}

TEST(Hazards, AreDescribedByNameAndOnlyIfTheyAreThere) {
    EXPECT_EQ(describe(Hazards{}), "none");
    Hazards hazards;
    hazards.link.swap = 7;
    hazards.client.fickle = 9;
    EXPECT_EQ(describe(hazards), "swap 7, fickle 9");
}

/// The worst of each client habit at once, on a quiet network: everything is still delivered.
TEST(Clients, BadMannersAloneBreakNothing) {
    for (std::uint32_t flood = 0; flood <= 6; ++flood) {
        Options options = small_options(flood);
        options.hazards = Hazards{};
        options.hazards.client = {flood,   100,     20,      200'000, 10'000, 200'000,
                                  300'000, 300'000, 100'000, 100'000, 1};
        options.packets = PacketFaults{};
        const Outcome outcome = World(options, Schedule{}).run();
        EXPECT_FALSE(outcome.failed) << outcome.what;
        EXPECT_GT(outcome.messages, 20u);
    }
}

/// All hazards of hosts at once.
TEST(Hosts, DriftTicksAndDroughtsAreSurvived) {
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        Options options = small_options(seed);
        options.hazards = Hazards{};
        options.hazards.host = {20'000, 100, 600, 2'000, 1'000};
        const Outcome outcome = World(options, Schedule{}).run();
        EXPECT_FALSE(outcome.failed) << outcome.what;
    }
}

}  // namespace
}  // namespace torc::sim
