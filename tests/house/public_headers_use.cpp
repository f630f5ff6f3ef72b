// Uses every call of the C++ face once. public_headers_test.py compiles it as other people would:
// with several compilers, standards and warnings, with and without exceptions, and looks at what it
// needs to link. It is not run.
#include <array>
#include <type_traits>
#include <vector>

#include "torc/torc.hpp"

// Handles own, so they move and do not copy; they are as large as what they own.
static_assert(!std::is_copy_constructible_v<torc::Session>);
static_assert(!std::is_copy_constructible_v<torc::Message>);
static_assert(!std::is_copy_constructible_v<torc::Reservation>);
static_assert(std::is_nothrow_move_constructible_v<torc::Session>);
static_assert(std::is_nothrow_move_assignable_v<torc::Message>);
static_assert(std::is_nothrow_move_assignable_v<torc::Reservation>);
static_assert(sizeof(torc::Session) == sizeof(torc_session*));
static_assert(sizeof(torc::Message) == sizeof(torc_session*) + sizeof(torc_message));
static_assert(sizeof(torc::Status) == sizeof(int));
static_assert(std::is_trivially_copyable_v<torc::Span<const std::byte>>);
static_assert(torc::Timeout(std::chrono::seconds{1}).ns() == 1'000'000'000);
static_assert(torc::Timeout(std::chrono::seconds{-1}).ns() == 0);
static_assert(torc::Timeout(std::chrono::hours::max()).ns() == INT64_MAX);
static_assert(torc::Timeout(std::chrono::duration<double>(0.5)).ns() == 500'000'000);
static_assert(torc::Timeout::forever().ns() == TORC_FOREVER);
static_assert(torc::Status(TORC_ERROR_DAEMON_LOST).ended());
static_assert(!torc::Status(TORC_ERROR_NAME).ended());

// Span, which is std::span or our own, is the same to who uses it.
constexpr int kNumbers[] = {1, 2, 3};
constexpr torc::Span<const int> kSpan(kNumbers);
static_assert(kSpan.size() == 3 && kSpan.data() == kNumbers && kSpan[1] == 2 && !kSpan.empty());
static_assert(kSpan.first(1).size() == 1 && kSpan.last(1)[0] == 3);
static_assert(kSpan.subspan(1).size() == 2 && kSpan.subspan(1, 1)[0] == 2);
static_assert(std::is_constructible_v<torc::Span<const int>, std::vector<int>&>);
static_assert(std::is_constructible_v<torc::Span<int>, std::array<int, 2>&>);
static_assert(!std::is_constructible_v<torc::Span<int>, const std::vector<int>&>);
static_assert(!std::is_constructible_v<torc::Span<const std::byte>, std::string&>);

int use(torc::Session& session, const torc::Message& message);
int use(torc::Session& session, const torc::Message& message) {
    const std::array<std::byte, 4> bytes{};
    const char* const groups[] = {"a", "b"};
    constexpr std::chrono::milliseconds patience{5};
    int good = 0;
    const auto count = [&good](torc::Status status) { good += status ? 1 : status.code(); };

    count(session.join("a"));
    count(session.flush_join("a", patience));
    count(session.flush_ok("a", torc::Timeout::none()));
    count(session.leave("a"));
    count(session.send("a", "text"));
    count(session.send("a", bytes, TORC_SAFE | TORC_SELF_DISCARD, 7, patience));
    count(session.multigroup_send({"a", "b"}, "text"));
    count(session.multigroup_send(groups, bytes));
    count(session.subgroup_send("a", {"#b#n"}, "text"));
    count(session.subgroup_send("a", groups, bytes));
    iovec piece{};
    count(session.send_scatter(groups, torc::Span<const iovec>(&piece, 1)));
    if (torc::Outcome<torc::Reservation> room = session.reserve(groups, 4)) {
        room->room()[0] = std::byte{1};
        count(room->commit(1));
        room->abort();
    }
    if (torc::Outcome<torc::Message> got = session.receive(patience)) got->release();
    torc_message record{};
    torc_target target{};
    count(session.receive_into(record, target, patience));
    for (const std::string_view name : torc::Names(record.members)) good += name.empty() ? 0 : 1;
    if (const torc::Outcome<torc_counts> counts = session.counts()) {
        good += static_cast<int>(counts->accepted);
    }
    good += session.arm() + session.arm_send(5) + session.fd() + session.send_fd();
    good += static_cast<int>(session.operations() + session.message_bytes_max());
    count(session.hang_up());

    for (const std::string_view name : message.came_with_me()) good += name.empty() ? 0 : 1;
    for (std::size_t i = 0; i < message.set_count(); ++i) {
        good += static_cast<int>(message.set(i).size());
    }
    good += int{message.kind()} == TORC_VIEW ? int{message.cause()} : int{message.service()};
    good += message.type();
    good += static_cast<int>(message.groups().size() + message.payload().size());
    good += static_cast<int>(message.sender().size() + message.who().size());
    good += static_cast<int>(message.group().size() + message.text().size());
    good += static_cast<int>(message.operation() + message.fill_bytes());
    good += static_cast<int>(message.capacity_bytes() + message.waiting_messages());
    good += message.view_id() == torc::ViewId{} ? 1 : 0;
    good += message.members().contains("#b#n") ? message.reason().code() : 0;
    return good;
}

#if defined(__cpp_exceptions)

int use_exceptions();
int use_exceptions() {
    try {
        const std::string name = "a std::string";
        const std::vector<const char*> groups{"a", "b"};
        torc::Session session = torc::Session::connect().value();
        session.join(name).or_throw();
        session.multigroup_send(groups, "text").or_throw();
        torc::Outcome<torc::Message> got = session.receive();
        return got.value().kind();
    } catch (const torc::StatusError& error) {
        return error.what() == nullptr ? 0 : error.status().code();
    }
}

#endif
