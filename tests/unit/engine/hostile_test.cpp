// Frames that should not be: of another time, another cluster, another daemon with my index, or of
// nobody. Each is counted for what it is, and changes nothing.
#include <cstring>

#include <gtest/gtest.h>

#include "base/prng.hpp"
#include "tests/unit/engine/cluster.hpp"
#include "wire/data.hpp"
#include "wire/validate.hpp"

namespace torc::engine::test {
namespace {

using telemetry::CounterId;
using wire::Kind;
using wire::RejectReason;

/// A ring of two with traffic behind it; what the third said is on record, but it is dead.
struct Hostile : ::testing::Test {
    Hostile() {
        cluster.boot_all();
        EXPECT_TRUE(cluster.form({0, 1, 2}));
        talk();
        cluster.crash(2);
        EXPECT_TRUE(cluster.form({0, 1}));
        talk();
        talk();  // the ring is idle by now: who wants to send must ask for the token
    }
    void talk() {
        for (std::size_t host : {0u, 1u}) {
            if (!opened) {
                EXPECT_EQ(cluster.open(host, kAlice, "alice"), Accept::accepted);
                EXPECT_EQ(cluster.join(host, kAlice, "room"), Accept::accepted);
            }
            for (const Service service : {Service::unreliable, Service::reliable, Service::fifo,
                                          Service::causal, Service::agreed, Service::safe}) {
                const Bytes payload = pattern(100 * static_cast<std::size_t>(service));
                EXPECT_EQ(cluster.send(host, kAlice, "room", payload, service), Accept::accepted);
            }
        }
        opened = true;
        cluster.run_for(std::chrono::milliseconds{5});
    }
    std::size_t injected_loans() { return cluster.host(0).arena->lent(); }

