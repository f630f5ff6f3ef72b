#include "tools/torc/load.hpp"

#include <algorithm>
#include <cstring>
#include <sys/prctl.h>

namespace torc::tool {
namespace {

std::uint64_t fold(std::uint64_t hash, std::uint64_t value) {
    return (hash ^ value) * 0x9E3779B97F4A7C15u + 1;
}

/// Senders of other numbers are not this run's.
constexpr std::uint64_t kSendersMax = 65'536;

Target single_threaded(Target target) {
    target.single_threaded = true;
    return target;
}

/// For counters that others only read: without the bus lock of fetch_add.
template <typename T>
void count_up(std::atomic<T>& counter) {
    counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace

LoadClient::LoadClient(const Target& target, const LoadPlan& plan, int sender,
                       std::uint32_t senders)
    : plan_(plan),
      sender_(sender),
      schedule_(plan.messages_per_second, plan.arrivals,
                plan.seed + static_cast<std::uint64_t>(std::max(sender, 0))),
      session_(single_threaded(target)),
      groups_{plan_.group.c_str()},
      senders_(senders) {
    const std::size_t bytes = std::max(plan.payload_bytes, kStampBytes);
    const std::size_t batch = std::clamp<std::size_t>(kBatchBytes / bytes, 1, kBatch);
    payloads_.resize(batch * bytes);
    for (std::size_t i = 0; i < batch; ++i) {
        messages_.push_back({payloads_.data() + i * bytes, bytes});
    }
    report_.name = session_.private_name();
    session_.join(plan_.group);
}

LoadClient::~LoadClient() {
    stop_sending();
    give_up();  // nobody asked how it ends: the others' end markers may never come
    if (thread_.joinable()) thread_.join();
}

void LoadClient::take_what_came() {
    torc_message message;
    while (session_.receive(message, 0)) {
        take(message, 0);
        session_.release(message);
    }
}

void LoadClient::wait_for_members(std::size_t members) {
    torc_message message;
    while (members_.load(std::memory_order_relaxed) < members) {
        if (!session_.receive(message, Session::kPatience)) {
            throw std::runtime_error("no view with all clients within 10 s");
        }
        take(message, 0);
        session_.release(message);
    }
}

void LoadClient::start() {
    thread_ = std::thread([this] { run(); });
}

ClientReport LoadClient::finish() {
    if (thread_.joinable()) thread_.join();
    return report_;
}

void LoadClient::run() {
    ::prctl(PR_SET_TIMERSLACK, 1);  // the default of 50 us would be charged to every message
    start_ns_ = monotonic_ns();
    measure_from_ns_ = start_ns_ + static_cast<std::int64_t>(plan_.warm_up_seconds * 1e9);
    measure_to_ns_ = measure_from_ns_ + static_cast<std::int64_t>(plan_.seconds * 1e9);
    last_measured_ns_ = measure_from_ns_;
    schedule_.start(start_ns_, static_cast<std::uint32_t>(std::max(sender_, 0)), senders_);
    try {
        loop();
    } catch (const SessionError& error) {
        report_.error = error.what();
        report_.error_code = error.code();
        failed_.store(true, std::memory_order_release);
    }
    tally_.settle();
    report_.received = received_.load(std::memory_order_relaxed);
    report_.views = views_.load(std::memory_order_relaxed);
    report_.measured_seconds = static_cast<double>(last_measured_ns_ - measure_from_ns_) / 1e9;
    finished_.store(true, std::memory_order_release);
}

void LoadClient::loop() {
    torc_message message;
    while (!everything_came()) {
        std::int64_t now = monotonic_ns();
        if (now >= measure_to_ns_) stop_sending();
        bool busy = send_due(now);
        int received = 0;
        for (; received < kBatch && session_.receive(message, 0); ++received) {
            if (received % 8 == 0) now = monotonic_ns();
            take(message, now);
        }
        if (received > 0) {
            session_.release_through(message);
            busy = true;
        }
        if (!busy && session_.receive(message, wait_ns(now))) {
            take(message, monotonic_ns());
            session_.release(message);
        }
    }
}

/// How long there is nothing to do but receive.
std::int64_t LoadClient::wait_ns(std::int64_t now) const {
    constexpr std::int64_t kLook = 1'000'000;  // how often a full ring is looked at
    // How often it is seen that nobody waits for this client any more. Thousands may do so.
    constexpr std::int64_t kSeldom = 100'000'000;
    // A sleep ends late, by as much as a message takes; so the end of a wait is spent looking.
    constexpr std::int64_t kEarly = 60'000;
    if (sender_ < 0 || end_sent_) return kSeldom;
    if (schedule_.floods()) return kLook;
    const std::int64_t left = schedule_.next_ns() - now;
    return std::clamp<std::int64_t>(left > kEarly ? left - kEarly : left, 0, kLook);
}

bool LoadClient::send_due(std::int64_t now) {
    if (sender_ < 0 || end_sent_) return false;
    if (sending_.load(std::memory_order_relaxed)) return send_batch(now) > 0;
    if (stopped_ns_ == 0) stopped_ns_ = std::min(now, measure_to_ns_);
    // Who was late sends what was due before, as long as there is room.
    if (!schedule_.floods() && send_batch(stopped_ns_ - 1) == kBatch) return true;
    give_up_unsent(now);
    return send_end_marker();
}

int LoadClient::send_batch(std::int64_t horizon) {
    std::size_t total = 0;
    while (total < kBatch) {
        const std::size_t ready = prepare(horizon, kBatch - total);
        if (ready == 0) break;
        const std::size_t sent = session_.send_many(service_of_messages_, groups_, 0,
                                                    std::span(messages_).first(ready), 0);
        for (std::size_t i = 0; i < sent; ++i) schedule_.advance();
        report_.sent += sent;
        total += sent;
        if (sent < ready) break;
    }
    return static_cast<int>(total);
}

std::size_t LoadClient::window_left() const {
    std::uint64_t limit = plan_.window;
    if (limit == 0 && schedule_.floods()) limit = kFloodBytes / messages_.front().iov_len;
    if (limit == 0) return kBatch;
    const std::uint64_t under_way = report_.sent - own_received_;
    return under_way < limit ? limit - under_way : 0;
}

std::size_t LoadClient::prepare(std::int64_t horizon, std::size_t most) {
    most = std::min({most, messages_.size(), window_left()});
    SendSchedule schedule = schedule_;
    std::size_t ready = 0;
    for (; ready < most; ++ready, schedule.advance()) {
        const std::uint64_t counter = report_.sent + ready;
        const unsigned service = is_made_safe(counter) ? unsigned{TORC_SAFE} : plan_.service;
        const std::int64_t intended = schedule_.floods() ? horizon : schedule.next_ns();
        if (intended > horizon) break;
        if (ready > 0 && service != service_of_messages_) break;
        service_of_messages_ = service;
        const Stamp stamp{static_cast<std::uint64_t>(sender_), counter, intended};
        std::memcpy(messages_[ready].iov_base, &stamp, sizeof stamp);
    }
    return ready;
}

/// Charges what was due and had no room: it waited at least until now.
void LoadClient::give_up_unsent(std::int64_t now) {
    if (schedule_.floods()) return;
    for (; schedule_.next_ns() < stopped_ns_; schedule_.advance()) {
        ++report_.unsent;
        if (!is_measured(schedule_.next_ns())) continue;
        report_.own_latency.record(static_cast<std::uint64_t>(now - schedule_.next_ns()));
    }
}

bool LoadClient::send_end_marker() {
    const Stamp stamp{static_cast<std::uint64_t>(sender_), report_.sent, monotonic_ns()};
    end_sent_ =
        session_.send(TORC_AGREED, groups_, kEndMarker, std::as_bytes(std::span(&stamp, 1)), 0);
    return end_sent_;
}

bool LoadClient::everything_came() const {
    if (given_up_.load(std::memory_order_relaxed)) return true;
    if (sender_ >= 0 && !end_sent_) return false;
    return ends_seen_ >= senders_.load(std::memory_order_relaxed);
}

void LoadClient::take(const torc_message& message, std::int64_t now) {
    if (message.kind == TORC_VIEW && message.group == plan_.group) {
        view_at_ns_.store(monotonic_ns(), std::memory_order_relaxed);
        count_up(views_);
        members_.store(message.members.count, std::memory_order_release);
    }
    if (message.kind != TORC_MESSAGE || message.size < kStampBytes) return;
    Stamp stamp;
    std::memcpy(&stamp, message.data, sizeof stamp);
    if (stamp.sender >= kSendersMax) return;
    report_.order_hash = fold(fold(report_.order_hash, stamp.sender), stamp.counter);
    if (stamp.sender >= next_of_.size()) next_of_.resize(stamp.sender + 1);
    std::uint64_t& next = next_of_[stamp.sender];
    if (next != 0 && stamp.counter != next) ++report_.gaps;
    next = stamp.counter + 1;
    if (message.type == kEndMarker) {
        ++ends_seen_;
        return;
    }
    take_stamped(stamp, now);
}

/// One message of the load: counted in the measured time when it came in it, and its latency when
/// it was due in it.
void LoadClient::take_stamped(const Stamp& stamp, std::int64_t now) {
    count_up(received_);
    if (last_message_ns_ != 0 &&
        now - last_message_ns_ > silence_ns_.load(std::memory_order_relaxed)) {
        silence_ns_.store(now - last_message_ns_, std::memory_order_relaxed);
    }
    last_message_ns_ = now;
    const bool own = sender_ >= 0 && stamp.sender == static_cast<std::uint64_t>(sender_);
    if (own) ++own_received_;
    if (is_measured(now)) {
        ++report_.measured;
        last_measured_ns_ = now;
    }
    if (!is_measured(stamp.intended_ns)) return;
    telemetry::Histogram<>& histogram = !own                          ? report_.others_latency
                                        : is_made_safe(stamp.counter) ? report_.own_safe_latency
                                                                      : report_.own_latency;
    tally_.record(histogram,
                  static_cast<std::uint64_t>(std::max<std::int64_t>(now - stamp.intended_ns, 0)));
}

}  // namespace torc::tool
