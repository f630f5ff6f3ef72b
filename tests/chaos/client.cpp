#include "tests/chaos/client.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include "tests/chaos/payload.hpp"
#include "tools/torc/clock.hpp"

namespace torc::chaos {
namespace {

constexpr auto kBeforeNextTry = std::chrono::milliseconds(20);
constexpr std::uint32_t kLivesPerClient = 1 << 16;

/// The unique number of a session in the run; its client follows from it.
std::uint32_t sender_number(std::uint32_t client, std::uint32_t life) {
    return client * kLivesPerClient + life;
}
std::uint32_t client_of(std::uint64_t message) {
    return static_cast<std::uint32_t>(message >> 32) / kLivesPerClient;
}

std::string file_of(const std::string& folder, std::uint32_t client, const char* kind) {
    return folder + "/client-" + std::to_string(client) + kind;
}

}  // namespace

std::string page_path(const std::string& folder, std::uint32_t client) {
    return file_of(folder, client, ".page");
}
std::string trace_path(const std::string& folder, std::uint32_t client) {
    return file_of(folder, client, ".trace");
}
std::string mistakes_path(const std::string& folder, std::uint32_t client) {
    return file_of(folder, client, ".mistakes");
}

Client::Client(const ClientPlan& plan)
    : plan_(plan),
      page_(page_path(plan.folder, plan.number), MappedPage::How::open),
      log_(plan.node, *page_, trace_path(plan.folder, plan.number),
           mistakes_path(plan.folder, plan.number)),
      prng_(plan.seed + plan.process * std::uint64_t{0x9E3779B97F4A7C15}) {}

void Client::run() {
    try {
        live();
    } catch (const std::exception& error) {
        log_.mistake(std::string("client ended: ") + error.what());
    }
}

void Client::live() {
    while (phase() < Phase::over) {
        if (!connect()) {
            std::this_thread::sleep_for(kBeforeNextTry);
            continue;
        }
        try {
            one_session();
            if (phase() >= Phase::over) return stay_until_gone();
        } catch (const tool::SessionError& error) {
            if (!is_honest_end(error.code())) {
                log_.mistake(private_name_ + ": " + error.what());
            }
            if (error.code() == TORC_ERROR_FLUSH_TIMEOUT) ++page_->timeouts;
            log_.lost();
        }
        page_->has_session = false;
        session_.reset();
    }
    page_->over = true;
}

/// None shall see another go and write it down.
void Client::stay_until_gone() {
    page_->over = true;
    while (phase() != Phase::gone) std::this_thread::sleep_for(kBeforeNextTry);
}

/// How a session may end when daemons are killed and stopped, and silence is not borne for ever;
/// anything else is a mistake.
bool Client::is_honest_end(int code) const {
    if (code == TORC_ERROR_FLUSH_TIMEOUT) {
        return std::any_of(flush_.begin(), flush_.end(),
                           [](const auto& entry) { return entry.second.silent; });
    }
    return code == TORC_ERROR_DAEMON_LOST || code == TORC_ERROR_SHUTDOWN;
}

/// A daemon that is dead, stopped or starting is no mistake: the client tries again.
bool Client::connect() {
    tool::Target target;
    target.daemon = plan_.daemon;
    target.runtime_dir = plan_.runtime_dir;
    life_ = ++page_->life;
    target.name = "c" + std::to_string(plan_.number) + "l" + std::to_string(life_);
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
    leaving_.clear();
    flush_.clear();
    known_names_.clear();
    operations_.clear();
    weak_to_flush_ = false;
    last_of_.clear();
    last_said_ = false;
    page_->members = 0;
    page_->lasts = 0;
    page_->has_all_last = false;
    page_->has_session = true;
    return true;
}

void Client::one_session() {
    torc_message message;
    join_group(kAll);
    next_act_ns_ = tool::monotonic_ns();
    while (phase() < Phase::over) {
        if (phase() == Phase::chaos && prng_.chance(20)) {
            log_.closed();
            return;
        }
        answer_requests();
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
    } else if (prng_.chance(50'000)) {
        cast_at_random();
    } else if (prng_.chance(5'000)) {  // a burst, which fills queues and frames
        said = prng_.between(10, 100);
        for (std::uint64_t i = 0; i < said; ++i) say_at_random();
    } else {
        say_at_random();
    }
    next_act_ns_ = tool::monotonic_ns() + static_cast<std::int64_t>(said * prng_.below(2 * mean));
}

// --- groups --------------------------------------------------------------------------------------

/// When there is no room, the client tries again later, as any other would.
void Client::join_group(const std::string& group) {
    const int result = is_flush(group) ? torc_flush_join(session_->raw(), group.c_str(), 0)
                                       : torc_join(session_->raw(), group.c_str(), 0);
    if (result == TORC_WOULD_BLOCK) return;
    if (result < 0) throw tool::SessionError("join", result);
    note_operation(0, false);
    joined_.insert(group);
}

void Client::join_or_leave() {
    const bool flush = prng_.chance(400'000);
    const std::string group =
        flush ? kFlush[prng_.below(kFlush.size())] : kPlain[prng_.below(kPlain.size())];
    if (leaving_.contains(group)) return;
    if (!joined_.contains(group)) return join_group(group);
    if (prng_.chance(500'000)) return;  // more members than not
    const int result = torc_leave(session_->raw(), group.c_str(), 0);
    if (result == TORC_WOULD_BLOCK) return;
    if (result < 0) throw tool::SessionError("leave", result);
    note_operation(0, false);
    joined_.erase(group);
    if (flush) leaving_.insert(group);
}

void Client::note_operation(std::uint64_t message, bool may_be_refused) {
    constexpr std::size_t kOperationsKept = 4096;
    if (operations_.size() == kOperationsKept) operations_.pop_front();
    operations_.push_back({torc_operations(session_->raw()), message, may_be_refused});
}

void Client::answer_requests() {
    const std::int64_t now = tool::monotonic_ns();
    for (auto& [group, standing] : flush_) {
        if (phase() == Phase::last) standing.silent = false;
        const bool due = standing.asked && !standing.answered && standing.answer_at_ns <= now;
        if (!due || standing.silent || leaving_.contains(group)) continue;
        const int result = torc_flush_ok(session_->raw(), group.c_str(), 0);
        if (result == TORC_WOULD_BLOCK) return;
        if (result < 0) throw tool::SessionError("flush_ok", result);
        log_.flushed(group);
        note_operation(0, false);
        standing.answered = true;
    }
}

// --- saying --------------------------------------------------------------------------------------

void Client::say_at_random() {
    const auto service = static_cast<unsigned>(prng_.between(TORC_UNRELIABLE, TORC_SAFE));
    say(service, random_groups(), 0, random_size());
}

/// To some whom it sees in a flush group, and perhaps to one who is not there.
void Client::cast_at_random() {
    for (const auto& [group, standing] : flush_) {
        if (prng_.chance(500'000)) continue;
        std::vector<std::string> names{group};
        for (std::uint64_t i = prng_.between(1, 4); i > 0; --i) {
            names.push_back(standing.members[prng_.below(standing.members.size())]);
        }
        if (prng_.chance(200'000) && !known_names_.empty()) {
            names.push_back(*known_names_.begin());
        }
        const auto service = static_cast<unsigned>(prng_.between(TORC_UNRELIABLE, TORC_SAFE));
        say(service, names, 0, random_size(), true);
        return;
    }
}

/// Mostly to flush groups where it is a member; others refuse it.
std::vector<std::string> Client::random_groups() {
    if (prng_.chance(20'000) && !known_names_.empty()) {  // to one session alone
        auto at = known_names_.begin();
        std::advance(at, static_cast<std::ptrdiff_t>(prng_.below(known_names_.size())));
        return {*at};
    }
    std::vector<std::string> groups;
    if (prng_.chance(300'000)) {
        const std::string flush = kFlush[prng_.below(kFlush.size())];
        if (flush_.contains(flush) || prng_.chance(100'000)) groups.push_back(flush);
        if (!groups.empty() && prng_.chance(700'000)) return groups;
    }
    if (prng_.chance(100'000)) groups.emplace_back(kAll);
    const std::uint64_t some = prng_.chance(200'000) ? prng_.between(2, kPlain.size()) : 1;
    const std::uint64_t first = prng_.below(kPlain.size());
    for (std::uint64_t i = 0; i < some; ++i) {
        groups.emplace_back(kPlain[(first + i) % kPlain.size()]);
    }
    return groups;
}

std::size_t Client::random_size() {
    if (prng_.chance(5'000)) return prng_.between(2'000, 100'000);  // several frames
    if (prng_.chance(100'000)) return prng_.between(1'000, 3'000);  // about a frame
    return prng_.between(kPayloadMin, 300);
}

Client::Manners Client::manners_of(const std::vector<std::string>& groups) const {
    Manners manners = Manners::good;
    for (const std::string& group : groups) {
        if (!is_flush(group)) continue;
        const auto standing = flush_.find(group);
        if (standing == flush_.end() || leaving_.contains(group)) {
            manners = Manners::unclear;
        } else if (standing->second.answered) {
            return Manners::bad;
        }
    }
    return manners;
}

int Client::hand_over(unsigned service, const std::vector<std::string>& groups, std::uint16_t type,
                      const std::vector<std::byte>& payload, bool subgroup) {
    std::vector<const char*> names;
    names.reserve(groups.size());
    for (const std::string& group : groups) names.push_back(group.c_str());
    if (subgroup) {
        return torc_subgroup_send(session_->raw(), service, names[0], names.data() + 1,
                                  names.size() - 1, type, payload.data(), payload.size(), 0);
    }
    return torc_multigroup_send(session_->raw(), service, names.data(), names.size(), type,
                                payload.data(), payload.size(), 0);
}

/// True if it was taken. What was not has used up its number all the same.
bool Client::say(unsigned service, const std::vector<std::string>& groups, std::uint16_t type,
                 std::size_t size, bool subgroup) {
    const std::uint64_t message = std::uint64_t{sender_number(plan_.number, life_)} << 32 | ++said_;
    const Manners manners = manners_of(groups);
    // A weak one may be refused without a number. The others of several groups would have been owed
    // it, so the log would have to know which one it was.
    if (manners == Manners::unclear && groups.size() > 1 && !subgroup) {
        service = std::max<unsigned>(service, TORC_CAUSAL);
    }
    log_.said(message, service, groups, subgroup);
    const int result = hand_over(service, groups, type, make_payload(message, size), subgroup);
    if (result == TORC_OK) {
        if (manners == Manners::bad) {
            log_.mistake(private_name_ + ": could send behind its flush_ok");
        }
        note_operation(message, manners != Manners::good);
        if (manners == Manners::unclear && service < TORC_CAUSAL) weak_to_flush_ = true;
        return true;
    }
    log_.refused(message);
    const bool told = result == TORC_ERROR_FLUSHED && manners != Manners::good;
    if (!told && result != TORC_WOULD_BLOCK) throw tool::SessionError("send", result);
    if (told) ++page_->refused;
    return false;
}

/// Once every client is a member: then all of them hear it.
void Client::say_last_if_due() {
    if (last_said_ || page_->members != plan_.clients) return;
    last_said_ = say(TORC_AGREED, {kAll}, kLast, kPayloadMin);
}

// --- hearing -------------------------------------------------------------------------------------

void Client::take(const torc_message& message) {
    switch (message.kind) {
        case TORC_MESSAGE:
            return take_message(message);
        case TORC_VIEW:
        case TORC_SELF_LEAVE:
            return take_view(message);
        case TORC_TRANSITIONAL:
            return log_.signal(message);
        case TORC_FLUSH_REQUEST:
            return take_request(message);
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
    page_->lasts = static_cast<std::uint32_t>(last_of_.size());
    if (last_of_.size() == plan_.clients) {
        page_->has_all_last.store(true, std::memory_order_release);
    }
}

void Client::take_view(const torc_message& message) {
    const std::string group = message.group;
    log_.view(message, is_flush(group));
    if (message.kind == TORC_SELF_LEAVE) {
        flush_.erase(group);
        leaving_.erase(group);
        return;
    }
    if (is_flush(group)) {
        flush_[group] = FlushStanding{};
        flush_[group].members = tool::names_of(message.members);
    }
    if (group != kAll) return;
    page_->members = message.members.count;
    known_names_.clear();
    for (std::string& name : tool::names_of(message.members)) known_names_.insert(std::move(name));
}

void Client::take_request(const torc_message& message) {
    const std::string group = message.group;
    log_.asked(group);
    const auto standing = flush_.find(group);
    if (standing == flush_.end()) return log_.mistake(private_name_ + ": asked without a view");
    standing->second.asked = true;
    standing->second.silent = phase() == Phase::chaos && prng_.chance(plan_.silent_ppm);
    standing->second.answer_at_ns =
        tool::monotonic_ns() + static_cast<std::int64_t>(prng_.below(plan_.answer_ms + 1)) * kLook;
}

/// Only what was sent to a flush group without being in a view of it may be refused. A weak message
/// has no number there.
void Client::take_refusal(const torc_message& message) {
    const auto operation =
        std::find_if(operations_.begin(), operations_.end(),
                     [&](const Operation& one) { return one.number == message.operation; });
    const bool known = operation != operations_.end();
    const bool fits =
        message.reason == TORC_ERROR_NOT_MEMBER || message.reason == TORC_ERROR_FLUSHED;
    if (known && operation->message != 0) log_.refused(operation->message);
    const bool weak = message.operation == 0 && weak_to_flush_;
    if (fits && (weak || (known && operation->may_be_refused))) {
        ++page_->refused;
        return;
    }
    log_.mistake(private_name_ + ": refused: " + torc_strerror(message.reason) + ", operation " +
                 std::to_string(message.operation));
}

}  // namespace torc::chaos