    bool opened{false};
    Cluster cluster{3};
};

TEST_F(Hostile, EveryFrameThatWasEverSentChangesNothingASecondTime) {
    const std::vector<Bytes> all = cluster.sent();
    ASSERT_GT(all.size(), 100u);
    const Facts before[] = {cluster.host(0).facts(), cluster.host(1).facts()};
    Prng prng(1);
    for (int round = 0; round < 2; ++round) {
        for (std::size_t i = 0; i < all.size(); ++i) {
            const std::size_t which = round == 0 ? i : prng.below(all.size());
            for (std::size_t host : {0u, 1u}) cluster.inject(host, all[which]);
            if (i % 16 == 0) cluster.run_for(std::chrono::microseconds{100});
        }
    }
    cluster.run_for(std::chrono::milliseconds{50});
    for (std::size_t host : {0u, 1u}) {
        EXPECT_EQ(cluster.host(host).facts(), before[host]);
        EXPECT_EQ(cluster.host(host).rejected(), 0u) << "all of them were well-formed";
        EXPECT_GT(cluster.host(host).count(CounterId::data_foreign), 0u);
        EXPECT_GT(cluster.host(host).count(CounterId::data_duplicate), 0u);
        EXPECT_GT(cluster.host(host).count(CounterId::token_foreign), 0u);
        EXPECT_GT(cluster.host(host).count(CounterId::token_duplicate), 0u);
        EXPECT_GT(cluster.host(host).count(CounterId::control_stale), 0u);
    }
}

/// Somebody makes host 1 believe that host 0 sent one more frame. Host 0 knows better, but must
/// take it in the recovery all the same: it is the only way on, and the same for both.
TEST_F(Hostile, AForgedFrameInMyNameDoesNotKeepTheRingFromFormingAnew) {
    EXPECT_EQ(cluster.send(0, kAlice, "room", bytes_of("the last one")), Accept::accepted);
    cluster.run_for(std::chrono::milliseconds{5});
    Bytes forged = cluster.last_sent(Kind::data);
    wire::SealedHeader sealed;
    std::memcpy(&sealed, forged.data() + sizeof(wire::HopHeader), sizeof sealed);
    ASSERT_EQ(sealed.sender, 0);
    sealed.seq = sealed.seq + 1;
    sealed.sender_seq = sealed.sender_seq + 1;
    std::memcpy(forged.data() + sizeof(wire::HopHeader), &sealed, sizeof sealed);
    const RingId ring = cluster.engine(0).ring().id();
    const std::size_t received[] = {cluster.host(0).received.size(),
                                    cluster.host(1).received.size()};

    cluster.inject(1, forged);
    ASSERT_TRUE(cluster.run_until(
        [&] { return cluster.in_one_ring({0, 1}) && cluster.engine(0).ring().id() != ring; }));
    for (std::size_t host : {0u, 1u}) {
        EXPECT_EQ(cluster.host(host).received.size(), received[host] + 1);
        EXPECT_EQ(cluster.host(host).received.back().payload, bytes_of("the last one"));
    }
    EXPECT_EQ(cluster.host(0).count(CounterId::recovery_timeouts), 0u);
}

/// One way to spoil a frame, and the counter that must tell.
struct Spoiler {
    const char* name;
    RejectReason reason;
    void (*spoil)(Bytes&);
};

const Spoiler kSpoilers[] = {
    {"truncated", RejectReason::truncated, [](Bytes& f) { f.resize(sizeof(wire::HopHeader) - 1); }},
    {"empty", RejectReason::truncated, [](Bytes& f) { f.clear(); }},
    {"oversized", RejectReason::oversized, [](Bytes& f) { f.resize(kFrameBytesMax + 1); }},
    {"magic", RejectReason::bad_magic, [](Bytes& f) { f[0] ^= std::byte{1}; }},
    {"version", RejectReason::bad_version, [](Bytes& f) { f[1] ^= std::byte{0x10}; }},
    {"kind 0", RejectReason::bad_kind, [](Bytes& f) { f[2] = std::byte{0}; }},
    {"kind above", RejectReason::bad_kind, [](Bytes& f) { f[2] = std::byte{wire::kKindLast + 1}; }},
    {"one byte less", RejectReason::bad_length, [](Bytes& f) { f.pop_back(); }},
    {"one byte more", RejectReason::bad_length, [](Bytes& f) { f.push_back({}); }},
    {"config", RejectReason::wrong_config, [](Bytes& f) { f[8] ^= std::byte{1}; }},
    {"sealed", RejectReason::sealed, [](Bytes& f) { f[12] ^= std::byte{1}; }},
    {"transmitter", RejectReason::bad_transmitter, [](Bytes& f) { f[5] = std::byte{0xFF}; }},
};

TEST_F(Hostile, ASpoiltHeaderIsCountedForWhatItIs) {
    constexpr Kind kKinds[] = {Kind::data,    Kind::token, Kind::wake, Kind::join,
                               Kind::propose, Kind::state, Kind::plan};
    for (const Kind kind : kKinds) {
        const Bytes good = cluster.last_sent(kind);
        ASSERT_FALSE(good.empty()) << "nobody ever sent kind " << static_cast<int>(kind);
        for (const Spoiler& spoiler : kSpoilers) {
            Bytes frame = good;
            spoiler.spoil(frame);
            const Facts before = cluster.host(0).facts();
            const std::size_t loans = injected_loans();
            const std::uint64_t counted = cluster.host(0).rejected(spoiler.reason);
            const std::uint64_t all = cluster.host(0).rejected();
            cluster.inject(0, frame);
            EXPECT_EQ(cluster.host(0).rejected(spoiler.reason), counted + 1) << spoiler.name;
            EXPECT_EQ(cluster.host(0).rejected(), all + 1) << spoiler.name;
            EXPECT_EQ(cluster.host(0).facts(), before) << spoiler.name;
            EXPECT_EQ(injected_loans(), loans) << spoiler.name;
        }
    }
}

TEST_F(Hostile, EveryTruncationOfEveryKindIsRejected) {
    for (std::uint8_t kind = 1; kind <= wire::kKindLast; ++kind) {
        const Bytes good = cluster.last_sent(static_cast<Kind>(kind));
        const Facts before = cluster.host(0).facts();
        const std::uint64_t rejected = cluster.host(0).rejected();
        for (std::size_t length = 0; length < good.size(); ++length) {
            cluster.inject(0, std::span(good).first(length));
        }
        EXPECT_EQ(cluster.host(0).rejected(), rejected + good.size());
        EXPECT_EQ(cluster.host(0).facts(), before);
    }
}

TEST_F(Hostile, RandomBytesAreRejected) {
    Prng prng(2);
    const Facts before = cluster.host(0).facts();
    const std::size_t loans = injected_loans();
    constexpr std::uint64_t kFrames = 20'000;
    for (std::uint64_t i = 0; i < kFrames; ++i) {
        Bytes frame(prng.below(200));
        for (std::byte& byte : frame) byte = static_cast<std::byte>(prng.below(256));
        cluster.inject(0, frame);
    }
    EXPECT_EQ(cluster.host(0).rejected(), kFrames);
    EXPECT_EQ(cluster.host(0).facts(), before);
    EXPECT_EQ(injected_loans(), loans);
}

/// Whatever a flipped bit makes of a frame (the UDP checksum is there so that it does not come to
/// this): no crash, and no loan lost.
struct Flipped : Hostile {
    void storm(bool control, std::uint64_t seed) {
        Prng prng(seed);
        for (int i = 0; i < 4000; ++i) {
            const std::vector<Bytes>& sent = cluster.sent();
            const std::size_t recent = std::min<std::size_t>(sent.size(), 200);
            Bytes frame = sent[sent.size() - 1 - prng.below(recent)];
            if (!control && wire::is_control(Kind{std::to_integer<std::uint8_t>(frame[2])})) {
                cluster.step();
                continue;
            }
            for (std::uint64_t flips = prng.between(1, 3); flips != 0; --flips) {
                frame[prng.below(frame.size())] ^= static_cast<std::byte>(1u << prng.below(8));
            }
            const std::size_t host = prng.below(2);
            cluster.inject(host, frame);
            EXPECT_EQ(cluster.engine(host).loans(), cluster.host(host).arena->lent());
            if (prng.chance(200'000)) cluster.step();
            if (i % 16 == 0) static_cast<void>(cluster.send(0, kAlice, "room", pattern(50)));
        }
        cluster.run_for(std::chrono::seconds{1});
    }
};

TEST_F(Flipped, FramesOfTheRingAtAnyTimeLeaveAClusterThatFindsTogether) {
    for (std::uint64_t seed = 3; seed < 6; ++seed) {
        storm(false, seed);
        EXPECT_TRUE(cluster.form({0, 1}));
    }
}

/// A raised message counter silences its sender for the rest of its life: nothing but a signature
/// can tell it from an honest one. A restart heals that.
TEST_F(Flipped, ControlFramesCrashNobodyAndARestartHealsWhatTheyDid) {
    storm(true, 7);
    for (std::size_t host : {0u, 1u}) {
        cluster.engine(host).shutdown();
        EXPECT_EQ(cluster.host(host).arena->lent(), 0u);
        cluster.boot(host);
    }
    EXPECT_TRUE(cluster.form({0, 1}));
}

TEST(Foreign, AClusterWithAnotherConfigurationIsNotHeard) {
    Cluster cluster(2);
    config::ClusterSettings other = settings_of(2);
    other.name = "another";
    const std::size_t foreigner = cluster.add(NodeIndex{1}, other);
    cluster.boot_all();
    ASSERT_TRUE(cluster.form({0, 1}));
    cluster.run_for(std::chrono::milliseconds{200});
    EXPECT_TRUE(cluster.in_one_ring({0, 1}));
    EXPECT_EQ(cluster.engine(foreigner).ring().members().size(), 1u);
    for (std::size_t host = 0; host < 3; ++host) {
        EXPECT_GT(cluster.host(host).rejected(RejectReason::wrong_config), 0u);
        EXPECT_EQ(cluster.host(host).count(CounterId::own_index_heard), 0u);
    }
}

TEST(Twin, ASecondDaemonUnderOneIndexGivesWay) {
    Cluster cluster(2);
    cluster.boot_all();
    ASSERT_TRUE(cluster.form({0, 1}));
    const RingId ring = cluster.engine(0).ring().id();
    const std::size_t twin = cluster.add(NodeIndex{1}, settings_of(2));
    cluster.boot(twin);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.engine(twin).left(); }));
    EXPECT_EQ(cluster.engine(twin).former().last_cause(), membership::Cause::duplicate_index);
    EXPECT_EQ(cluster.host(twin).count(CounterId::entered_duplicate_index), 1u);
    cluster.engine(twin).shutdown();
    EXPECT_EQ(cluster.host(twin).arena->lent(), 0u);
    cluster.crash(twin);
    cluster.run_for(std::chrono::milliseconds{100});
    EXPECT_TRUE(cluster.in_one_ring({0, 1}));
    EXPECT_EQ(cluster.engine(0).ring().id(), ring) << "the rightful owner's ring goes on";
}

}  // namespace
}  // namespace torc::engine::test
