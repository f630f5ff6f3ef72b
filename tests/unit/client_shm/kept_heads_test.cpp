// Messages without a head, as the library receives them: what they say is that of the message
// before them, and stays so while they are held, whatever becomes of the ring. And records that are
// given back many at once.
#include <memory>
#include <random>

#include "tests/unit/client_shm/lone_session.hpp"

namespace torc::client_shm::test {
namespace {

using Strings = std::vector<std::string>;

class KeptHeadsTest : public ::testing::Test {
protected:
    void expect_head(const torc_message& message, const Head& head) {
        EXPECT_EQ(message.kind, static_cast<std::uint32_t>(TORC_MESSAGE));
        EXPECT_EQ(std::string(message.sender), head.sender);
        EXPECT_EQ(std::string(message.group), head.groups.front());
        EXPECT_EQ(groups_of(message), head.groups);
        EXPECT_EQ(message.seq, head.seq);
        EXPECT_EQ(message.type, 9);
        EXPECT_EQ(message.ring_epoch, 7u);
        EXPECT_EQ(message.ring_representative, 3u);
    }
    void expect_violation() {
        torc_message message{};
        EXPECT_EQ(session->receive(message), TORC_ERROR_VIOLATION);
        EXPECT_EQ(session->receive(message), TORC_ERROR_VIOLATION) << "for ever";
    }
    /// The session's number i of many heads.
    static Head head_of(int i) {
        return {
            "#s" + std::to_string(i) + "#n1",
            {"g" + std::to_string(i), std::string(static_cast<std::size_t>(i) % 100, 'x') + "y"},
            static_cast<std::uint64_t>(i)};
    }

