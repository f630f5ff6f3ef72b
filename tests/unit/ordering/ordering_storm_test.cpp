// Everything at once, by seed: loss, all services, rings that split and merge in any way. Those who
// move on together must have heard the same, and nobody may miss or repeat a message of his own.
#include "base/prng.hpp"
#include "tests/unit/ordering/ring_fixture.hpp"

namespace torc::ordering::testing {
namespace {

using namespace std::chrono_literals;

using Texts = std::vector<std::string>;

/// Messages of one ring that a node handed up, all of them and those in the total order.
std::pair<std::multiset<std::string>, Texts> of_ring(const Node& node, const RingId& ring) {
    std::pair<std::multiset<std::string>, Texts> texts;
    for (const Heard& item : node.heard) {
        if (item.what[0] != 'm' || item.ring != ring) continue;
        texts.first.insert(item.what);
        if (item.service >= Service::causal) texts.second.push_back(item.what);
    }
    return texts;
}

struct Storm {
    explicit Storm(std::uint64_t seed) : prng(seed), c(settings()) {
        c.lose = [this](const Packet&) { return prng.chance(losing); };
    }
    static config::ClusterSettings settings() {
        config::ClusterSettings settings = test_settings(4);
        settings.timers.token_loss = 60s;
        settings.timers.recovery = 600s;
        settings.in_flight_frames = 40;
        settings.burst_frames = 6;
        return settings;
    }
    void talk() {
        losing = 200'000;
        for (int i = 0; i < 30; ++i) {
            const std::size_t from = prng.below(4);
            if (!c[from].ring->operational()) continue;
            const auto service = static_cast<Service>(prng.between(1, 5));
            const std::string text = std::to_string(from) + "-" + std::to_string(++sent) +
                                     std::string(prng.below(900), '.');
            if (c.submit(from, text, service) == Submit::queued) mine[from].insert("m:" + text);
            if (prng.chance(400'000)) c.run_for(Nanos{static_cast<int>(prng.below(60'000))});
        }
    }
    /// Everybody in `part` moves on together; those of one old ring must have heard the same of it.
    void move(const Cluster::Set& part) {
        std::map<RingId, Cluster::Set> together;
        for (const std::size_t i : part) together[c[i].ring->id()].push_back(i);
        losing = 100'000;
        c.form(part);
        for (const auto& [ring, who] : together) {
            for (const std::size_t i : who) {
                EXPECT_EQ(of_ring(c[i], ring), of_ring(c[who.front()], ring));
            }
        }
    }
    void split_and_move() {
        Cluster::Set parts[2];
        for (std::size_t i = 0; i < 4; ++i) parts[prng.below(2)].push_back(i);
        c.drop_wire();
        for (std::size_t i = 0; i < 4; ++i) c[i].ring->stop(c.now());
        for (const Cluster::Set& part : parts) {
            if (!part.empty()) move(part);
        }
    }
    Prng prng;
    std::uint32_t losing{0};
    Cluster c;
    int sent{0};
    std::map<std::size_t, std::multiset<std::string>> mine;
};

TEST(Storm, MoversAgreeAndNobodyLosesHisOwn) {
    for (std::uint64_t seed = 1; seed <= 60 && !HasFailure(); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Storm storm(seed);
        storm.move(storm.c.everybody());
        for (int round = 0; round < 4; ++round) {
            storm.talk();
            storm.split_and_move();
        }
        storm.c.drop_wire();
        for (std::size_t i = 0; i < 4; ++i) storm.c[i].ring->stop(storm.c.now());
        storm.move(storm.c.everybody());
        storm.losing = 0;
        storm.c.run_until([&] { return storm.c.all_stable(); });
        for (std::size_t i = 0; i < 4; ++i) {
            std::multiset<std::string> own;
            std::multiset<std::string> all;
            for (const Heard& item : storm.c[i].heard) {
                if (item.what[0] != 'm') continue;
                all.insert(item.what);
                if (raw(item.sender) == i) own.insert(item.what);
            }
            EXPECT_EQ(own, storm.mine[i]) << "self-delivery, once, of node " << i;
            for (const std::string& text : all) EXPECT_EQ(all.count(text), 1u);
        }
    }
}

}  // namespace
}  // namespace torc::ordering::testing
