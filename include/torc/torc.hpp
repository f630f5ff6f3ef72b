// The C++ face of libtorc: owning handles over the C interface, header-only, from C++17 on. Each
// call is one call of torc.h, and everything said there about threads, fork, timeouts and the life
// of pointers holds here. Nothing is allocated and nothing is thrown, unless the program asks:
//
//     torc::Outcome<torc::Session> session = torc::Session::connect(options);
//     if (!session) return fail(session.status().text());        // results as values, or
//     session->join("room").or_throw();                          // torc::StatusError
//     torc::Outcome<torc::Message> record = session->receive(std::chrono::seconds(1));
//     if (record) use(record->payload());      // released when `record` goes out of scope
//
// Every call answers with a Status, or with an Outcome: a value or the Status that says why there
// is none. `or_throw()` and `value()` turn a failure into an exception at that one place; a program
// that does not write them never sees one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "torc/span.hpp"
#include "torc/torc.h"

namespace torc {

/// How long a call may wait. Converts from any std::chrono duration; a negative one is none, one
/// beyond 292 years is that.
class Timeout {
public:
    template <typename Rep, typename Period>
    constexpr Timeout(std::chrono::duration<Rep, Period> duration) {  // NOLINT: reads as it
        using std::chrono::nanoseconds;
        constexpr std::chrono::duration<double> longest = nanoseconds::max();
        if (duration <= duration.zero()) return;
        ns_ = std::chrono::duration<double>(duration) >= longest
                  ? nanoseconds::max().count()
                  : std::chrono::duration_cast<nanoseconds>(duration).count();
    }
    static constexpr Timeout none() { return std::chrono::nanoseconds{0}; }
    static constexpr Timeout forever() {
        Timeout timeout = none();
        timeout.ns_ = TORC_FOREVER;
        return timeout;
    }
    constexpr std::int64_t ns() const { return ns_; }

private:
    std::int64_t ns_{0};
};

/// A result code of the C interface. True means success.
class [[nodiscard]] Status {
public:
    constexpr Status() = default;
    explicit constexpr Status(int code) : code_{code} {}

    constexpr explicit operator bool() const { return code_ == TORC_OK; }
    constexpr int code() const { return code_; }
    constexpr bool would_block() const { return code_ == TORC_WOULD_BLOCK; }
    /// The session is over; every later call says the same.
    constexpr bool ended() const { return code_ <= TORC_ERROR_DAEMON_LOST; }
    const char* text() const { return torc_strerror(code_); }
    /// Throws a StatusError unless this is success.
    inline void or_throw() const;

    friend constexpr bool operator==(Status a, Status b) { return a.code_ == b.code_; }
    friend constexpr bool operator!=(Status a, Status b) { return a.code_ != b.code_; }

private:
    int code_{TORC_OK};
};

/// What `or_throw()` and `value()` throw. Thrown by nothing else.
class StatusError : public std::exception {
public:
    explicit StatusError(Status status) noexcept : status_{status} {}
    Status status() const noexcept { return status_; }
    const char* what() const noexcept override { return status_.text(); }

private:
    Status status_;
};

inline void Status::or_throw() const {
    if (*this) return;
#if defined(__cpp_exceptions)
    throw StatusError(*this);
#else
    std::terminate();  // the program is compiled without exceptions and asked for one
#endif
}

/// A value, or the status that says why there is none.
template <typename T>
class [[nodiscard]] Outcome {
public:
    Outcome(T value) : value_{std::move(value)} {}  // NOLINT: reads as the value
    Outcome(Status status) : status_{status} {}     // NOLINT: reads as the failure

    explicit operator bool() const { return value_.has_value(); }
    Status status() const { return status_; }
    /// The value; throws a StatusError if there is none.
    T& value() & {
        require();
        return *value_;
    }
    T&& value() && {
        require();
        return std::move(*value_);
    }
    /// The value. Only where there is one.
    T& operator*() { return *value_; }
    const T& operator*() const { return *value_; }
    T* operator->() { return &*value_; }
    const T* operator->() const { return &*value_; }

private:
    void require() const {
        if (!value_) status_.or_throw();
    }

