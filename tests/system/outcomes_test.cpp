// Bad input at a real daemon, through the C interface: names, numbers of groups, sizes, arguments.
// What each gives stands in torc.h and, as a table, in docs/outcomes.md; every row there names a
// test of this file or its neighbours. Nothing here may crash, hang or be answered by silence where
// an answer is promised.
#include "tests/system/outcomes.hpp"

#include <climits>
#include <cstring>
#include <string>

namespace torc::system_test {
namespace {

// --- names ---------------------------------------------------------------------------------------

struct BadName {
    const char* what;
    std::string name;
};

/// What the library itself sees.
const std::vector<BadName>& bad_group_names() {
    static const std::vector<BadName> names{
        {"empty", ""},
        {"longer than 66 without TORC_LONG_NAMES", std::string(TORC_GROUP_NAME_MAX + 1, 'x')},
        {"endless", std::string(100'000, 'x')},
        {"with a line feed", "a\nb"},
        {"with a tab", "\tx"},
        {"with ESC", "x\x1B[31m"},
        {"with DEL", "x\x7F"},
    };
    return names;
}

TEST_F(Outcomes, NamesThatNoGroupMayHave) {
    char byte = 0;
    for (const auto& [what, name] : bad_group_names()) {
        SCOPED_TRACE(what);
        const char* const text = name.c_str();
        EXPECT_EQ(torc_join(ann(), text, kWait), TORC_ERROR_NAME);
        EXPECT_EQ(torc_leave(ann(), text, kWait), TORC_ERROR_NAME);
        EXPECT_EQ(torc_flush_join(ann(), text, kWait), TORC_ERROR_NAME);
        EXPECT_EQ(torc_flush_ok(ann(), text, kWait), TORC_ERROR_NAME);
        EXPECT_EQ(torc_send(ann(), TORC_AGREED, text, 0, &byte, 1, kWait), TORC_ERROR_NAME);
        const char* const groups[] = {"fine", text};
        EXPECT_EQ(torc_multigroup_send(ann(), TORC_AGREED, groups, 2, 0, &byte, 1, kWait),
                  TORC_ERROR_NAME);
        torc_reservation room;
        EXPECT_EQ(torc_reserve(ann(), TORC_AGREED, groups, 2, 0, 1, &room, kWait), TORC_ERROR_NAME);
        EXPECT_EQ(torc_subgroup_send(ann(), TORC_AGREED, "fine", &text, 1, 0, &byte, 1, kWait),
                  TORC_ERROR_NAME);
    }
    EXPECT_EQ(torc_operations(ann()), 0u) << "nothing was accepted";
    EXPECT_TRUE(ann_.drain().empty());
}

TEST_F(Outcomes, APrivateNameCannotBeJoined) {
    for (const char* name : {"#", "#ann#n0", "#x"}) {
        EXPECT_EQ(torc_join(ann(), name, kWait), TORC_ERROR_NAME);
        EXPECT_EQ(torc_leave(ann(), name, kWait), TORC_ERROR_NAME);
        EXPECT_EQ(torc_flush_join(ann(), name, kWait), TORC_ERROR_NAME);
        EXPECT_EQ(torc_flush_ok(ann(), name, kWait), TORC_ERROR_NAME);
    }
}

TEST_F(Outcomes, NamesThatOnlyTheDaemonUnderstandsAreRefusedByRecord) {
    const char byte = 0;
    for (const char* name : {"#", "##", "#ann", "#ann#", "##n0", "#a b#n0", "#ann#n0#",
                             "#0123456789012345678901234567890123#n0"}) {
        SCOPED_TRACE(name);
        expect_refused(torc_send(ann(), TORC_AGREED, name, 0, &byte, 1, kWait), TORC_ERROR_NAME);
    }
    for (const char* name : {"\xFF", "caf\xE9", "\xC0\xAF", "\xED\xA0\x80", "x\xC2\x9B"}) {
        SCOPED_TRACE("not UTF-8, or a control character of it");
        expect_refused(torc_join(ann(), name, kWait), TORC_ERROR_NAME);
        expect_refused(torc_flush_join(ann(), name, kWait), TORC_ERROR_NAME);
        expect_refused(torc_send(ann(), TORC_AGREED, name, 0, &byte, 1, kWait), TORC_ERROR_NAME);
    }
}

TEST_F(Outcomes, APrivateNameThatNobodyHasReachesNobody) {
    ann_.send("#nobody#n0", "x");
    ann_.send("#nobody#n1", "x");
    ann_.send("#nobody#nowhere", "x");
    ann_.send("a group that is not there", "x");
    EXPECT_EQ(lines_of(ann_.drain()), Names{});
}

TEST_F(Outcomes, TheLongestAndTheOddestNamesWork) {
    for (const std::string& name :
         {std::string(TORC_GROUP_NAME_MAX, 'x'), std::string(" "), std::string("two words"),
          std::string("a#b"), std::string("caf\xC3\xA9")}) {
        SCOPED_TRACE(name);
        gather({&ann_, &bob_}, name.c_str());
        ann_.send(name, "hello");
        EXPECT_EQ(bob_.next().group, name);
        ann_.next();
    }
}

TEST_F(Outcomes, LongNamesNeedTheFlag) {
    const std::string name(TORC_LONG_GROUP_NAME_MAX, 'L');
    const tool::Target target = cluster().target(0);
    SessionOptions options;
    options.daemon = target.daemon.c_str();
    options.runtime_dir = target.runtime_dir.c_str();
    options.long_names = true;
    Session session = Session::connect(options).value();
    ASSERT_TRUE(session.join(name));
    EXPECT_EQ(session.receive(kPatience).value().group(), name);
    ASSERT_TRUE(session.send(name, "far"));
    const Outcome<Message> got = session.receive(kPatience);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->group(), name);
    EXPECT_EQ(session.join(name + "L").code(), TORC_ERROR_NAME);
    EXPECT_EQ(torc_join(ann(), name.c_str(), kWait), TORC_ERROR_NAME);
}

TEST_F(Outcomes, SessionNames) {
    const tool::Target target = cluster().target(0);
    torc_options options{};
    options.size = sizeof options;
    options.daemon = target.daemon.c_str();
    options.runtime_dir = target.runtime_dir.c_str();
    torc_session* session = nullptr;
    const std::string long_name(TORC_NAME_MAX + 1, 'x');
    for (const char* name : {long_name.c_str(), "a b", "a#b", "#", "caf\xC3\xA9", "\x7F", "a\n"}) {
        options.name = name;
        EXPECT_EQ(torc_connect(&options, &session), TORC_ERROR_NAME) << name;
    }
    options.name = "ann";
    EXPECT_EQ(torc_connect(&options, &session), TORC_ERROR_NAME_TAKEN);
    EXPECT_EQ(session, nullptr) << "untouched on failure";
}

// --- how many groups -----------------------------------------------------------------------------

TEST_F(Outcomes, NumberOfGroups) {
    std::vector<std::string> names;
    for (int i = 0; i <= TORC_GROUPS_PER_MESSAGE_MAX; ++i) {
        names.push_back("many-" + std::to_string(i));
    }
    std::vector<const char*> groups;
    for (const std::string& name : names) groups.push_back(name.c_str());
    const auto send_to = [&](std::size_t first, std::size_t count, const char* text) {
        return torc_multigroup_send(ann(), TORC_AGREED, groups.data() + first, count, 0, text,
                                    std::strlen(text), kWait);
    };
    EXPECT_EQ(send_to(0, 0, "none"), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(send_to(0, TORC_GROUPS_PER_MESSAGE_MAX + 1, "101"), TORC_ERROR_TOO_LARGE);
    torc_reservation room;
    EXPECT_EQ(torc_reserve(ann(), TORC_AGREED, groups.data(), 101, 0, 1, &room, kWait),
              TORC_ERROR_TOO_LARGE);

    // Members at both daemons, in the first and in the last group. Spread loses 44 and more.
    gather({&ann_}, "many-0");
    gather({&bob_}, "many-99");
    for (const std::size_t count : {1, 2, 43, 44, 45, 99, 100}) {
        const std::string text = "to " + std::to_string(count);
        EXPECT_EQ(send_to(0, count, text.c_str()), TORC_OK);
        const Record mine = ann_.next();
        EXPECT_TRUE(mine.is_message(text)) << line_of(mine);
        EXPECT_EQ(mine.groups.size(), count);
        EXPECT_EQ(send_to(100 - count, count, text.c_str()), TORC_OK);
        if (count == 100) ann_.next();
        const Record his = bob_.next();
        EXPECT_TRUE(his.is_message(text)) << line_of(his);
        EXPECT_EQ(his.groups.back(), "many-99");
        if (count == 100) bob_.next();
    }
    EXPECT_EQ(lines_of(ann_.drain()), Names{});
    EXPECT_EQ(lines_of(bob_.drain()), Names{});
}

TEST_F(Outcomes, TheSameGroupTwiceInOneMessageIsOneCopy) {
    gather({&bob_}, "twice");
    ann_.multigroup_send({"twice", "twice", "twice"}, "once");
    EXPECT_EQ(bob_.drain_behind(ann_).size(), 1u);
}

// --- sizes ---------------------------------------------------------------------------------------

TEST_F(Outcomes, SizesUpToTheLimitArriveWholeAndNothingBeyondIsTaken) {
    EXPECT_EQ(torc_message_bytes_max(ann()), kMessageBytes);
    gather({&bob_}, "sizes");
    std::vector<char> bytes(kMessageBytes + 1);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31);
    // 143,121 to 143,968 bytes kill or upset a Spread daemon.
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{1443}, std::size_t{1444},
          std::size_t{143'120}, std::size_t{143'121}, std::size_t{143'500}, std::size_t{143'921},
          std::size_t{143'968}, std::size_t{144'000}, kMessageBytes - 1, kMessageBytes}) {
        ASSERT_EQ(torc_send(ann(), TORC_AGREED, "sizes", 0, bytes.data(), size, kWait), TORC_OK);
        const Record got = bob_.next();
        ASSERT_EQ(got.text.size(), size);
        EXPECT_EQ(std::memcmp(got.text.data(), bytes.data(), size), 0);
    }
    const std::uint64_t before = torc_operations(ann());
    EXPECT_EQ(torc_send(ann(), TORC_AGREED, "sizes", 0, bytes.data(), kMessageBytes + 1, kWait),
              TORC_ERROR_TOO_LARGE);
    EXPECT_EQ(torc_send(ann(), TORC_AGREED, "sizes", 0, bytes.data(), SIZE_MAX, kWait),
              TORC_ERROR_TOO_LARGE);
    const iovec pieces[] = {{bytes.data(), kMessageBytes}, {bytes.data(), 1}};
    const iovec endless[] = {{bytes.data(), SIZE_MAX}, {bytes.data(), SIZE_MAX}};
    const char* const group = "sizes";
    EXPECT_EQ(torc_send_scatter(ann(), TORC_AGREED, &group, 1, 0, pieces, 2, kWait),
              TORC_ERROR_TOO_LARGE);
    EXPECT_EQ(torc_send_scatter(ann(), TORC_AGREED, &group, 1, 0, endless, 2, kWait),
              TORC_ERROR_TOO_LARGE);
    torc_reservation room;
    EXPECT_EQ(torc_reserve(ann(), TORC_AGREED, &group, 1, 0, kMessageBytes + 1, &room, kWait),
              TORC_ERROR_TOO_LARGE);
    EXPECT_EQ(torc_operations(ann()), before);
}

TEST_F(Outcomes, AReservationIsKeptToItsSizeAndItsNumber) {
    const char* const self = ann_.name().c_str();
    torc_reservation room;
    ASSERT_EQ(torc_reserve(ann(), TORC_AGREED, &self, 1, 7, 10, &room, kWait), TORC_OK);
    torc_reservation second;
    EXPECT_EQ(torc_reserve(ann(), TORC_AGREED, &self, 1, 7, 10, &second, kWait), TORC_ERROR_STATE);
    EXPECT_EQ(torc_send(ann(), TORC_AGREED, self, 0, "x", 1, kWait), TORC_ERROR_STATE)
        << "the same thread would wait for itself";
    EXPECT_EQ(torc_commit(ann(), &room, 11), TORC_ERROR_TOO_LARGE) << "it stands";
    std::memcpy(room.data, "0123456789", 10);
    EXPECT_EQ(torc_commit(ann(), &room, 4), TORC_OK);
    EXPECT_EQ(torc_commit(ann(), &room, 4), TORC_ERROR_STATE) << "twice";
    EXPECT_EQ(torc_abort(ann(), &room), TORC_ERROR_STATE);
    const Record got = ann_.next();
    EXPECT_TRUE(got.is_message("0123"));
    EXPECT_EQ(got.type, 7u);
}

// --- arguments -----------------------------------------------------------------------------------

TEST_F(Outcomes, NullPointers) {
    const char* const group = "g";
    const char* const groups[] = {"g", nullptr};
    const iovec null_piece{nullptr, 1};
    torc_session* session = nullptr;
    torc_message message{};
    torc_reservation room{};
    torc_target target{};
    torc_counts counts{};
    EXPECT_EQ(torc_connect(nullptr, nullptr), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_close(nullptr), TORC_OK);
    EXPECT_STREQ(torc_private_name(nullptr), "");
    EXPECT_EQ(torc_message_bytes_max(nullptr), 0u);
    EXPECT_EQ(torc_operations(nullptr), 0u);
    EXPECT_EQ(torc_names_next(nullptr), nullptr);
    EXPECT_EQ(torc_view_set_count(nullptr), 0u);
    EXPECT_EQ(torc_view_set(nullptr, 0, nullptr, 0), 0u);
    EXPECT_EQ(torc_view_came_with_me(nullptr, nullptr, 0), 0u);

    for (torc_session* who : {session, ann()}) {
        const bool is_null = who == nullptr;
        const char* const name = is_null ? group : nullptr;  // one null in each call
        const char* const* const names = is_null ? &group : nullptr;
        EXPECT_EQ(torc_join(who, name, 0), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_leave(who, name, 0), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_flush_join(who, name, 0), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_flush_ok(who, name, 0), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_send(who, TORC_AGREED, name, 0, "x", 1, 0), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_multigroup_send(who, TORC_AGREED, names, 1, 0, "x", 1, 0),
                  TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_send_scatter(who, TORC_AGREED, names, 1, 0, nullptr, 0, 0),
                  TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_subgroup_send(who, TORC_AGREED, name, &group, 1, 0, "x", 1, 0),
                  TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_reserve(who, TORC_AGREED, names, 1, 0, 1, &room, 0), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_commit(who, is_null ? &room : nullptr, 0), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_abort(who, is_null ? &room : nullptr), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_receive(who, is_null ? &message : nullptr, 0), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_receive_into(who, is_null ? &message : nullptr, &target, 0),
                  TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_release(who, is_null ? &message : nullptr), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_release_through(who, is_null ? &message : nullptr), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_counts_of(who, is_null ? &counts : nullptr), TORC_ERROR_ARGUMENT);
    }
    EXPECT_EQ(torc_hang_up(nullptr), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_arm(nullptr), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_arm_send(nullptr, 1), TORC_ERROR_ARGUMENT);
    EXPECT_LT(torc_fd(nullptr), 0);
    EXPECT_LT(torc_send_fd(nullptr), 0);
    EXPECT_EQ(torc_send(ann(), TORC_AGREED, group, 0, nullptr, 1, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_multigroup_send(ann(), TORC_AGREED, groups, 2, 0, "x", 1, 0),
              TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_send_scatter(ann(), TORC_AGREED, groups, 1, 0, nullptr, 1, 0),
              TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_send_scatter(ann(), TORC_AGREED, groups, 1, 0, &null_piece, 1, 0),
              TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_subgroup_send(ann(), TORC_AGREED, "g", nullptr, 1, 0, "x", 1, 0),
              TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_subgroup_send(ann(), TORC_AGREED, "g", groups, 0, 0, "x", 1, 0),
              TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_receive_into(ann(), &message, nullptr, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_reserve(ann(), TORC_AGREED, &group, 1, 0, 1, nullptr, 0), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(torc_operations(ann()), 0u);
}

TEST_F(Outcomes, NoDataNeedsNoPointer) {
    EXPECT_EQ(torc_send(ann(), TORC_AGREED, ann_.name().c_str(), 0, nullptr, 0, kWait), TORC_OK);
    EXPECT_TRUE(ann_.next().is_message(""));
}

TEST_F(Outcomes, UnknownServicesAndFlags) {
    for (const unsigned service : {6u, 7u, 0x80u, 0x200u, 0x1000u | TORC_AGREED, UINT_MAX}) {
        const char* const group = "g";
        torc_reservation room;
        EXPECT_EQ(torc_send(ann(), service, group, 0, "x", 1, kWait), TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_multigroup_send(ann(), service, &group, 1, 0, "x", 1, kWait),
                  TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_subgroup_send(ann(), service, group, &group, 1, 0, "x", 1, kWait),
                  TORC_ERROR_ARGUMENT);
        EXPECT_EQ(torc_reserve(ann(), service, &group, 1, 0, 1, &room, kWait), TORC_ERROR_ARGUMENT);
    }
    torc_message message;
    torc_target target{};
    target.flags = 2;
    EXPECT_EQ(torc_receive_into(ann(), &message, &target, 0), TORC_ERROR_ARGUMENT);
    target.flags = 0;
    target.reserved = 1;
    EXPECT_EQ(torc_receive_into(ann(), &message, &target, 0), TORC_ERROR_ARGUMENT);

    const tool::Target where = cluster().target(0);
    torc_options options{};
    options.size = sizeof options;
    options.daemon = where.daemon.c_str();
    options.runtime_dir = where.runtime_dir.c_str();
    torc_session* session = nullptr;
    options.flags = 1u << 31;
    EXPECT_EQ(torc_connect(&options, &session), TORC_ERROR_ARGUMENT);
    options.flags = 0;
    options.reserved = 1;
    EXPECT_EQ(torc_connect(&options, &session), TORC_ERROR_ARGUMENT);
}

TEST_F(Outcomes, OptionsOfAnOlderAndOfANewerHeader) {
    const tool::Target where = cluster().target(0);
    struct {
        torc_options known;
        std::uint64_t of_a_later_version;
    } options{};
    options.known.daemon = where.daemon.c_str();
    options.known.runtime_dir = where.runtime_dir.c_str();
    options.known.name = "ann";  // taken: so that whoever reads the name says so
    torc_session* session = nullptr;
    const auto with_size = [&](std::size_t size) {
        options.known.size = size;
        const int code = torc_connect(&options.known, &session);
        if (code == TORC_OK) torc_close(session);
        return code;
    };
    EXPECT_EQ(with_size(0), TORC_ERROR_ARGUMENT) << "forgotten";
    EXPECT_EQ(with_size(sizeof(size_t)), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(with_size(offsetof(torc_options, name)), TORC_OK) << "older: no name, so any";
    EXPECT_EQ(with_size(offsetof(torc_options, timeout_ns)), TORC_ERROR_NAME_TAKEN);
    EXPECT_EQ(with_size(sizeof(torc_options)), TORC_ERROR_NAME_TAKEN);
    EXPECT_EQ(with_size(sizeof options), TORC_ERROR_ARGUMENT) << "newer: what would it mean?";
    EXPECT_EQ(with_size(SIZE_MAX), TORC_ERROR_ARGUMENT);

    torc_counts counts{};
    EXPECT_EQ(torc_counts_of(ann(), &counts), TORC_ERROR_ARGUMENT) << "size forgotten";
    counts.size = sizeof counts + 8;
    EXPECT_EQ(torc_counts_of(ann(), &counts), TORC_ERROR_ARGUMENT);
}

TEST_F(Outcomes, PlacesWhereNoDaemonIs) {
    const auto try_connect = [](const char* daemon, const char* runtime_dir) {
        torc_options options{};
        options.size = sizeof options;
        options.daemon = daemon;
        options.runtime_dir = runtime_dir;
        torc_session* session = nullptr;
        return torc_connect(&options, &session);
    };
    const std::string folder = cluster().folder();
    EXPECT_EQ(try_connect("zebra", folder.c_str()), TORC_ERROR_NO_DAEMON);
    EXPECT_EQ(try_connect(nullptr, "/nonexistent"), TORC_ERROR_NO_DAEMON);
    EXPECT_EQ(try_connect("/dev/null", nullptr), TORC_ERROR_NO_DAEMON);
    EXPECT_EQ(try_connect(nullptr, folder.c_str()), TORC_ERROR_ARGUMENT) << "two: which?";
    EXPECT_EQ(try_connect(std::string(5000, 'x').c_str(), folder.c_str()), TORC_ERROR_ARGUMENT);
    EXPECT_EQ(try_connect("", folder.c_str()), TORC_ERROR_NO_DAEMON);
}

// --- text ----------------------------------------------------------------------------------------

TEST_F(Outcomes, EveryResultHasAText) {
    const std::string unknown = torc_strerror(-1000);
    EXPECT_EQ(torc_strerror(INT_MIN), unknown);
    EXPECT_EQ(torc_strerror(2), unknown);
    for (int code = TORC_READY; code >= TORC_ERROR_TOO_SMALL; --code) {
        EXPECT_NE(torc_strerror(code), unknown) << code;
    }
    for (int code = TORC_ERROR_DAEMON_LOST; code >= TORC_ERROR_FLUSH_TIMEOUT; --code) {
        EXPECT_NE(torc_strerror(code), unknown) << code;
    }
}

}  // namespace
}  // namespace torc::system_test
