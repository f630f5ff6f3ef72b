// The C++ face of libtorc: owning handles over the C interface, header-only, no exceptions thrown.
// Everything said in torc.h about threads, fork, timeouts and the life of pointers holds here.
//
//     torc::Outcome<torc::Session> session = torc::Session::connect({.name = "me"});
//     if (!session) return fail(session.status().text());
//     if (auto status = session->join("room"); !status) ...
//     torc::Outcome<torc::Message> message = session->receive(std::chrono::seconds(1));
//     if (message) use(message->payload());   // released when `message` goes out of scope
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "torc/torc.h"

namespace torc {

/// How long a call may wait.
class Timeout {
public:
    constexpr Timeout(std::chrono::nanoseconds duration)  // NOLINT: reads as the duration
        : ns_{duration.count() < 0 ? 0 : duration.count()} {}
    static constexpr Timeout none() { return Timeout(std::chrono::nanoseconds{0}); }
    static constexpr Timeout forever() {
        Timeout timeout = none();
        timeout.ns_ = TORC_FOREVER;
        return timeout;
    }
    constexpr std::int64_t ns() const { return ns_; }

private:
    std::int64_t ns_;
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
    friend constexpr bool operator==(Status, Status) = default;

private:
    int code_{TORC_OK};
};

/// A value, or the status that says why there is none.
template <typename T>
class [[nodiscard]] Outcome {
public:
    Outcome(T value) : value_{std::move(value)} {}  // NOLINT: reads as the value
    Outcome(Status status) : status_{status} {}     // NOLINT: reads as the failure

    explicit operator bool() const { return value_.has_value(); }
    Status status() const { return status_; }
    T& operator*() { return *value_; }
    const T& operator*() const { return *value_; }
    T* operator->() { return &*value_; }
    const T* operator->() const { return &*value_; }

private:
    std::optional<T> value_;
    Status status_;
};

/// Names in a message, for a range-for. Lives as long as the message.
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
        explicit Iterator(torc_names rest) : rest_{rest} { ++*this; }
        std::string_view operator*() const { return name_; }
        Iterator& operator++() {
            name_ = torc_names_next(&rest_);
            return *this;
        }
        Iterator operator++(int) {
            const Iterator before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(const Iterator& a, const Iterator& b) { return a.name_ == b.name_; }

    private:
        torc_names rest_{};
        const char* name_{nullptr};
    };

    explicit Names(const torc_names& names) : names_{names} {}
    Iterator begin() const { return Iterator(names_); }
    Iterator end() const { return {}; }
    std::size_t size() const { return names_.count; }

private:
    torc_names names_;
};

/// A received record; gives its memory back when it goes. Must not outlive its session.
class Message {
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

    void release() {
        if (session_ != nullptr) torc_release(std::exchange(session_, nullptr), &raw_);
    }

    torc_kind kind() const { return static_cast<torc_kind>(raw_.kind); }
    torc_service service() const { return static_cast<torc_service>(raw_.service); }
    torc_cause cause() const { return static_cast<torc_cause>(raw_.cause); }
    std::uint16_t type() const { return raw_.type; }
    std::string_view sender() const { return raw_.sender == nullptr ? "" : raw_.sender; }
    std::string_view group() const { return raw_.group == nullptr ? "" : raw_.group; }
    Names groups() const { return Names(raw_.groups); }
    Names members() const { return Names(raw_.members); }
    std::span<const std::byte> payload() const {
        return {static_cast<const std::byte*>(raw_.data), raw_.size};
    }
    std::string_view text() const { return {static_cast<const char*>(raw_.data), raw_.size}; }
    Status reason() const { return Status(raw_.reason); }
    const torc_message& raw() const { return raw_; }

private:
    torc_session* session_;
    torc_message raw_;
};

/// Room for a message that is written in place; goes back unsent unless committed.
class Reservation {
public:
    Reservation(torc_session* session, const torc_reservation& raw)
        : session_{session}, raw_{raw} {}
    Reservation(Reservation&& other) noexcept
        : session_{std::exchange(other.session_, nullptr)}, raw_{other.raw_} {}
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation() {
        if (session_ != nullptr) torc_abort(session_, &raw_);
    }

