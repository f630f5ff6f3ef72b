#include "dataplane/lossy_port.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <time.h>

#include "wire/hop.hpp"

namespace torc::dataplane {
namespace {

/// How late a held frame may be beyond its time, and how many bursts may be lost in one look.
constexpr Nanos kSleepWhileHolding = std::chrono::milliseconds(1);
constexpr int kLostBurstsMax = 8;

Instant monotonic_now() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return instant_from_ns(now.tv_sec * 1'000'000'000 + now.tv_nsec);
}

/// Rates beyond a million (anybody may write the page) mean always.
std::uint32_t ppm(std::uint64_t rate) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(rate, 1'000'000));
}

/// A frame too short for a hop header has no transmitter; the engine rejects it in any case.
std::uint16_t transmitter_of(const FrameRef& frame) {
    if (frame.size < sizeof(wire::HopHeader)) return raw(kNoNode);
    wire::HopHeader hop;
    std::memcpy(&hop, frame.data, sizeof hop);
    return hop.transmitter;
}

}  // namespace

LossyPort::LossyPort(std::unique_ptr<Port> inner, LossyPage page, std::uint64_t seed, Now now)
    : inner_(std::move(inner)),
      page_(std::move(page)),
      prng_(seed),
      now_(now == nullptr ? monotonic_now : now) {}

LossyPort::~LossyPort() {
    for (const Held& held : held_) inner_->release(held.frame.cookie);
}

std::size_t LossyPort::receive(std::span<FrameRef> frames) {
    const std::size_t late = held_.empty() ? 0 : take_due(frames);
    return late + take_fresh(frames.subspan(late));
}

/// Held frames whose time has come, in the order of their arrival.
std::size_t LossyPort::take_due(std::span<FrameRef> frames) {
    const Instant now = now_();
    std::size_t taken = 0;
    std::size_t kept = 0;
    for (const Held& held : held_) {
        if (held.due <= now && taken < frames.size()) {
            frames[taken++] = held.frame;
        } else {
            held_[kept++] = held;
        }
    }
    while (held_.size() > kept) held_.pop_back();
    return taken;
}

/// "Nothing" is answered only if nothing is there: the loop sleeps after it.
std::size_t LossyPort::take_fresh(std::span<FrameRef> frames) {
    if (frames.empty()) return 0;
    const LossyRates rates = page_.read();
    std::size_t kept = 0;
    for (int burst = 0; kept == 0 && burst < kLostBurstsMax; ++burst) {
        const std::size_t count = inner_->receive(frames);
        if (count == 0) break;
        for (std::size_t i = 0; i < count; ++i) {
            if (passes(frames[i], rates)) frames[kept++] = frames[i];
        }
    }
    return kept;
}

bool LossyPort::passes(const FrameRef& frame, const LossyRates& rates) {
    if (is_lost(frame, rates)) {
        ++lost_;
        inner_->release(frame.cookie);
        return false;
    }
    if (prng_.chance(ppm(rates.duplicate_ppm))) repeat(frame, rates);
    if (!prng_.chance(ppm(rates.delay_ppm)) || held_.full()) return true;
    held_.push_back({later(rates), frame});
    ++delayed_;
    return false;
}

bool LossyPort::is_lost(const FrameRef& frame, const LossyRates& rates) {
    return rates.is_deaf_to(transmitter_of(frame)) || prng_.chance(ppm(rates.loss_ppm));
}

/// The copy is made now, as the core may change or give back the frame that it gets.
void LossyPort::repeat(const FrameRef& frame, const LossyRates& rates) {
    if (held_.full()) return;
    FrameRef copy = inner_->acquire();
    if (!copy) return;
    if (copy.capacity < frame.size) return inner_->release(copy.cookie);
    std::memcpy(copy.data, frame.data, frame.size);
    copy.size = frame.size;
    copy.capacity = 0;
    held_.push_back({later(rates), copy});
    ++duplicated_;
}

Instant LossyPort::later(const LossyRates& rates) {
    constexpr std::uint64_t kLongest = 10'000'000'000;
    return now_() + Nanos(prng_.below(std::min(rates.delay_ns, kLongest) + 1));
}

Nanos LossyPort::sleep_max() const {
    const LossyRates rates = page_.read();
    const bool may_hold = !held_.empty() || rates.delay_ppm > 0 || rates.duplicate_ppm > 0;
    return may_hold ? std::min(inner_->sleep_max(), kSleepWhileHolding) : inner_->sleep_max();
}

PortCounters LossyPort::counters() const {
    PortCounters counters = inner_->counters();
    counters.is_lossy = true;
    counters.lossy_lost = lost_;
    counters.lossy_duplicated = duplicated_;
    counters.lossy_delayed = delayed_;
    return counters;
}

std::string LossyPort::describe() const {
    const LossyRates rates = page_.read();
    return inner_->describe() +
           "\ntorcd: WARNING: [lossy] is enabled: THIS DAEMON LOSES FRAMES ON PURPOSE"
           "\ntorcd: WARNING: of a million received it loses " +
           std::to_string(rates.loss_ppm) + ", repeats " + std::to_string(rates.duplicate_ppm) +
           ", delays " + std::to_string(rates.delay_ppm) + " by up to " +
           std::to_string(rates.delay_ns / 1000) + " us; never do this where it matters";
}

}  // namespace torc::dataplane
