#include "tests/chaos/schedule.hpp"

#include <algorithm>
#include <array>
#include <bitset>

#include "base/prng.hpp"

namespace torc::chaos {
namespace {

constexpr std::array<const char*, kFaultKinds> kNames{
    "kill", "stop",      "pause",         "split", "unplug",     "flap",
    "deaf", "strangers", "majority_ring", "storm", "kill_client"};

/// How often each kind is taken, of all; the sum is not of interest.
constexpr std::array<std::uint64_t, kFaultKinds> kWeights{5, 3, 4, 4, 2, 2, 2, 2, 1, 1, 6};

constexpr std::uint64_t kGapMax = 1200;  ///< ms between the beginnings of two faults
constexpr std::uint64_t kCutMin = 100;
constexpr std::uint64_t kCutMax = 3000;
constexpr std::uint64_t kDownMin = 50;
constexpr std::uint64_t kDownMax = 2500;

Millis millis(std::uint64_t number) { return Millis(static_cast<Millis::rep>(number)); }

bool needs_cables(FaultKind kind) {
    return kind == FaultKind::split || kind == FaultKind::unplug || kind == FaultKind::flap;
}

class Maker {
public:
    explicit Maker(const SchedulePlan& plan) : plan_(plan), prng_(plan.seed) {
        // Swarm: each seed leaves some kinds out, so that the others meet more often.
        for (std::size_t i = 0; i < kFaultKinds; ++i) {
            const auto kind = static_cast<FaultKind>(i);
            const bool taken = prng_.chance(800'000);
            weights_[i] = taken && (plan.has_cables || !needs_cables(kind)) ? kWeights[i] : 0;
        }
        if (std::all_of(weights_.begin(), weights_.end(), [](auto w) { return w == 0; })) {
            weights_[0] = 1;
        }
    }

    std::vector<Fault> make() {
        std::vector<Fault> faults;
        Millis at = millis(prng_.below(500));
        while (at < plan_.length) {
            Fault fault = make_one(at);
            fault.lasts = std::min(fault.lasts, plan_.length - at);
            faults.push_back(fault);
            // One in five comes at once with the one before.
            at += prng_.chance(200'000) ? millis(prng_.below(20)) : millis(prng_.below(kGapMax));
        }
        return faults;
    }

private:
    FaultKind choose() {
        std::uint64_t sum = 0;
        for (const std::uint64_t weight : weights_) sum += weight;
        std::uint64_t drawn = prng_.below(sum);
        std::size_t kind = 0;
        while (drawn >= weights_[kind]) drawn -= weights_[kind++];
        return static_cast<FaultKind>(kind);
    }

    std::uint32_t all() const { return (std::uint32_t{1} << plan_.nodes) - 1; }

    Fault make_one(Millis at) {
        Fault fault{choose(), at};
        fault.node = static_cast<std::uint32_t>(prng_.below(plan_.nodes));
        fault.lasts = millis(prng_.between(kCutMin, kCutMax));
        const std::uint32_t me = std::uint32_t{1} << fault.node;
        switch (fault.kind) {
            case FaultKind::kill:
            case FaultKind::stop:
                fault.lasts = millis(prng_.between(kDownMin, kDownMax));
                break;
            case FaultKind::pause:  // half of token_loss to five times
                fault.lasts = plan_.token_loss * prng_.between(50, 500) / 100;
                break;
            case FaultKind::split:
                fault.others = me | static_cast<std::uint32_t>(prng_.below(all()));
                break;
            case FaultKind::deaf:
                fault.others = static_cast<std::uint32_t>(prng_.between(1, all())) & ~me;
                break;
            case FaultKind::strangers:
                fault.others = std::uint32_t{1}
                               << (fault.node + prng_.between(1, plan_.nodes - 1)) % plan_.nodes;
                break;
            case FaultKind::flap:  // token_loss times 0.5, 0.9, 1.1
                fault.period = plan_.token_loss * std::array{50, 90, 110}[prng_.below(3)] / 100;
                break;
            case FaultKind::kill_client:
                fault.client = static_cast<std::uint32_t>(prng_.below(plan_.clients));
                fault.lasts = millis(prng_.between(kDownMin, kDownMax));
                break;
            case FaultKind::unplug:
            case FaultKind::majority_ring:
            case FaultKind::storm:
                break;
        }
        return fault;
    }

    SchedulePlan plan_;
    Prng prng_;
    std::array<std::uint64_t, kFaultKinds> weights_{};
};

std::string nodes_of(std::uint32_t bits) {
    std::string text;
    for (std::uint32_t i = 0; i < 32; ++i) {
        if ((bits >> i & 1) != 0) text += (text.empty() ? "n" : ",n") + std::to_string(i);
    }
    return text;
}

}  // namespace

const char* name_of(FaultKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::string text_of(const Fault& fault) {
    std::string text = std::to_string(fault.at.count()) + " ms, for " +
                       std::to_string(fault.lasts.count()) + " ms: " + name_of(fault.kind);
    if (fault.kind < FaultKind::majority_ring) text += " n" + std::to_string(fault.node);
    if (fault.kind == FaultKind::kill_client) text += ' ' + std::to_string(fault.client);
    if (fault.others != 0) text += " with " + nodes_of(fault.others);
    if (fault.period.count() != 0) text += " every " + std::to_string(fault.period.count()) + " ms";
    return text;
}

std::vector<Fault> make_schedule(const SchedulePlan& plan) { return Maker(plan).make(); }

}  // namespace torc::chaos
