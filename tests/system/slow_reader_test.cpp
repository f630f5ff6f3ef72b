// Clients that do not read, at real daemons: they are warned, then treated as configured, and cost
// the daemon no more memory than configured; the administrator sees how far they are behind, and
// can end them.
#include <thread>

#include <gtest/gtest.h>

#include "tests/system/process_facts.hpp"
#include "tools/torc/control.hpp"
#include "tools/torc/local_cluster.hpp"

namespace torc::tool {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kPatience = Session::kPatience;
constexpr std::size_t kPayload = 1350;
constexpr std::uint64_t kRingKb = 1024;
/// What a daemon's resident memory may change by for other reasons.
constexpr std::uint64_t kSlackKb = 6 * 1024;

class SlowReader : public ::testing::Test {
protected:
    void start(std::vector<std::string> settings, std::size_t nodes = 1) {
        ClusterPlan plan;
        plan.layout = Layout::udp;
        plan.nodes = nodes;
        plan.settings = std::move(settings);
        plan.settings.push_back("cluster.message_bytes=64KiB");
        plan.settings.push_back("daemon.session_ring_bytes=1MiB");
        cluster_ = std::make_unique<LocalCluster>(plan);
        cluster_->start();
    }
    /// A client that joins the group and then never reads.
    std::unique_ptr<Session> stuck(const std::string& name = {}) {
        auto session = std::make_unique<Session>(cluster_->target(0, name));
        session->join("room");
        return session;
    }
    void send(Session& sender, int count, unsigned service = TORC_AGREED) {
        const std::vector<std::byte> payload(kPayload);
        for (int i = 0; i < count; ++i) {
            ASSERT_TRUE(sender.send(service, {"room"}, 0, payload, kPatience)) << i;
        }
    }
    /// What a client finds that begins to read, and how it ends.
    struct Story {
        std::size_t messages{0};
        std::size_t before_warning{0};
        std::size_t warnings{0};
        torc_message warning{};
        int end{TORC_OK};
    };
    static Story read_all(Session& session, std::int64_t patience = kPatience) {
        Story story;
        torc_message record{};
        while ((story.end = torc_receive(session.raw(), &record, patience)) == TORC_OK) {
            if (record.kind == TORC_MESSAGE) ++story.messages;
            if (record.kind == TORC_WARNING && story.warnings++ == 0) {
                story.before_warning = story.messages;
                story.warning = record;
            }
            torc_release(session.raw(), &record);
        }
        return story;
    }
    static void wait_until_ordered(Session& sender) {
        torc_counts counts{};
        counts.size = sizeof counts;
        EXPECT_TRUE(eventually([&] {
            return torc_counts_of(sender.raw(), &counts) == TORC_OK && counts.undelivered == 0;
        }));
    }
    std::uint64_t counter(const std::string& name) const {
        const auto status = cluster_->status(0);
        return status ? status->counters.at(name) : 0;
    }
    std::string daemon() const { return "/proc/" + std::to_string(cluster_->daemon(0).pid()); }
    std::optional<SessionInfo> shown(const std::string& name) const {
        const auto status = cluster_->status(0);
        if (!status) return std::nullopt;
        for (const SessionInfo& session : status->sessions) {
            if (session.name == name) return session;
        }
        return std::nullopt;
    }
    template <typename Condition>
    static bool eventually(Condition&& condition) {
        for (int i = 0; i < 60'000; ++i) {
            if (condition()) return true;
            std::this_thread::sleep_for(1ms);
        }
        return false;
    }