    std::span<std::byte> room() const { return {static_cast<std::byte*>(raw_.data), raw_.size}; }
    Status commit(std::size_t size) {
        if (session_ == nullptr) return Status(TORC_ERROR_STATE);
        const Status status(torc_commit(session_, &raw_, size));
        // Too large leaves the reservation standing; everything else ended it.
        if (status.code() != TORC_ERROR_TOO_LARGE) session_ = nullptr;
        return status;
    }

private:
    torc_session* session_;
    torc_reservation raw_;
};

struct SessionOptions {
    const char* daemon{nullptr};  ///< see torc_options for the meaning of all of them
    const char* runtime_dir{nullptr};
    const char* name{nullptr};
    Timeout timeout{std::chrono::seconds{5}};
    std::optional<std::chrono::nanoseconds> spin{};
    bool single_threaded{false};
};

/// A session with the daemon; closes in order when it goes.
class Session {
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
        torc_session* session = nullptr;
        const int code = torc_connect(&raw, &session);
        if (code != TORC_OK) return Status(code);
        return Session(session);
    }
    Session(Session&& other) noexcept : raw_{std::exchange(other.raw_, nullptr)} {}
    Session& operator=(Session&& other) noexcept {
        if (this != &other) {
            torc_close(raw_);
            raw_ = std::exchange(other.raw_, nullptr);
        }
        return *this;
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() { torc_close(raw_); }

    std::string_view private_name() const { return torc_private_name(raw_); }
    std::size_t message_bytes_max() const { return torc_message_bytes_max(raw_); }
    std::uint64_t operations() const { return torc_operations(raw_); }

    Status join(const char* group, Timeout timeout = Timeout::forever()) {
        return Status(torc_join(raw_, group, timeout.ns()));
    }
    Status leave(const char* group, Timeout timeout = Timeout::forever()) {
        return Status(torc_leave(raw_, group, timeout.ns()));
    }
    Status send(const char* group, std::span<const std::byte> payload,
                unsigned service = TORC_AGREED, std::uint16_t type = 0,
                Timeout timeout = Timeout::forever()) {
        return Status(
            torc_send(raw_, service, group, type, payload.data(), payload.size(), timeout.ns()));
    }
    Status send(const char* group, std::string_view text, unsigned service = TORC_AGREED,
                std::uint16_t type = 0, Timeout timeout = Timeout::forever()) {
        return send(group, std::as_bytes(std::span(text)), service, type, timeout);
    }
    Status send(std::span<const char* const> groups, std::span<const std::byte> payload,
                unsigned service = TORC_AGREED, std::uint16_t type = 0,
                Timeout timeout = Timeout::forever()) {
        return Status(torc_multigroup_send(raw_, service, groups.data(), groups.size(), type,
                                           payload.data(), payload.size(), timeout.ns()));
    }
    Outcome<Reservation> reserve(std::span<const char* const> groups, std::size_t size,
                                 unsigned service = TORC_AGREED, std::uint16_t type = 0,
                                 Timeout timeout = Timeout::forever()) {
        torc_reservation room{};
        const int code = torc_reserve(raw_, service, groups.data(), groups.size(), type, size,
                                      &room, timeout.ns());
        if (code != TORC_OK) return Status(code);
        return Reservation(raw_, room);
    }
    Outcome<Message> receive(Timeout timeout = Timeout::forever()) {
        torc_message message;
        const int code = torc_receive(raw_, &message, timeout.ns());
        if (code != TORC_OK) return Status(code);
        return Message(raw_, message);
    }

    int fd() const { return torc_fd(raw_); }
    int send_fd() const { return torc_send_fd(raw_); }
    /// True: wait on the descriptor now. False: there is something to do first.
    bool arm() { return torc_arm(raw_) == TORC_OK; }
    bool arm_send(std::size_t size) { return torc_arm_send(raw_, size) == TORC_OK; }
    torc_session* raw() const { return raw_; }

private:
    explicit Session(torc_session* raw) : raw_{raw} {}

    torc_session* raw_;
};

}  // namespace torc
