// A client session as the tool's commands use it: libtorc's C interface with owners and
// exceptions, because a tool may simply stop with a message.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "torc/torc.h"

namespace torc::tool {

/// Which daemon to talk to and under which name; filled from common command-line options.
struct Target {
    std::string daemon;  ///< name or socket path; empty: the only one in runtime_dir
    std::string runtime_dir{"/run/torc"};
    std::string name;  ///< session name; empty: the daemon picks one
    std::int64_t spin_ns{0};
    bool single_threaded{false};  ///< no two threads use it at once: no locks
};

/// A call of the library failed; `code` is its result.
class SessionError : public std::runtime_error {
public:
    SessionError(const std::string& what, int code)
        : std::runtime_error(what + ": " + torc_strerror(code)), code_(code) {}
    int code() const { return code_; }

private:
    int code_;
};

class Session {
public:
    explicit Session(const Target& target);
    ~Session();
    Session(Session&& other) noexcept;
    Session& operator=(Session&& other) noexcept;

    void join(const std::string& group, std::int64_t timeout_ns = kPatience);
    void leave(const std::string& group, std::int64_t timeout_ns = kPatience);
    /// False when there was no room within the time.
    bool send(unsigned service, const std::vector<std::string>& groups, std::uint16_t type,
              std::span<const std::byte> payload, std::int64_t timeout_ns);
    bool send(unsigned service, std::span<const char* const> groups, std::uint16_t type,
              std::span<const std::byte> payload, std::int64_t timeout_ns);
    /// Several messages to the same groups. Gives how many there was room for within the time.
    std::size_t send_many(unsigned service, std::span<const char* const> groups, std::uint16_t type,
                          std::span<const iovec> messages, std::int64_t timeout_ns);
    /// False when nothing came within the time.
    bool receive(torc_message& message, std::int64_t timeout_ns);
    void release(const torc_message& message);
    /// With all that were received before it.
    void release_through(const torc_message& message);
    const char* private_name() const { return torc_private_name(session_); }
    torc_session* raw() { return session_; }

    static constexpr std::int64_t kPatience = 10'000'000'000;

private:
    torc_session* session_{nullptr};
};

/// Service by its name ("agreed", "safe", ...); throws with the list of names.
unsigned service_named(const std::string& name);
const char* service_name(unsigned service);
const char* cause_name(unsigned cause);
/// Names of a list, in order.
std::vector<std::string> names_of(torc_names names);

}  // namespace torc::tool