    std::unique_ptr<LocalCluster> cluster_;
};

TEST_F(SlowReader, CostTheDaemonNoMoreThanTheirConfiguredMemory) {
    constexpr std::uint64_t kReaders = 4;
    constexpr int kRounds = 4;
    constexpr int kMessages = 10'000;  // 13 MB a round, several times what the readers may have
    start({}, 2);
    Session sender(cluster_->target(1));
    send(sender, 3 * kMessages);  // the daemon's own pools are touched once; they are no reader's
    wait_until_ordered(sender);
    const std::uint64_t before = status_kb(daemon(), "VmRSS");
    ASSERT_GT(before, 0u);
    for (std::uint64_t round = 1; round <= kRounds; ++round) {
        std::vector<std::unique_ptr<Session>> readers;
        for (std::uint64_t i = 0; i < kReaders; ++i) readers.push_back(stuck());
        for (int i = 0; i < kMessages; i += 1000) {
            send(sender, 1000);
            EXPECT_LE(status_kb(daemon(), "VmRSS"), before + kReaders * 2 * kRingKb + kSlackKb);
        }
        ASSERT_TRUE(eventually([&] { return counter("kicked_slow_reader") == round * kReaders; }));
        for (const auto& reader : readers) {
            const Story story = read_all(*reader);
            EXPECT_EQ(story.end, TORC_ERROR_SLOW_READER) << torc_strerror(story.end);
            EXPECT_EQ(story.warnings, 1u);
            EXPECT_GT(story.messages, story.before_warning) << "warned before the limit";
            EXPECT_LT(story.messages * kPayload, kRingKb * 1024);
        }
    }
}

TEST_F(SlowReader, ThatStaysCostsNoMoreEither) {
    constexpr std::uint64_t kReaders = 4;
    constexpr int kMessages = 40'000;
    start({"daemon.slow_reader=drop_unreliable"}, 2);
    Session sender(cluster_->target(1));
    send(sender, kMessages);
    wait_until_ordered(sender);
    const std::uint64_t before = status_kb(daemon(), "VmRSS");
    std::vector<std::unique_ptr<Session>> readers;
    for (std::uint64_t i = 0; i < kReaders; ++i) readers.push_back(stuck());
    for (int i = 0; i < kMessages; i += 1000) {
        send(sender, 1000, TORC_UNRELIABLE);
        EXPECT_LE(status_kb(daemon(), "VmRSS"), before + kReaders * 2 * kRingKb + kSlackKb);
    }
    ASSERT_TRUE(eventually([&] { return counter("reader_dropped") > kReaders * kMessages / 2; }));
    EXPECT_EQ(counter("kicked_slow_reader"), 0u);
    for (const auto& reader : readers) {
        const Story story = read_all(*reader, 500'000'000);
        EXPECT_EQ(story.end, TORC_WOULD_BLOCK) << torc_strerror(story.end);
        EXPECT_GE(story.warnings, 1u);
    }
    send(sender, 1);
    torc_message record{};
    EXPECT_TRUE(readers[0]->receive(record, kPatience)) << "it goes on";
}

TEST_F(SlowReader, IsWarnedWhereConfiguredAndEndsByBytes) {
    start({"daemon.high_water=20"});
    auto reader = stuck();
    Session sender(cluster_->target(0));
    send(sender, 2000);
    ASSERT_TRUE(eventually([&] { return counter("kicked_slow_reader") == 1; }));
    const Story story = read_all(*reader);
    EXPECT_EQ(story.end, TORC_ERROR_SLOW_READER) << torc_strerror(story.end);
    EXPECT_EQ(story.warnings, 1u);
    EXPECT_EQ(story.warning.capacity_bytes, kRingKb * 1024);
    EXPECT_LE(story.warning.fill_bytes, kRingKb * 1024 / 5);
    EXPECT_EQ(story.warning.waiting_messages_limit, 0u);
    // 20 of 100, give or take one record.
    EXPECT_GT(story.messages, 4 * story.before_warning - 20);
    int code = TORC_OK;
    for (int i = 0; i < 2; ++i) {
        code = torc_join(reader->raw(), "x", 0);
        EXPECT_EQ(code, TORC_ERROR_SLOW_READER) << torc_strerror(code);
    }
}

TEST_F(SlowReader, IsBoundedByMessages) {
    start({"daemon.session_messages=100"});
    auto reader = stuck();
    Session sender(cluster_->target(0));
    send(sender, 500);
    ASSERT_TRUE(eventually([&] { return counter("kicked_slow_reader") == 1; }));
    const Story story = read_all(*reader);
    EXPECT_EQ(story.end, TORC_ERROR_SLOW_READER) << torc_strerror(story.end);
    EXPECT_EQ(story.messages, 98u) << "with a view and a warning that is 100 records";
    EXPECT_EQ(story.warnings, 1u);
    EXPECT_EQ(story.warning.waiting_messages_limit, 100u);
    EXPECT_EQ(story.warning.waiting_messages, 75u);
}

TEST_F(SlowReader, AdministratorSeesTheLagAndEndsTheSession) {
    start({});
    auto reader = stuck("reader");
    Session sender(cluster_->target(0, "sender"));
    send(sender, 100);
    ASSERT_TRUE(eventually([&] { return shown("reader") && shown("reader")->unread == 101; }));
    const SessionInfo lag = *shown("reader");
    EXPECT_GT(lag.unread_bytes, 100 * kPayload);
    EXPECT_EQ(lag.capacity, kRingKb * 1024);
    ASSERT_TRUE(eventually([&] { return shown("sender")->taken == 100; }));
    ASSERT_TRUE(eventually([&] { return counter("reader_lag") == 101; }));

    const std::string socket = cluster_->folder() + "/" + cluster_->status(0)->node + ".sock";
    EXPECT_FALSE(disconnect_session(socket, "nobody"));
    ASSERT_TRUE(disconnect_session(socket, "reader"));
    const Story story = read_all(*reader);
    EXPECT_EQ(story.messages, 100u) << "what had come is received";
    EXPECT_EQ(story.end, TORC_ERROR_KICKED) << torc_strerror(story.end);
    EXPECT_TRUE(eventually([&] { return !shown("reader"); }));
    EXPECT_TRUE(eventually([&] { return counter("kicked_administrator") == 1; }));
    EXPECT_FALSE(disconnect_session(socket, "reader")) << "it is gone";
}

}  // namespace
}  // namespace torc::tool
