// Bad input in every state: random bodies, broken copies of real messages, forged claims. Each is a
// counted drop or an ordinary turn; no state breaks, no loan is lost, and the ring comes back.
#include <gtest/gtest.h>

#include "base/prng.hpp"
#include "tests/unit/membership/solo.hpp"

namespace torc::membership::test {
namespace {

constexpr std::array kControlKinds{wire::Kind::join, wire::Kind::propose, wire::Kind::state,
                                   wire::Kind::plan, wire::Kind::merge};

TEST(Hostile, OtherFingerprintsUnknownDaemonsAndEchoesOfMyselfAreCounted) {
    Solo solo;
    const wire::Join join = solo.join_of(member(1), set_of({member(1)}));
    std::vector<std::byte> body(4096);
    body.resize(wire::encode_body(join, body));
    const auto right = config::fingerprint(settings_of(4));
    solo.receive_raw(wire::Kind::join, {member(1), 1, right ^ (std::uint64_t{1} << 40)}, body);
    EXPECT_EQ(solo.counter(CounterId::control_wrong_fingerprint), 1u);
    solo.receive_raw(wire::Kind::join, {member(9), 1, right}, body);
    EXPECT_EQ(solo.counter(CounterId::control_unknown_node), 1u);
    solo.receive_raw(wire::Kind::join, {solo.me(), 1, right}, body);
    EXPECT_EQ(solo.counter(CounterId::control_own), 1u);
    EXPECT_EQ(solo.last<wire::Join>()->proc_set, set_of({member(0)}));
}

TEST(Hostile, ClaimsOfUnknownDaemonsAndImpossibleEpochsAreMalformed) {
    Solo solo;
    solo.receive(solo.join_of(member(1), set_of({member(1), member(100)})));
    auto late = solo.join_of(member(1), set_of({member(1)}));
    late.max_epoch_seen = ~std::uint64_t{0};
    solo.receive(late);
    solo.receive(solo.propose_of(member(1), ~std::uint64_t{0}, set_of({member(0), member(1)})));
    wire::Merge merge;
    merge.control.sender = member(1);
    merge.ring = RingId{1 << 24, NodeIndex{2}};
    merge.members = {member(2)};  // a ring that its sender is not in
    solo.receive(merge);
    EXPECT_EQ(solo.counter(CounterId::control_malformed), 4u);
    EXPECT_EQ(solo.last<wire::Join>()->proc_set, set_of({member(0)}));
}

TEST(Hostile, AFloodOfIncarnationsOverflowsNothing) {
    Solo solo;
    for (unsigned life = 1; life < 600; ++life) {
        const Member one = member(1 + life % 3, life);
        solo.receive(solo.join_of(one, set_of({one})));
        solo.run_for(1ms);
    }
    EXPECT_GT(solo.counter(CounterId::episode_overflow), 0u);
    solo.run_for(2s);
    EXPECT_EQ(solo.pool().loans(), 0u);
}

TEST(Hostile, FramesTooShortForTheirHeadersAreDropped) {
    Solo solo;
    for (std::size_t size = 0; size < 48; ++size) {
        const std::vector<std::byte> bytes(size, std::byte{5});
        solo.former().on_control(solo.now(), solo.pool().lend(bytes));
    }
    EXPECT_EQ(solo.pool().loans(), 0u);
    EXPECT_EQ(solo.state(), State::gather);
}

TEST(Hostile, RandomBodiesBreakNoState) {
    Prng prng(11);
    for (int round = 0; round < 300; ++round) {
        Solo solo(static_cast<unsigned>(prng.below(2)));
        if (prng.below(2) == 0) {
            solo.in_ring({member(0), member(1), member(2)});
        } else if (prng.below(2) == 0) {
            const auto three = set_of({member(0), member(1), member(2)});
            for (unsigned i = 0; i < 3; ++i) {
                if (member(i) != solo.me()) solo.receive(solo.join_of(member(i), three));
            }
            solo.run_for(12ms);
        }
        for (int i = 0; i < 40; ++i) {
            std::vector<std::byte> body(1 + prng.below(400));
            for (std::byte& byte : body) {
                byte = static_cast<std::byte>(prng.below(3) == 0 ? prng.below(256) : prng.below(4));
            }
            const auto kind = kControlKinds[prng.below(kControlKinds.size())];
            solo.receive_raw(kind,
                             {member(static_cast<unsigned>(prng.below(5))), prng.below(100),
                              config::fingerprint(settings_of(4))},
                             body);
            solo.run_for(Nanos{static_cast<std::int64_t>(prng.below(5'000'000))});
            // A recovery that hostile input brought about ends as a real ring's would.
            if (solo.state() == State::recover) solo.former().on_recovery_lost(solo.now());
        }
        EXPECT_EQ(solo.pool().loans(), 0u);
    }
}

TEST(Hostile, AClusterUnderBrokenCopiesOfItsOwnFramesComesBack) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Net net(4, seed);
        Prng prng(seed);
        std::vector<std::vector<std::byte>> seen;
        net.filter = [&](std::size_t, std::size_t, std::span<const std::byte> bytes) {
            if (seen.size() < 500) seen.emplace_back(bytes.begin(), bytes.end());
            return true;
        };
        net.boot_all();
        for (int i = 0; i < 400; ++i) {
            net.run_for(10ms);
            if (seen.empty()) continue;
            std::vector<std::byte> broken = seen[prng.below(seen.size())];  // also plain replays
            for (std::uint64_t flips = prng.below(4); flips > 0; --flips) {
                // Behind the headers: wire::validate in the engine answers for those.
                const std::size_t head = sizeof(wire::HopHeader) + sizeof(wire::ControlHeader);
                broken[head + prng.below(broken.size() - head)] ^=
                    static_cast<std::byte>(1u << prng.below(8));
            }
            net.inject(prng.below(4), broken);
        }
        net.filter = nullptr;
        net.run_for(60s);
        EXPECT_TRUE(net.is_ring({0, 1, 2, 3})) << "seed " << seed;
        EXPECT_EQ(net.loans(), 0u);
    }
}

}  // namespace
}  // namespace torc::membership::test