    std::unique_ptr<LoneSession> session = std::make_unique<LoneSession>();
};

// --- followers -----------------------------------------------------------------------------------

TEST_F(KeptHeadsTest, AFollowerSaysWhatTheOneBeforeSaidButPlaceServiceAndPayload) {
    const Head head{"#ann#n1", {"one", "another"}, 33};
    session->whole(head, "first");
    session->follower("second", 5, TORC_FIFO);
    session->follower("", 6, TORC_SAFE);
    const torc_message first = session->expect();
    // What a message does not use is 0, whatever the program's memory was.
    torc_message second;
    std::memset(&second, 0xFF, sizeof second);
    ASSERT_EQ(session->receive(second), TORC_OK);
    const torc_message third = session->expect();
    for (const torc_message& message : {first, second, third}) {
        expect_head(message, head);
        EXPECT_EQ(message.names_size, first.names_size);
        EXPECT_EQ(message.cause, 0);
        EXPECT_EQ(message.members.count, 0u);
        EXPECT_EQ(message.vs_sets, nullptr);
        EXPECT_EQ(message.reason, 0);
        EXPECT_EQ(message.operation, 0u);
        EXPECT_EQ(message.waiting_messages_limit, 0u);
    }
    EXPECT_EQ(text_of(first), "first");
    EXPECT_EQ(text_of(second), "second");
    EXPECT_EQ(text_of(third), "");
    EXPECT_EQ(first.index, 1u);
    EXPECT_EQ(second.index, 5u);
    EXPECT_EQ(third.index, 6u);
    EXPECT_EQ(first.service, TORC_AGREED);
    EXPECT_EQ(second.service, TORC_FIFO);
    EXPECT_EQ(third.service, TORC_SAFE);
}

TEST_F(KeptHeadsTest, AFollowerOutlivesTheRecordThatHasItsHead) {
    const Head head{"#ann#n1", {"one", "another"}, 33};
    session->whole(head, "first");
    const torc_message first = session->expect();
    ASSERT_EQ(session->release(first), TORC_OK);
    session->scribble();
    session->follower("second");
    const torc_message second = session->expect();
    expect_head(second, head);
    EXPECT_EQ(text_of(second), "second");
    session->whole(Head{"#bob#n2", {"other"}, 34}, "third");
    const torc_message third = session->expect();
    expect_head(second, head);
    expect_head(third, Head{"#bob#n2", {"other"}, 34});
}

/// As many heads as can be held, twice over, while all that is given back is written over.
TEST_F(KeptHeadsTest, HeldMessagesOfManyHeadsStayAsTheyAre) {
    struct Held {
        torc_message message;
        int head;
        std::string text;
    };
    std::vector<Held> held;
    std::mt19937 random{11};
    const auto give_back = [&](std::size_t at) {
        ASSERT_EQ(session->release(held[at].message), TORC_OK);
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
        session->scribble();
    };
    for (int i = 0; i < 4000; ++i) {
        if (session->ring.fill() > LoneSession::kCapacity / 2) give_back(0);
        const bool follows = i > 0 && random() % 3 == 0;
        const std::string text = std::to_string(i);
        const int head = follows ? held.back().head : i;
        if (follows) {
            session->follower(text);
        } else {
            session->whole(head_of(head), text);
        }
        held.push_back({session->expect(), head, text});
        while (held.size() == TORC_HELD_MAX) give_back(random() % (held.size() - 1));
        if (i % 50 != 0) continue;
        for (const Held& one : held) {
            expect_head(one.message, head_of(one.head));
            EXPECT_EQ(text_of(one.message), one.text);
        }
        ASSERT_FALSE(HasFailure()) << i;
    }
}

TEST_F(KeptHeadsTest, WithAllHeldAHeadIsStillReadAndCopied) {
    std::vector<torc_message> held;
    for (int i = 0; i < TORC_HELD_MAX; ++i) {
        session->whole(head_of(i), "held");
        session->follower("follower");
        held.push_back(session->expect());
        if (i % 2 == 0) {  // now the follower is held instead
            ASSERT_EQ(session->release(held.back()), TORC_OK);
            held.back() = session->expect();
            continue;
        }
        torc_message copied{};
        torc_target target{};
        target.flags = TORC_TRUNCATE;
        ASSERT_EQ(torc_receive_into(&session->raw, &copied, &target, 0), TORC_OK);
    }
    session->whole(head_of(1000), "copied");
    session->follower("copied too");
    torc_message message{};
    EXPECT_EQ(session->receive(message), TORC_ERROR_STATE) << "all are held";
    for (const char* text : {"copied", "copied too"}) {
        char payload[16]{};
        char names[128]{};
        const iovec piece{payload, sizeof payload};
        const torc_target target{&piece, 1, names, sizeof names, 0, 0};
        ASSERT_EQ(torc_receive_into(&session->raw, &message, &target, 0), TORC_OK);
        EXPECT_STREQ(payload, text);
        expect_head(message, head_of(1000));
    }
    for (int i = 0; i < TORC_HELD_MAX; ++i) {
        expect_head(held[static_cast<std::size_t>(i)], head_of(i));
    }
}

TEST_F(KeptHeadsTest, TooSmallTwiceChangesNothing) {
    const Head head{"#ann#n1", {"one", "another"}, 33};
    session->whole(head, "the first");
    session->follower("the second");
    session->follower("the third");
    for (const char* text : {"the first", "the second", "the third"}) {
        torc_message message{};
        char payload[16]{};
        char names[128]{};
        const iovec small{payload, 3};
        const torc_target too_small{&small, 1, names, sizeof names, 0, 0};
        const iovec piece{payload, sizeof payload};
        const torc_target target{&piece, 1, names, sizeof names, 0, 0};
        for (int i = 0; i < 2; ++i) {
            ASSERT_EQ(torc_receive_into(&session->raw, &message, &too_small, 0),
                      TORC_ERROR_TOO_SMALL);
            EXPECT_EQ(message.size, std::strlen(text));
        }
        ASSERT_EQ(torc_receive_into(&session->raw, &message, &target, 0), TORC_OK);
        EXPECT_STREQ(payload, text);
        expect_head(message, head);
        EXPECT_GE(message.sender, names);
        EXPECT_LT(message.sender, names + sizeof names);
    }
    EXPECT_EQ(session->released(), 3u);
}

TEST_F(KeptHeadsTest, EachRunHasItsOwnHeads) {
    const Head head{"#ann#n1", {"one"}, 33};
    const Head other{"#bob#n1", {"two"}, 34};
    session->log_record(LoneSession::whole_body(head, "1"));
    session->log_record(LoneSession::bytes_of("2"), kSameHead, LoneSession::place(2));
    session->run();
    session->log_record(LoneSession::whole_body(other, "3"));
    session->log_record(LoneSession::bytes_of("4"), kSameHead, LoneSession::place(2));
    session->run();
    session->whole(head, "5");
    session->follower("6");
    std::vector<torc_message> messages;
    for (int i = 0; i < 6; ++i) messages.push_back(session->expect());
    session->log.fill(std::byte{0xAA});
    for (const int i : {0, 1, 4, 5}) expect_head(messages[static_cast<std::size_t>(i)], head);
    for (const int i : {2, 3}) expect_head(messages[static_cast<std::size_t>(i)], other);
    EXPECT_EQ(text_of(messages[5]), "6");
    // Of a run the ring is free behind its last message.
    ASSERT_EQ(session->release(messages[0]), TORC_OK);
    ASSERT_EQ(session->release(messages[1]), TORC_OK);
    EXPECT_EQ(session->released(), 2u);
}

// --- what no daemon writes -----------------------------------------------------------------------

TEST_F(KeptHeadsTest, AFollowerOfNothingIsAViolation) {
    session->follower("first in the ring");
    expect_violation();
}

TEST_F(KeptHeadsTest, AFollowerFirstInItsRunIsAViolation) {
    session->whole(Head{}, "in the ring");
    session->log_record(LoneSession::bytes_of("x"), kSameHead, LoneSession::place(2));
    session->run();
    session->expect();
    expect_violation();
}

TEST_F(KeptHeadsTest, AFollowerFirstInTheNextRunIsAViolation) {
    session->log_record(LoneSession::whole_body(Head{}, "x"));
    session->run();
    session->log_record(LoneSession::bytes_of("x"), kSameHead, LoneSession::place(2));
    session->run();
    session->expect();
    expect_violation();
}

TEST_F(KeptHeadsTest, AFollowerBehindARunIsAViolation) {
    session->log_record(LoneSession::whole_body(Head{}, "in the log"));
    session->run();
    session->follower("x");
    session->expect();
    expect_violation();
}

TEST_F(KeptHeadsTest, AFollowerBehindSomethingElseIsAViolation) {
    session->whole(Head{}, "x");
    session->warning();
    session->follower("x");
    session->expect();
    EXPECT_EQ(session->expect().kind, static_cast<std::uint32_t>(TORC_WARNING));
    expect_violation();
}

TEST_F(KeptHeadsTest, AFollowerOfAHeadThatIsTooLongIsAViolation) {
    Head head;
    const std::size_t longest =
        kSharedHeadBytesMax - sizeof(MessageBody) - name_bytes(head.sender.size()) - name_bytes(0);
    head.groups = {std::string(longest, 'g')};
    session->whole(head, "x");
    session->follower("y");
    expect_head(session->expect(), head);
    expect_head(session->expect(), head);
    head.groups = {std::string(longest + 1, 'g')};
    session->whole(head, "x");
    session->follower("y");
    const torc_message long_one = session->expect();
    expect_head(long_one, head);
    EXPECT_EQ(text_of(long_one), "x");
    expect_violation();
}

TEST_F(KeptHeadsTest, UnknownFlagsAreViolations) {
    for (const std::uint16_t flags : {std::uint16_t{2}, std::uint16_t{kSameHead | 2}}) {
        session = std::make_unique<LoneSession>();
        session->whole(Head{}, "x");
        session->write(RecordType::message, LoneSession::whole_body(Head{}, "x"), flags);
        session->expect();
        expect_violation();
    }
    session = std::make_unique<LoneSession>();
    session->write(RecordType::warning, std::vector<std::byte>(sizeof(WarningBody)), kSameHead);
    expect_violation();
}

TEST_F(KeptHeadsTest, AHeadWhoseNamesMakeNoSenseIsAViolationAndIsNotFollowed) {
    std::vector<std::byte> body = LoneSession::whole_body(Head{}, "x");
    body[sizeof(MessageBody)] = std::byte{200};  // a sender longer than all names
    session->whole(Head{}, "x");
    session->write(RecordType::message, body);
    session->follower("y");
    session->expect();
    expect_violation();
}

// --- given back through --------------------------------------------------------------------------

TEST_F(KeptHeadsTest, ReleaseThroughGivesBackAllUpToARecord) {
    std::vector<torc_message> messages;
    for (int i = 0; i < 6; ++i) {
        session->whole(head_of(i), std::to_string(i));
        messages.push_back(session->expect());
    }
    const std::uint64_t all = session->ring.tail();
    ASSERT_EQ(session->release(messages[1]), TORC_OK);
    ASSERT_EQ(session->release(messages[4]), TORC_OK);
    EXPECT_EQ(session->released(), 0u);
    EXPECT_EQ(session->release_through(messages[1]), TORC_ERROR_STATE) << "it is not held";
    EXPECT_EQ(session->released(), 0u) << "nor is anything given back";
    EXPECT_EQ(session->head(), 0u);
    ASSERT_EQ(session->release_through(messages[3]), TORC_OK);
    EXPECT_EQ(session->released(), 5u) << "the next one waited for these";
    EXPECT_EQ(session->release_through(messages[2]), TORC_ERROR_STATE);
    EXPECT_EQ(session->release(messages[0]), TORC_ERROR_STATE);
    session->scribble();
    expect_head(messages[5], head_of(5));
    ASSERT_EQ(session->release_through(messages[5]), TORC_OK);
    EXPECT_EQ(session->released(), 6u);
    EXPECT_EQ(session->head(), all);
    EXPECT_EQ(session->release_through(messages[5]), TORC_ERROR_STATE);
    EXPECT_EQ(torc_release_through(nullptr, &messages[5]), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_release_through(&session->raw, nullptr), TORC_ERROR_ARGUMENT);
}

TEST_F(KeptHeadsTest, ReleaseThroughCountsWhatLiesInTheLog) {
    session->log_record(LoneSession::whole_body(Head{}, "1"));
    session->log_record(LoneSession::bytes_of("2"), kSameHead, LoneSession::place(2));
    session->log_record(LoneSession::bytes_of("3"), kSameHead, LoneSession::place(3));
    session->run();
    const std::uint64_t head = record_bytes(LoneSession::whole_body(Head{}, "1").size());
    session->expect();
    const torc_message second = session->expect();
    const torc_message third = session->expect();
    ASSERT_EQ(session->release_through(second), TORC_OK);
    EXPECT_EQ(session->released(), 2u);
    EXPECT_EQ(session->log_released(), head + record_bytes(1));
    EXPECT_EQ(session->head(), 0u) << "the run's last message is held";
    ASSERT_EQ(session->release_through(third), TORC_OK);
    EXPECT_EQ(session->log_released(), head + 2 * record_bytes(1));
    EXPECT_EQ(session->head(), session->ring.tail());
}

/// Any mixture of both, against a list of what is held.
TEST_F(KeptHeadsTest, ReleasesOfBothKindsInAnyOrder) {
    std::mt19937 random{5};
    std::vector<torc_message> held;  // oldest first
    std::uint64_t given = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::size_t at = held.empty() ? 0 : random() % held.size();
        const unsigned what = random() % 8;
        if (held.empty() || (what < 5 && held.size() < TORC_HELD_MAX)) {
            session->whole(head_of(i % 50), "x");
            held.push_back(session->expect());
            ++given;
        } else if (what < 7) {
            ASSERT_EQ(session->release(held[at]), TORC_OK);
            EXPECT_EQ(session->release_through(held[at]), TORC_ERROR_STATE);
            held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
        } else {
            ASSERT_EQ(session->release_through(held[at]), TORC_OK);
            held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(at) + 1);
        }
        const std::uint64_t oldest = held.empty() ? given + 1 : held.front().position;
        ASSERT_EQ(session->released(), oldest - 1) << i;
        if (held.empty()) {
            ASSERT_EQ(session->head(), session->ring.tail());
        }
    }
    EXPECT_GT(given, 5000u);
}

}  // namespace
}  // namespace torc::client_shm::test