    std::optional<T> value_;
    Status status_;
};

/// A group's or session's name as an argument: a C string or a std::string, not copied.
class NameArgument {
public:
    constexpr NameArgument(const char* name) : name_{name} {}       // NOLINT: reads as it
    NameArgument(const std::string& name) : name_{name.c_str()} {}  // NOLINT: reads as it
    constexpr const char* get() const { return name_; }

private:
    const char* name_;
};

/// Several names as an argument: an array, a std::vector or a braced list of C strings.
class NamesArgument {
public:
    NamesArgument(std::initializer_list<const char*> names)  // NOLINT: reads as the list
        : data_{names.begin()}, size_{names.size()} {}
    template <typename Container,
              typename = decltype(Span<const char* const>(std::declval<Container&>()))>
    NamesArgument(const Container& names)  // NOLINT: reads as the list
        : data_{std::data(names)}, size_{std::size(names)} {}
    const char* const* data() const { return data_; }
    std::size_t size() const { return size_; }

private:
    const char* const* data_;
    std::size_t size_;
};

/// Names in a record, for a range-for: all of them, or those of one set of a view. Lives as long as
/// the record. **Cost** of each step: as many names as are passed over.
class Names {
public:
    class Iterator {
    public:
        using value_type = std::string_view;
        using reference = std::string_view;
        using pointer = const std::string_view*;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;

        Iterator() = default;
        Iterator(torc_names rest, const std::uint16_t* sets, std::uint16_t wanted)
            : rest_{rest}, sets_{sets}, wanted_{wanted} {
            ++*this;
        }
        std::string_view operator*() const { return name_; }
        Iterator& operator++() {
            do {
                name_ = torc_names_next(&rest_);
            } while (name_ != nullptr && sets_ != nullptr && *sets_++ != wanted_);
            return *this;
        }
        Iterator operator++(int) {
            const Iterator before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.name_ == b.name_; }
        friend bool operator!=(const Iterator& a, const Iterator& b) { return !(a == b); }

    private:
        torc_names rest_{};
        const char* name_{nullptr};
        const std::uint16_t* sets_{nullptr};
        std::uint16_t wanted_{0};
    };

    Names() = default;
    explicit Names(const torc_names& names) : names_{names} {}
    /// Those names whose number in `sets`, one for each of `names`, is `wanted`.
    Names(const torc_names& names, const std::uint16_t* sets, std::uint16_t wanted)
        : names_{names}, sets_{sets}, wanted_{wanted} {}

    Iterator begin() const { return {names_, sets_, wanted_}; }
    Iterator end() const { return {}; }
    std::size_t size() const {
        if (sets_ == nullptr) return names_.count;
        std::size_t count = 0;
        for (std::uint32_t i = 0; i < names_.count; ++i) count += sets_[i] == wanted_ ? 1 : 0;
        return count;
    }
    bool empty() const { return size() == 0; }
    bool contains(std::string_view name) const {
        for (const std::string_view each : *this) {
            if (each == name) return true;
        }
        return false;
    }

private:
    torc_names names_{};
    const std::uint16_t* sets_{nullptr};
    std::uint16_t wanted_{0};
};

/// Names a view: the same three numbers at every member, never used again.
struct ViewId {
    std::uint64_t ring_epoch{0};
    std::uint64_t ring_representative{0};
    std::uint64_t index{0};

    friend constexpr bool operator==(const ViewId& a, const ViewId& b) {
        return a.ring_epoch == b.ring_epoch && a.ring_representative == b.ring_representative &&
               a.index == b.index;
    }
    friend constexpr bool operator!=(const ViewId& a, const ViewId& b) { return !(a == b); }
};

/// A received record; gives its memory back when it goes. Must not outlive its session. What its
/// calls give (names, payload) leads into that memory. Fields that a kind does not use are empty.
class [[nodiscard]] Message {
public:
    Message(torc_session* session, const torc_message& raw) : session_{session}, raw_{raw} {}
    Message(Message&& other) noexcept
        : session_{std::exchange(other.session_, nullptr)}, raw_{other.raw_} {}
    Message& operator=(Message&& other) noexcept {
        if (this != &other) {
            release();
            session_ = std::exchange(other.session_, nullptr);
            raw_ = other.raw_;
        }
        return *this;
    }
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
    ~Message() { release(); }

