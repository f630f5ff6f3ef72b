#include "tools/torc/session.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace torc::tool {
namespace {

constexpr std::array<const char*, 6> kServices{"unreliable", "reliable", "fifo",
                                               "causal",     "agreed",   "safe"};

/// Its text is made only when it is needed: these calls are made for each message.
void check(int result, const char* what, std::string_view whom = {}) {
    if (result >= 0) return;
    std::string text = what;
    if (!whom.empty()) text.append(" ").append(whom);
    throw SessionError(text, result);
}

}  // namespace

Session::Session(const Target& target) {
    torc_options options{};
    options.size = sizeof options;
    options.daemon = target.daemon.empty() ? nullptr : target.daemon.c_str();
    options.runtime_dir = target.runtime_dir.c_str();
    options.name = target.name.empty() ? nullptr : target.name.c_str();
    options.spin_ns = target.spin_ns;
    if (target.single_threaded) options.flags |= TORC_SINGLE_THREADED;
    check(torc_connect(&options, &session_), "connect to",
          target.daemon.empty() ? target.runtime_dir : target.daemon);
}

Session::~Session() { torc_close(session_); }

Session::Session(Session&& other) noexcept : session_(std::exchange(other.session_, nullptr)) {}

Session& Session::operator=(Session&& other) noexcept {
    std::swap(session_, other.session_);
    return *this;
}

void Session::join(const std::string& group, std::int64_t timeout_ns) {
    check(torc_join(session_, group.c_str(), timeout_ns), "join", group);
}

void Session::leave(const std::string& group, std::int64_t timeout_ns) {
    check(torc_leave(session_, group.c_str(), timeout_ns), "leave", group);
}

bool Session::send(unsigned service, const std::vector<std::string>& groups, std::uint16_t type,
                   std::span<const std::byte> payload, std::int64_t timeout_ns) {
    std::vector<const char*> names;
    names.reserve(groups.size());
    for (const std::string& group : groups) names.push_back(group.c_str());
    return send(service, names, type, payload, timeout_ns);
}

bool Session::send(unsigned service, std::span<const char* const> groups, std::uint16_t type,
                   std::span<const std::byte> payload, std::int64_t timeout_ns) {
    const int result = torc_multigroup_send(session_, service, groups.data(), groups.size(), type,
                                            payload.data(), payload.size(), timeout_ns);
    if (result == TORC_WOULD_BLOCK) return false;
    check(result, "send");
    return true;
}

std::size_t Session::send_many(unsigned service, std::span<const char* const> groups,
                               std::uint16_t type, std::span<const iovec> messages,
                               std::int64_t timeout_ns) {
    std::size_t sent = 0;
    const int result = torc_send_many(session_, service, groups.data(), groups.size(), type,
                                      messages.data(), messages.size(), &sent, timeout_ns);
    if (result != TORC_WOULD_BLOCK) check(result, "send");
    return sent;
}

bool Session::receive(torc_message& message, std::int64_t timeout_ns) {
    const int result = torc_receive(session_, &message, timeout_ns);
    if (result == TORC_WOULD_BLOCK) return false;
    check(result, "receive");
    return true;
}

void Session::release(const torc_message& message) {
    check(torc_release(session_, &message), "release");
}

void Session::release_through(const torc_message& message) {
    check(torc_release_through(session_, &message), "release");
}

unsigned service_named(const std::string& name) {
    for (unsigned i = 0; i < kServices.size(); ++i) {
        if (name == kServices[i]) return i;
    }
    throw std::runtime_error("no service '" + name +
                             "'; there are unreliable, reliable, fifo, causal, agreed, safe");
}

const char* service_name(unsigned service) {
    return service < kServices.size() ? kServices[service] : "?";
}

const char* cause_name(unsigned cause) {
    constexpr std::array<const char*, 4> kCauses{"join", "leave", "disconnect", "network"};
    return cause < kCauses.size() ? kCauses[cause] : "?";
}

std::vector<std::string> names_of(torc_names names) {
    std::vector<std::string> list;
    while (const char* name = torc_names_next(&names)) list.emplace_back(name);
    return list;
}

}  // namespace torc::tool
