#include "tests/chaos/client.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "tests/chaos/payload.hpp"
#include "tools/torc/clock.hpp"

namespace torc::chaos {
namespace {

constexpr auto kBeforeNextTry = std::chrono::milliseconds(20);
constexpr std::uint32_t kLivesPerClient = 1 << 16;
constexpr std::size_t kOperationsKept = 256;

/// The unique number of a session in the run; its client follows from it.
std::uint32_t sender_number(std::uint32_t client, std::uint32_t life) {
    return client * kLivesPerClient + life;
}
std::uint32_t client_of(std::uint64_t message) {
    return static_cast<std::uint32_t>(message >> 32) / kLivesPerClient;
}

/// How a session may end when daemons are killed and stopped; anything else is a mistake.
bool is_honest_end(int code) {
    return code == TORC_ERROR_DAEMON_LOST || code == TORC_ERROR_SHUTDOWN;
}

}  // namespace

Client::Client(tool::Target target, const ClientPlan& plan, const std::atomic<Phase>& phase)
    : target_(std::move(target)), plan_(plan), phase_(phase), prng_(plan.seed), log_(plan.node) {}

Client::~Client() {
    if (thread_.joinable()) thread_.join();
}

void Client::start() {
    thread_ = std::thread([this] { run(); });
}

std::string Client::waits_for() const {
    std::string text = "client " + std::to_string(plan_.number) + " of daemon " +
                       std::to_string(plan_.node) + ": ";
    if (!has_session_.load()) return text + "no session";
    return text + std::to_string(members_.load()) + " members of '" + kAll + "', " +
           std::to_string(lasts_.load()) + " last messages of " + std::to_string(plan_.clients);
}

void Client::run() {
    try {
        live();
    } catch (const std::exception& error) {
        log_.mistake(std::string("client ended: ") + error.what());
    }
}

void Client::live() {
    while (phase() != Phase::over) {
        if (!connect()) {
            std::this_thread::sleep_for(kBeforeNextTry);
            continue;
        }
        try {
            one_session();
            // The session stays until all clients have ended: none shall see another go.
            if (phase() == Phase::over) return;
        } catch (const tool::SessionError& error) {
            if (!is_honest_end(error.code())) {
                log_.mistake(private_name_ + ": " + error.what());
            }
            log_.lost();
        }
        has_session_ = false;
        session_.reset();
    }
}

/// A daemon that is dead, stopped or starting is no mistake: the client tries again.
bool Client::connect() {
    tool::Target target = target_;
    target.name = "c" + std::to_string(plan_.number) + "l" + std::to_string(++life_);
    try {
        session_ = std::make_unique<tool::Session>(target);
    } catch (const tool::SessionError& error) {
        if (error.code() == TORC_ERROR_NAME || error.code() == TORC_ERROR_NAME_TAKEN ||
            error.code() == TORC_ERROR_LIMIT || error.code() == TORC_ERROR_ARGUMENT) {
            log_.mistake(std::string("connect: ") + error.what());
        }
        return false;
    }
    private_name_ = session_->private_name();
    log_.opened(private_name_);
    said_ = 0;
    joined_.clear();
    known_names_.clear();
    operations_.clear();
    last_of_.clear();
    last_said_ = false;
    members_ = 0;
    lasts_ = 0;
    has_all_last_ = false;
    has_session_ = true;
    return true;
}

void Client::one_session() {
    torc_message message;
    join_group(kAll);
    next_act_ns_ = tool::monotonic_ns();
    while (phase() != Phase::over) {
        if (phase() == Phase::chaos && prng_.chance(20)) {
            log_.closed();
            return;
        }
        if (tool::monotonic_ns() >= next_act_ns_) act();
        // Many at once, because a burst of others must not make this client a slow reader.
        for (int i = 0; i < 256 && session_->receive(message, i == 0 ? kLook : 0); ++i) {
            take(message);
            session_->release(message);
        }
    }
}

void Client::act() {
    if (!joined_.contains(kAll)) join_group(kAll);
    if (phase() == Phase::last) {
        say_last_if_due();
        next_act_ns_ = tool::monotonic_ns() + 10 * kLook;
        return;
    }
    const auto mean = static_cast<std::uint64_t>(1e9 / plan_.messages_per_second);
    std::uint64_t said = 1;
    if (prng_.chance(50'000)) {
        join_or_leave();
    } else if (prng_.chance(5'000)) {  // a burst, which fills queues and frames
        said = prng_.between(10, 100);
        for (std::uint64_t i = 0; i < said; ++i) say_at_random();
    } else {
        say_at_random();
    }
    next_act_ns_ = tool::monotonic_ns() + static_cast<std::int64_t>(said * prng_.below(2 * mean));
}

void Client::say_at_random() {
    const auto service = static_cast<unsigned>(prng_.between(TORC_UNRELIABLE, TORC_SAFE));
    say(service, random_groups(), 0, random_size());
}

std::vector<std::string> Client::random_groups() {
    if (prng_.chance(20'000) && !known_names_.empty()) {  // to one session alone
        auto at = known_names_.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(prng_.below(known_names_.size())));
        return {*at};
    }
    std::vector<std::string> groups;
    if (prng_.chance(100'000)) groups.emplace_back(kAll);
    const std::uint64_t some = prng_.chance(200'000) ? prng_.between(2, kGroups.size()) : 1;
    const std::uint64_t first = prng_.below(kGroups.size());
    for (std::uint64_t i = 0; i < some; ++i) {
        groups.emplace_back(kGroups[(first + i) % kGroups.size()]);
    }
    return groups;
}

std::size_t Client::random_size() {
    if (prng_.chance(5'000)) return prng_.between(2'000, 100'000);  // several frames
    if (prng_.chance(100'000)) return prng_.between(1'000, 3'000);  // about a frame
    return prng_.between(kPayloadMin, 300);
}

bool Client::say(unsigned service, const std::vector<std::string>& groups, std::uint16_t type,
                 std::size_t size) {
    const std::uint64_t message =
        std::uint64_t{sender_number(plan_.number, life_)} << 32 | (said_ + 1);
    log_.said(message, service, groups);
    if (!session_->send(service, groups, type, make_payload(message, size), 0)) {
        log_.unsaid();
        return false;
    }
    ++said_;
    if (operations_.size() == kOperationsKept) operations_.erase(operations_.begin());
    operations_.emplace_back(torc_operations(session_->raw()), message);
    return true;
}

/// When there is no room, the client tries again later, as any other would.
void Client::join_group(const std::string& group) {
    const int result = torc_join(session_->raw(), group.c_str(), 0);
    if (result == TORC_WOULD_BLOCK) return;
    if (result < 0) throw tool::SessionError("join", result);
    joined_.insert(group);
}

void Client::join_or_leave() {
    const std::string group = kGroups[prng_.below(kGroups.size())];
    if (!joined_.contains(group)) return join_group(group);
    if (prng_.chance(500'000)) return;  // more members than not
    const int result = torc_leave(session_->raw(), group.c_str(), 0);
    if (result == TORC_WOULD_BLOCK) return;
    if (result < 0) throw tool::SessionError("leave", result);
    joined_.erase(group);
}

/// Once every client is a member: then all of them hear it.
void Client::say_last_if_due() {
    if (last_said_ || members_ != plan_.clients) return;
    last_said_ = say(TORC_AGREED, {kAll}, kLast, kPayloadMin);
}

void Client::take(const torc_message& message) {
    switch (message.kind) {
        case TORC_MESSAGE:
            return take_message(message);
        case TORC_VIEW:
        case TORC_SELF_LEAVE:
            return take_view(message);
        case TORC_TRANSITIONAL:
            return log_.signal(message);
        case TORC_REFUSED:
            return take_refusal(message);
        case TORC_WARNING:
            return;
        default:
            log_.mistake("a record of unknown kind " + std::to_string(message.kind));
    }
}

void Client::take_message(const torc_message& message) {
    const Parsed parsed =
        parse_payload({static_cast<const std::byte*>(message.data), message.size});
    if (!parsed.mistake.empty()) {
        log_.mistake(private_name_ + " got a message from " + message.sender + " " +
                     parsed.mistake);
        return;
    }
    const std::string told = "#c" + std::to_string(client_of(parsed.message)) + "l" +
                             std::to_string((parsed.message >> 32) % kLivesPerClient) + "#";
    if (!std::string(message.sender).starts_with(told)) {
        log_.mistake(private_name_ + " got a message of " + told + " as from " + message.sender);
    }
    log_.heard(parsed.message, message);
    if (message.type != kLast) return;
    last_of_.insert(client_of(parsed.message));
    lasts_ = static_cast<std::uint32_t>(last_of_.size());
    if (last_of_.size() == plan_.clients) has_all_last_.store(true, std::memory_order_release);
}

void Client::take_view(const torc_message& message) {
    log_.view(message);
    if (message.kind != TORC_VIEW || std::string(message.group) != kAll) return;
    members_ = message.members.count;
    known_names_.clear();
    for (std::string& name : tool::names_of(message.members)) known_names_.insert(std::move(name));
}

/// Of all that this client asks for, nothing may be refused.
void Client::take_refusal(const torc_message& message) {
    log_.mistake(private_name_ + ": refused: " + torc_strerror(message.reason));
    for (const auto& [operation, number] : operations_) {
        if (operation == message.operation) log_.refused(number);
    }
}

}  // namespace torc::chaos