    /// Gives the memory back now; nothing of the record may be looked at any more.
    void release() {
        if (session_ != nullptr) torc_release(std::exchange(session_, nullptr), &raw_);
    }

    torc_kind kind() const { return static_cast<torc_kind>(raw_.kind); }
    const torc_message& raw() const { return raw_; }

    // --- TORC_MESSAGE ---
    torc_service service() const { return static_cast<torc_service>(raw_.service); }
    std::uint16_t type() const { return raw_.type; }
    /// Private name of who sent it; of a view: see who().
    std::string_view sender() const { return raw_.sender == nullptr ? "" : raw_.sender; }
    /// Destinations as the sender named them.
    Names groups() const { return Names(raw_.groups); }
    Span<const std::byte> payload() const {
        return {static_cast<const std::byte*>(raw_.data), raw_.size};
    }
    std::string_view text() const { return {static_cast<const char*>(raw_.data), raw_.size}; }

    // --- TORC_VIEW, TORC_TRANSITIONAL, TORC_SELF_LEAVE, TORC_FLUSH_REQUEST ---
    /// The group it is about; of a message the first of groups().
    std::string_view group() const { return raw_.group == nullptr ? "" : raw_.group; }
    torc_cause cause() const { return static_cast<torc_cause>(raw_.cause); }
    /// Who joined, left or was disconnected; empty for several at once, and for cause network.
    std::string_view who() const { return sender(); }
    /// The same sequence at every member, so the first of them can lead.
    Names members() const { return Names(raw_.members); }
    ViewId view_id() const { return {raw_.ring_epoch, raw_.ring_representative, raw_.index}; }
    /// Sets of members that came to this view together, see torc_view_set_count().
    std::size_t set_count() const { return torc_view_set_count(&raw_); }
    Names set(std::size_t number) const {
        if (raw_.vs_sets == nullptr || number > UINT16_MAX) return {};
        return {raw_.members, raw_.vs_sets, static_cast<std::uint16_t>(number)};
    }
    std::uint16_t my_set() const { return raw_.my_vs_set; }
    /// Who received the same as this session up to this view, see torc_view_came_with_me().
    Names came_with_me() const { return set(raw_.my_vs_set); }

    // --- TORC_REFUSED; TORC_SELF_LEAVE that was not asked for ---
    Status reason() const { return Status(raw_.reason); }
    /// The number of the refused call, see Session::operations().
    std::uint64_t operation() const { return raw_.operation; }

    // --- TORC_WARNING ---
    std::uint64_t fill_bytes() const { return raw_.fill_bytes; }
    std::uint64_t capacity_bytes() const { return raw_.capacity_bytes; }
    std::uint64_t waiting_messages() const { return raw_.waiting_messages; }
    std::uint64_t waiting_messages_limit() const { return raw_.waiting_messages_limit; }

private:
    torc_session* session_;
    torc_message raw_;
};

/// Room for a message that is written in place; goes back unsent unless committed.
class [[nodiscard]] Reservation {
public:
    Reservation(torc_session* session, const torc_reservation& raw)
        : session_{session}, raw_{raw} {}
    Reservation(Reservation&& other) noexcept
        : session_{std::exchange(other.session_, nullptr)}, raw_{other.raw_} {}
    Reservation& operator=(Reservation&& other) noexcept {
        if (this != &other) {
            abort();
            session_ = std::exchange(other.session_, nullptr);
            raw_ = other.raw_;
        }
        return *this;
    }
    ~Reservation() { abort(); }

