// What must hold while the ring changes, at whole nodes: protocol.md 4.5 (install skew), traps of
// section 13 (a sleeper's queue, corosync PR 663; large messages across a change). Steps of one
// layer alone are tested in tests/unit/ordering and tests/unit/membership.
#include <algorithm>
#include <cstring>
#include <set>

#include <gtest/gtest.h>

#include "tests/unit/engine/cluster.hpp"

namespace torc::engine::test {
namespace {

using membership::State;

bool has(const Host& host, const std::string& entry) {
    return std::find(host.log.begin(), host.log.end(), entry) != host.log.end();
}

/// Three nodes in a ring, alice on 0, bob on 1, both in "room".
class RingChange : public ::testing::Test {
protected:
    void SetUp() override {
        cluster.boot_all();
        ASSERT_TRUE(cluster.form({0, 1, 2}));
        ASSERT_EQ(cluster.open(0, kAlice, "alice"), Accept::accepted);
        ASSERT_EQ(cluster.open(1, kBob, "bob"), Accept::accepted);
        ASSERT_EQ(cluster.join(0, kAlice, "room"), Accept::accepted);
        ASSERT_EQ(cluster.join(1, kBob, "room"), Accept::accepted);
        ASSERT_TRUE(cluster.run_until([&] { return cluster.host(1).views >= 1; }));
        cluster.run_for(std::chrono::milliseconds{5});
    }

    State state(std::size_t host) { return cluster.engine(host).former().state(); }
    Accept say(std::size_t host, std::string_view text, Service service) {
        return cluster.send(host, host == 0 ? kAlice : kBob, "room", bytes_of(text), service);
    }

    Cluster cluster{3};
};

TEST_F(RingChange, WhatOnlyTheFirstToInstallSaidNeverWasForTheOther) {
    // Who installs first passes the token on in vain.
    cluster.pass_only([&](std::size_t from, std::size_t, wire::Kind kind) {
        return kind != wire::Kind::token || !has(cluster.host(from), "regular 0 1");
    });
    cluster.crash(2);
    ASSERT_TRUE(cluster.run_until([&] {
        return has(cluster.host(0), "regular 0 1") || has(cluster.host(1), "regular 0 1");
    }));
    const std::size_t first = has(cluster.host(0), "regular 0 1") ? 0 : 1;
    const std::size_t second = 1 - first;
    ASSERT_EQ(state(second), State::recover);
    ASSERT_EQ(say(first, "agreed", Service::agreed), Accept::accepted);
    ASSERT_EQ(say(first, "safe", Service::safe), Accept::accepted);
    cluster.run_for(std::chrono::milliseconds{1});
    EXPECT_FALSE(has(cluster.host(first), "safe")) << "the other has not installed";
    ASSERT_EQ(state(second), State::recover);
    cluster.crash(first);
    cluster.pass_only({});

    ASSERT_TRUE(cluster.form({second}));
    const Host& survivor = cluster.host(second);
    EXPECT_FALSE(has(survivor, "regular 0 1"));
    EXPECT_FALSE(has(survivor, "agreed"));
    EXPECT_FALSE(has(survivor, "safe"));
    EXPECT_TRUE(has(survivor, "transitional " + std::to_string(second)));
    EXPECT_EQ(survivor.log.back(), "regular " + std::to_string(second));
}

TEST_F(RingChange, ASleepersQueueGoesOutOnceAndBehindTheBarrier) {
    const Nanos token_loss = settings_of(3).timers.token_loss;
    ASSERT_EQ(say(1, "before", Service::agreed), Accept::accepted);
    cluster.sleep(1);
    // The client does not know that its daemon sleeps.
    for (const char* text : {"one", "two", "three"}) {
        ASSERT_EQ(say(1, text, Service::agreed), Accept::accepted);
    }
    cluster.run_for(5 * token_loss);
    ASSERT_TRUE(cluster.in_one_ring({0, 2}));
    ASSERT_EQ(say(0, "without you", Service::agreed), Accept::accepted);
    cluster.run_for(token_loss / 4);
    EXPECT_TRUE(has(cluster.host(0), "without you"));
    cluster.wake(1);
    ASSERT_TRUE(cluster.form({0, 1, 2}));
    cluster.run_for(std::chrono::milliseconds{5});

    const std::vector<std::string> mine{"before", "one", "two", "three"};
    for (const std::size_t host : {0u, 1u}) {
        std::vector<std::string> heard;
        for (const std::string& entry : cluster.host(host).log) {
            if (std::find(mine.begin(), mine.end(), entry) != mine.end()) heard.push_back(entry);
        }
        // The sleeper's own come back to it whatever happens; others heard all or, of those that
        // came to pass only in the sleeper's own transitional configuration, none.
        if (host == 1) {
            EXPECT_EQ(heard, mine);
        }
        EXPECT_TRUE(std::is_sorted(heard.begin(), heard.end(), [&](const auto& a, const auto& b) {
            return std::find(mine.begin(), mine.end(), a) < std::find(mine.begin(), mine.end(), b);
        }));
        EXPECT_EQ(std::set(heard.begin(), heard.end()).size(), heard.size()) << "none twice";
    }
    EXPECT_FALSE(has(cluster.host(1), "without you")) << "said in a view that it was not in";
    EXPECT_FALSE(has(cluster.host(1), "regular 0 2"));
}

/// Payload of a large message: its number, then bytes that follow from it.
Bytes numbered(std::uint32_t number, std::size_t length) {
    Bytes bytes = pattern(length);
    std::memcpy(bytes.data(), &number, sizeof number);
    return bytes;
}

/// Sends large messages while another member dies at event `at`; each must arrive whole, once.
void large_messages_across_a_death(std::size_t at) {
    Cluster cluster(3);
    cluster.boot_all();
    ASSERT_TRUE(cluster.form({0, 1, 2}));
    ASSERT_EQ(cluster.open(0, kAlice, "alice"), Accept::accepted);
    ASSERT_EQ(cluster.open(1, kBob, "bob"), Accept::accepted);
    ASSERT_EQ(cluster.join(1, kBob, "room"), Accept::accepted);
    ASSERT_TRUE(cluster.run_until([&] { return cluster.host(1).views == 1; }));

    constexpr std::uint32_t kMessages = 6;
    constexpr std::size_t kLength = 20'000;
    std::uint32_t accepted = 0;
    std::size_t events = 0;
    const auto all_heard = [&] {
        if (events++ == at) cluster.crash(2);
        while (accepted < kMessages &&
               cluster.send(0, kAlice, "room", numbered(accepted, kLength)) == Accept::accepted) {
            ++accepted;
        }
        return cluster.host(1).received.size() >= kMessages && cluster.in_one_ring({0, 1});
    };
    ASSERT_TRUE(cluster.run_until([&] { return all_heard() && !cluster.alive(2); }))
        << "death at event " << at;
    ASSERT_EQ(cluster.host(1).received.size(), kMessages) << "death at event " << at;
    for (std::uint32_t i = 0; i < kMessages; ++i) {
        ASSERT_EQ(cluster.host(1).received[i].payload, numbered(i, kLength))
            << "message " << i << ", death at event " << at;
    }
}

TEST(LargeMessages, ArriveWholeAndOnceWhereverAMemberDies) {
    for (std::size_t at = 0; at < 260; ++at) large_messages_across_a_death(at);
}

}  // namespace
}  // namespace torc::engine::test
