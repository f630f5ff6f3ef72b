// Receiving by copy, questions to views, and counts.
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/client_shm/library_support.hpp"

namespace torc::client_shm::test {
namespace {

/// Memory for one record, with guards behind it.
struct Target {
    std::array<char, 8> first{};
    std::array<char, 64> second{};
    std::array<char, 512> names{};
    std::array<iovec, 3> pieces{};
    torc_target raw{};

    explicit Target(std::size_t names_size = 512, std::uint32_t flags = 0,
                    std::size_t payload = 72) {
        const std::size_t front = std::min(payload, first.size());
        pieces = {iovec{first.data(), front}, iovec{nullptr, 0},
                  iovec{second.data(), payload - front}};
        raw.pieces = pieces.data();
        raw.piece_count = pieces.size();
        raw.names = names.data() + 1;  // on purpose not aligned
        raw.names_size = names_size - 1;
        raw.flags = flags;
    }
    std::string payload(std::size_t size) const {
        return (std::string(first.data(), 8) + std::string(second.data(), 64)).substr(0, size);
    }
};

class ReceiveInto : public ::testing::Test {
protected:
    ReceiveInto() : daemon(dir.socket()), ann(connect(dir, "ann")) {}
    int receive(torc_message& message, const Target& target) {
        return torc_receive_into(ann.raw(), &message, &target.raw, kPatience);
    }