    Span<std::byte> room() const { return {static_cast<std::byte*>(raw_.data), raw_.size}; }
    /// Sends the first `size` bytes. Too large leaves the reservation standing.
    Status commit(std::size_t size) {
        if (session_ == nullptr) return Status(TORC_ERROR_STATE);
        const Status status(torc_commit(session_, &raw_, size));
        if (status.code() != TORC_ERROR_TOO_LARGE) session_ = nullptr;
        return status;
    }
    void abort() {
        if (session_ != nullptr) torc_abort(std::exchange(session_, nullptr), &raw_);
    }

private:
    torc_session* session_;
    torc_reservation raw_;
};

/// See torc_options for the meaning of all of them. Null means the default.
struct SessionOptions {
    const char* daemon{nullptr};
    const char* runtime_dir{nullptr};
    const char* name{nullptr};
    Timeout timeout{std::chrono::seconds{5}};
    std::optional<std::chrono::nanoseconds> spin{};
    bool single_threaded{false};
    bool long_names{false};  ///< group names of up to 255 bytes
};

/// A session with the daemon; closes in order when it goes. After close(), and in one that was
/// moved from, every call answers TORC_ERROR_ARGUMENT.
class [[nodiscard]] Session {
public:
    static Outcome<Session> connect(const SessionOptions& options = {}) {
        torc_options raw{};
        raw.size = sizeof raw;
        raw.daemon = options.daemon;
        raw.runtime_dir = options.runtime_dir;
        raw.name = options.name;
        raw.timeout_ns = options.timeout.ns() == 0 ? 1 : options.timeout.ns();
        if (options.spin) raw.spin_ns = options.spin->count() > 0 ? options.spin->count() : -1;
        if (options.single_threaded) raw.flags |= TORC_SINGLE_THREADED;
        if (options.long_names) raw.flags |= TORC_LONG_NAMES;
        torc_session* session = nullptr;
        const int code = torc_connect(&raw, &session);
        if (code != TORC_OK) return Status(code);
        return Session(session);
    }
    Session(Session&& other) noexcept : raw_{std::exchange(other.raw_, nullptr)} {}
    Session& operator=(Session&& other) noexcept {
        if (this != &other) {
            close();
            raw_ = std::exchange(other.raw_, nullptr);
        }
        return *this;
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { close(); }

    /// Ends the session now; messages and reservations of it must be gone.
    void close() { torc_close(std::exchange(raw_, nullptr)); }
    /// Ends the session's life but not its memory: every call of any thread returns. Then close().
    Status hang_up() { return Status(torc_hang_up(raw_)); }
    std::string_view private_name() const { return torc_private_name(raw_); }
    std::size_t message_bytes_max() const { return torc_message_bytes_max(raw_); }
    /// Number of the latest accepted operation; Message::operation() of a refusal compares with it.
    std::uint64_t operations() const { return torc_operations(raw_); }
    /// How far this session's operations have come; works after its end as well.
    Outcome<torc_counts> counts() const {
        torc_counts counts{};
        counts.size = sizeof counts;
        const int code = torc_counts_of(raw_, &counts);
        if (code != TORC_OK) return Status(code);
        return counts;
    }

    // --- groups ---
    Status join(NameArgument group, Timeout timeout = Timeout::forever()) {
        return Status(torc_join(raw_, group.get(), timeout.ns()));
    }
    Status leave(NameArgument group, Timeout timeout = Timeout::forever()) {
        return Status(torc_leave(raw_, group.get(), timeout.ns()));
    }
    /// Joins as a member of a flush group: views come once all old members have flushed.
    Status flush_join(NameArgument group, Timeout timeout = Timeout::forever()) {
        return Status(torc_flush_join(raw_, group.get(), timeout.ns()));
    }
    /// The answer to TORC_FLUSH_REQUEST: no more messages to the group until the next view.
    Status flush_ok(NameArgument group, Timeout timeout = Timeout::forever()) {
        return Status(torc_flush_ok(raw_, group.get(), timeout.ns()));
    }

    // --- sending ---
    Status send(NameArgument group, Span<const std::byte> payload, unsigned service = TORC_AGREED,
                std::uint16_t type = 0, Timeout timeout = Timeout::forever()) {
        return Status(torc_send(raw_, service, group.get(), type, payload.data(), payload.size(),
                                timeout.ns()));
    }
    Status send(NameArgument group, std::string_view text, unsigned service = TORC_AGREED,
                std::uint16_t type = 0, Timeout timeout = Timeout::forever()) {
        return send(group, bytes_of(text), service, type, timeout);
    }
    /// To several groups at once; who is in more than one of them gets one copy.
    Status multigroup_send(NamesArgument groups, Span<const std::byte> payload,
                           unsigned service = TORC_AGREED, std::uint16_t type = 0,
                           Timeout timeout = Timeout::forever()) {
        return Status(torc_multigroup_send(raw_, service, groups.data(), groups.size(), type,
                                           payload.data(), payload.size(), timeout.ns()));
    }
    Status multigroup_send(NamesArgument groups, std::string_view text,
                           unsigned service = TORC_AGREED, std::uint16_t type = 0,
                           Timeout timeout = Timeout::forever()) {
        return multigroup_send(groups, bytes_of(text), service, type, timeout);
    }
    /// To several groups at once, the payload gathered from pieces.
    Status send_scatter(NamesArgument groups, Span<const iovec> pieces,
                        unsigned service = TORC_AGREED, std::uint16_t type = 0,
                        Timeout timeout = Timeout::forever()) {
        return Status(torc_send_scatter(raw_, service, groups.data(), groups.size(), type,
                                        pieces.data(), pieces.size(), timeout.ns()));
    }
    /// Several messages to the same groups, each a payload. `sent`: how many were accepted, which
    /// are all unless the status says otherwise.
    Status send_many(NamesArgument groups, Span<const iovec> messages, std::size_t& sent,
                     unsigned service = TORC_AGREED, std::uint16_t type = 0,
                     Timeout timeout = Timeout::forever()) {
        return Status(torc_send_many(raw_, service, groups.data(), groups.size(), type,
                                     messages.data(), messages.size(), &sent, timeout.ns()));
    }
    /// To some members of a flush group, in the view that this session is in.
    Status subgroup_send(NameArgument group, NamesArgument members, Span<const std::byte> payload,
                         unsigned service = TORC_AGREED, std::uint16_t type = 0,
                         Timeout timeout = Timeout::forever()) {
        return Status(torc_subgroup_send(raw_, service, group.get(), members.data(), members.size(),
                                         type, payload.data(), payload.size(), timeout.ns()));
    }
    Status subgroup_send(NameArgument group, NamesArgument members, std::string_view text,
                         unsigned service = TORC_AGREED, std::uint16_t type = 0,
                         Timeout timeout = Timeout::forever()) {
        return subgroup_send(group, members, bytes_of(text), service, type, timeout);
    }
    /// Room for a message of at most `size` bytes, to be written in place and committed.
    Outcome<Reservation> reserve(NamesArgument groups, std::size_t size,
                                 unsigned service = TORC_AGREED, std::uint16_t type = 0,
                                 Timeout timeout = Timeout::forever()) {
        torc_reservation room{};
        const int code = torc_reserve(raw_, service, groups.data(), groups.size(), type, size,
                                      &room, timeout.ns());
        if (code != TORC_OK) return Status(code);
        return Reservation(raw_, room);
    }

    // --- receiving ---
    Outcome<Message> receive(Timeout timeout = Timeout::forever()) {
        torc_message message;
        const int code = torc_receive(raw_, &message, timeout.ns());
        if (code != TORC_OK) return Status(code);
        return Message(raw_, message);
    }
    /// Receives by copying, see torc_receive_into(); nothing to release. Names(record.members) and
    /// its like walk the names that it copied.
    Status receive_into(torc_message& record, const torc_target& target,
                        Timeout timeout = Timeout::forever()) {
        return Status(torc_receive_into(raw_, &record, &target, timeout.ns()));
    }

    // --- waiting with poll, epoll, io_uring ---
    int fd() const { return torc_fd(raw_); }
    int send_fd() const { return torc_send_fd(raw_); }
    /// True: wait on the descriptor now. False: there is something to do first.
    bool arm() { return torc_arm(raw_) == TORC_OK; }
    bool arm_send(std::size_t size) { return torc_arm_send(raw_, size) == TORC_OK; }

    /// For calls of torc.h; still owned here.
    torc_session* raw() const { return raw_; }

private:
    explicit Session(torc_session* raw) : raw_{raw} {}
    static Span<const std::byte> bytes_of(std::string_view text) {
        return {static_cast<const std::byte*>(static_cast<const void*>(text.data())), text.size()};
    }

    torc_session* raw_;
};

}  // namespace torc
