// Real daemons and clients: sessions that read a group from their delivery log, and one that gets
// copies, hear the same in the same order, views included.
#include <array>
#include <cstring>
#include <thread>

#include <gtest/gtest.h>

#include "tools/torc/local_cluster.hpp"

namespace torc::tool {
namespace {

constexpr std::int64_t kPatience = Session::kPatience;
constexpr int kEach = 5000;  ///< messages of each sender
constexpr std::array<std::size_t, 5> kSizes{4, 64, 1350, 64, 9000};

/// What one receiver heard, as a number: who said what, and in which order.
struct Heard {
    std::uint64_t hash{0xCBF29CE484222325};
    int messages{0};
    int end{TORC_OK};
    void add(const void* bytes, std::size_t size) {
        const auto* at = static_cast<const unsigned char*>(bytes);
        for (std::size_t i = 0; i < size; ++i) hash = (hash ^ at[i]) * 0x100000001B3;
    }
};

Heard hear(Session& session, int messages) {
    Heard heard;
    torc_message record{};
    while (heard.messages < messages) {
        heard.end = torc_receive(session.raw(), &record, kPatience);
        if (heard.end != TORC_OK) return heard;
        if (record.kind == TORC_MESSAGE) {
            ++heard.messages;
            heard.add(record.sender, std::strlen(record.sender));
            heard.add(record.data, record.size);
            heard.add(&record.seq, sizeof record.seq);
        }
        torc_release(session.raw(), &record);
    }
    return heard;
}

void say(Session& session, unsigned salt) {
    for (int i = 0; i < kEach; ++i) {
        std::vector<std::byte> payload(kSizes[static_cast<std::size_t>(i) % kSizes.size()]);
        for (std::size_t at = 0; at < payload.size(); ++at) {
            payload[at] = static_cast<std::byte>(at * salt + static_cast<std::size_t>(i));
        }
        std::memcpy(payload.data(), &i, sizeof i);
        ASSERT_TRUE(session.send(TORC_AGREED, {"room"}, 0, payload, kPatience)) << i;
    }
}

void wait_for_members(Session& session, std::size_t members) {
    torc_message message;
    for (std::size_t seen = 0; seen < members;) {
        ASSERT_TRUE(session.receive(message, kPatience));
        if (message.kind == TORC_VIEW) seen = message.members.count;
        session.release(message);
    }
}

TEST(DeliveryLog, ItsReadersAndThoseOfCopiesHearOneOrder) {
    ClusterPlan plan;
    plan.layout = Layout::udp;
    plan.nodes = 2;
    plan.settings = {"daemon.session_ring_bytes=32MiB"};
    LocalCluster cluster(plan);
    cluster.start();
    constexpr std::size_t kReaders = 5;
    std::vector<Session> readers;  // the last one is alone at its daemon
    for (std::size_t i = 0; i < kReaders; ++i) {
        readers.emplace_back(cluster.target(i + 1 < kReaders ? 0 : 1));
        readers.back().join("room");
    }
    for (Session& reader : readers) wait_for_members(reader, kReaders);
    Session here(cluster.target(0));
    Session there(cluster.target(1));
    std::array<Heard, kReaders> heard;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kReaders; ++i) {
        threads.emplace_back([&, i] { heard[i] = hear(readers[i], 2 * kEach); });
    }
    threads.emplace_back([&] { say(here, 3); });
    threads.emplace_back([&] { say(there, 5); });
    for (std::thread& thread : threads) thread.join();
    for (const Heard& one : heard) {
        EXPECT_EQ(one.end, TORC_OK) << torc_strerror(one.end);
        EXPECT_EQ(one.messages, 2 * kEach);
        EXPECT_EQ(one.hash, heard[0].hash);
    }
    const auto counted = [&](std::size_t node, const char* name) {
        const auto status = cluster.status(node);
        return status ? status->counters.at(name) : 0;
    };
    // The status is written now and then. A reader that was late got some copies, but not only.
    for (int i = 0; i < 1000 && counted(0, "fan_out_shared") < kEach; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    EXPECT_GE(counted(0, "fan_out_shared"), std::uint64_t{kEach});
    EXPECT_EQ(counted(1, "fan_out_shared"), 0u);
}

}  // namespace
}  // namespace torc::tool