    TempDir dir;
    TestDaemon daemon;
    Session ann;
};

TEST_F(ReceiveInto, CopiesPayloadAndNamesAndKeepsNothing) {
    const char* groups[] = {"#ann#n1", "elsewhere"};
    for (int i = 0; i < 3 * TORC_HELD_MAX; ++i) {
        const std::string text = "message number " + std::to_string(i);
        ASSERT_EQ(torc_multigroup_send(ann.raw(), TORC_AGREED, groups, 2, 9, text.data(),
                                       text.size(), kPatience),
                  TORC_OK);
        Target target;
        torc_message message{};
        ASSERT_EQ(receive(message, target), TORC_OK);
        EXPECT_EQ(message.kind, static_cast<std::uint32_t>(TORC_MESSAGE));
        EXPECT_EQ(message.size, text.size());
        EXPECT_EQ(message.data, nullptr);
        EXPECT_EQ(target.payload(text.size()), text);
        EXPECT_STREQ(message.sender, "#ann#n1");
        EXPECT_STREQ(message.group, "#ann#n1");
        EXPECT_GE(message.sender, target.names.data());
        EXPECT_LT(message.sender, target.names.data() + target.names.size());
        torc_names names = message.groups;
        EXPECT_STREQ(torc_names_next(&names), "#ann#n1");
        EXPECT_STREQ(torc_names_next(&names), "elsewhere");
        EXPECT_EQ(torc_names_next(&names), nullptr);
        EXPECT_EQ(torc_release(ann.raw(), &message), TORC_ERROR_STATE) << "nothing is held";
    }
    torc_counts counts{};
    counts.size = sizeof counts;
    ASSERT_EQ(torc_counts_of(ann.raw(), &counts), TORC_OK);
    EXPECT_EQ(counts.unread, 0u);
    EXPECT_EQ(counts.unread_bytes, 0u);
    EXPECT_EQ(counts.received, static_cast<std::uint64_t>(3 * TORC_HELD_MAX));
}

TEST_F(ReceiveInto, WorksAmongHeldRecords) {
    std::vector<Message> held;
    for (int i = 0; i < TORC_HELD_MAX; ++i) {
        ASSERT_TRUE(ann.send("#ann#n1", "held"));
        held.push_back(expect_message(ann));
        ASSERT_TRUE(ann.send("#ann#n1", "copied"));
        Target target;
        torc_message message{};
        ASSERT_EQ(receive(message, target), TORC_OK);
        EXPECT_EQ(target.payload(message.size), "copied");
    }
    for (const Message& message : held) EXPECT_EQ(message.text(), "held");
    held.clear();
    torc_counts counts{};
    counts.size = sizeof counts;
    ASSERT_EQ(torc_counts_of(ann.raw(), &counts), TORC_OK);
    EXPECT_EQ(counts.unread, 0u);
}

TEST_F(ReceiveInto, TooSmallKeepsTheRecordAndTellsItsSizes) {
    ASSERT_TRUE(ann.send("#ann#n1", "sixteen bytes..."));
    torc_message message{};
    message.seq = 77;
    ASSERT_EQ(receive(message, Target(512, 0, 15)), TORC_ERROR_TOO_SMALL);
    EXPECT_EQ(message.size, 16u);
    EXPECT_EQ(message.kind, static_cast<std::uint32_t>(TORC_MESSAGE));
    EXPECT_EQ(message.seq, 77u) << "nothing else is touched";
    const std::uint64_t needed = message.names_size;
    ASSERT_EQ(receive(message, Target(needed, 0, 16)), TORC_ERROR_TOO_SMALL) << "one byte";
    Target exact(needed + 1, 0, 16);
    ASSERT_EQ(receive(message, exact), TORC_OK);
    EXPECT_EQ(exact.payload(16), "sixteen bytes...");
    EXPECT_STREQ(message.sender, "#ann#n1");
}

TEST_F(ReceiveInto, TruncateCutsOnRequest) {
    ASSERT_TRUE(ann.send("#ann#n1", "sixteen bytes..."));
    torc_message message{};
    Target target(2, TORC_TRUNCATE, 10);
    ASSERT_EQ(receive(message, target), TORC_OK);
    EXPECT_EQ(message.size, 16u);
    EXPECT_EQ(target.payload(12), std::string("sixteen by\0\0", 12));
    EXPECT_EQ(message.sender, nullptr);
    EXPECT_EQ(message.groups.count, 0u);
}

TEST_F(ReceiveInto, NamesNeedNotBeWanted) {
    ASSERT_TRUE(ann.send("#ann#n1", "x"));
    torc_message message{};
    Target target;
    target.raw.names = nullptr;
    target.raw.names_size = 0;
    ASSERT_EQ(receive(message, target), TORC_OK);
    EXPECT_EQ(target.payload(1), "x");
    EXPECT_EQ(message.sender, nullptr);
}

TEST_F(ReceiveInto, ViewsComeWholeWithTheirSets) {
    ASSERT_TRUE(ann.join("room"));
    skip_message(ann);
    Session bob = connect(dir, "bob");
    ASSERT_TRUE(bob.join("room"));
    Target target;
    torc_message view{};
    ASSERT_EQ(receive(view, target), TORC_OK);
    EXPECT_EQ(view.kind, static_cast<std::uint32_t>(TORC_VIEW));
    EXPECT_STREQ(view.group, "room");
    EXPECT_EQ(torc_view_set_count(&view), 2u);
    const char* names[2] = {};
    EXPECT_EQ(torc_view_set(&view, 0, names, 2), 1u);
    EXPECT_STREQ(names[0], "#ann#n1");
    EXPECT_EQ(torc_view_set(&view, 1, names, 2), 1u);
    EXPECT_STREQ(names[0], "#bob#n1");
    EXPECT_EQ(torc_view_came_with_me(&view, names, 2), 1u);
    EXPECT_STREQ(names[0], "#ann#n1");
    Message his = expect_message(bob);
    EXPECT_EQ(torc_view_came_with_me(&his.raw(), names, 2), 1u);
    EXPECT_STREQ(names[0], "#bob#n1");
}

TEST_F(ReceiveInto, RefusesBadArguments) {
    torc_message message{};
    Target target;
    EXPECT_EQ(torc_receive_into(ann.raw(), &message, nullptr, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_receive_into(ann.raw(), nullptr, &target.raw, 0), TORC_ERROR_ARGUMENT);
    target.raw.flags = 2;
    EXPECT_EQ(torc_receive_into(ann.raw(), &message, &target.raw, 0), TORC_ERROR_ARGUMENT);
    target.raw.flags = 0;
    target.pieces[1].iov_len = 1;
    EXPECT_EQ(torc_receive_into(ann.raw(), &message, &target.raw, 0), TORC_ERROR_ARGUMENT);
    target.raw.pieces = nullptr;
    EXPECT_EQ(torc_receive_into(ann.raw(), &message, &target.raw, 0), TORC_ERROR_ARGUMENT);
    target.raw.piece_count = 0;
    EXPECT_EQ(torc_receive_into(ann.raw(), &message, &target.raw, 0), TORC_WOULD_BLOCK);
}

// --- views ---------------------------------------------------------------------------------------

TEST(Views, SetsOfAMergeAndTooLittleRoom) {
    constexpr char kNames[] = "\x02#a\0\x02#b\0\x02#c\0\x02#d";
    const std::array<std::uint16_t, 4> sets{0, 1, 0, 2};
    torc_message view{};
    view.kind = TORC_VIEW;
    view.members = {kNames, 4, sizeof kNames};
    view.vs_sets = sets.data();
    view.my_vs_set = 0;
    EXPECT_EQ(torc_view_set_count(&view), 3u);
    const char* names[2] = {};
    EXPECT_EQ(torc_view_came_with_me(&view, names, 1), 2u) << "says how many there are";
    EXPECT_STREQ(names[0], "#a");
    EXPECT_EQ(names[1], nullptr) << "and writes no more than there is room for";
    EXPECT_EQ(torc_view_set(&view, 0, names, 2), 2u);
    EXPECT_STREQ(names[1], "#c");
    EXPECT_EQ(torc_view_set(&view, 2, nullptr, 0), 1u);
    EXPECT_EQ(torc_view_set(&view, 3, names, 2), 0u);
    view.kind = TORC_TRANSITIONAL;
    EXPECT_EQ(torc_view_set_count(&view), 0u);
    EXPECT_EQ(torc_view_set_count(nullptr), 0u);
    EXPECT_EQ(torc_view_came_with_me(nullptr, names, 2), 0u);
}

// --- counts --------------------------------------------------------------------------------------

torc_counts counts_of(const Session& session) {
    torc_counts counts{};
    counts.size = sizeof counts;
    EXPECT_EQ(torc_counts_of(const_cast<Session&>(session).raw(), &counts), TORC_OK);
    return counts;
}

/// The daemon's numbers come at the end of its pass.
bool settles(const Session& session, std::uint64_t ordered, std::uint64_t refused) {
    for (int i = 0; i < 5000; ++i) {
        const torc_counts counts = counts_of(session);
        if (counts.ordered == ordered && counts.refused == refused) return true;
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

TEST(Counts, SayHowFarOperationsHaveCome) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    ASSERT_TRUE(ann.join("room"));
    ASSERT_TRUE(ann.join("forbidden"));
    ASSERT_TRUE(ann.send("room", "one", TORC_RELIABLE));
    ASSERT_TRUE(ann.send("room", "two", TORC_UNRELIABLE));
    ASSERT_TRUE(ann.send("room", "three", TORC_SAFE));
    ASSERT_TRUE(settles(ann, 4, 1));
    const torc_counts counts = counts_of(ann);
    EXPECT_EQ(counts.accepted, 5u);
    EXPECT_EQ(counts.taken, 5u);
    EXPECT_EQ(counts.undelivered, 0u);
    EXPECT_EQ(counts.unread, 5u) << "a view, a refusal, three messages";
    EXPECT_GT(counts.unread_bytes, 0u);
}

TEST(Counts, TellWhatWasUndeliveredWhenTheSessionEnded) {
    TempDir dir;
    TestDaemonOptions options;
    options.core_serves = false;
    auto daemon = std::make_unique<TestDaemon>(dir.socket(), options);
    Session ann = connect(dir, "ann");
    for (int i = 0; i < 7; ++i) ASSERT_TRUE(ann.send("room", "x"));
    EXPECT_EQ(counts_of(ann).undelivered, 7u);
    daemon.reset();
    EXPECT_EQ(ann.receive(Timeout(10s)).status().code(), TORC_ERROR_SHUTDOWN);
    const torc_counts counts = counts_of(ann);
    EXPECT_EQ(counts.accepted, 7u);
    EXPECT_EQ(counts.undelivered, 7u - counts.ordered);
}

TEST(Counts, RefuseBadArguments) {
    TempDir dir;
    TestDaemon daemon(dir.socket());
    Session ann = connect(dir, "ann");
    torc_counts counts{};
    EXPECT_EQ(torc_counts_of(ann.raw(), &counts), TORC_ERROR_ARGUMENT) << "no size";
    EXPECT_EQ(torc_counts_of(ann.raw(), nullptr), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_counts_of(nullptr, &counts), TORC_ERROR_ARGUMENT);
}

}  // namespace
}  // namespace torc::client_shm::test
