#include "tests/sim/mischief.hpp"

#include <utility>

#include "wire/hop.hpp"

namespace torc::sim {
namespace {

constexpr auto kData = static_cast<std::uint32_t>(wire::Kind::data);
constexpr auto kToken = static_cast<std::uint32_t>(wire::Kind::token);

}  // namespace

void Mischief::doom(const Fault& fault) {
    dooms_.at(fault.node) = Doom{true, false, fault.count, fault.skip, fault.late, fault.lasts};
}

void Mischief::set_trap(const Fault& fault) {
    if (traps_.size() == kTraps) traps_.erase(traps_.begin());
    traps_.push_back(fault);
}

void Mischief::double_tokens(const Fault& fault) {
    tokens_to_double_ = fault.count;
    double_late_ = fault.late;
}

void Mischief::delay_tokens(const Fault& fault) {
    tokens_to_delay_ = fault.count;
    delay_late_ = fault.late;
}

void Mischief::lose_kind(std::uint32_t kind, Instant until) {
    lost_kind_ = kind;
    lost_kind_until_ = until;
}

void Mischief::calm() {
    dooms_.assign(dooms_.size(), Doom{});
    traps_.clear();
    tokens_to_lose_ = tokens_to_double_ = tokens_to_delay_ = 0;
    lost_kind_ = 0;
}

Fate Mischief::fate_of(Instant now, std::uint32_t from, std::uint32_t kind) {
    Fate fate;
    if (!survives_doom(from, kind) || (kind == lost_kind_ && now < lost_kind_until_)) {
        fate.lost = true;
        return fate;
    }
    if (kind == kToken) token_fate(fate);
    const Doom& doom = dooms_[from];
    if (doom.counting && kind == kData) fate.late_max = doom.late_max;
    return fate;
}

void Mischief::token_fate(Fate& fate) {
    if (tokens_to_lose_ != 0) {
        --tokens_to_lose_;
        fate.lost = true;
    } else if (tokens_to_delay_ != 0) {
        --tokens_to_delay_;
        fate.late = delay_late_;
    } else if (tokens_to_double_ != 0) {
        --tokens_to_double_;
        fate.late = double_late_;
        fate.twice = true;
    }
}

/// Whether a frame leaves its host. The one that does not ends it, after this event.
bool Mischief::survives_doom(std::uint32_t from, std::uint32_t kind) {
    Doom& doom = dooms_[from];
    if (!doom.armed) return true;
    if (kind == kToken) doom.counting = true;
    if (!doom.counting || kind != kData) return true;
    if (doom.lost != 0) {
        --doom.lost;
        return false;
    }
    if (doom.sent == 0) return false;
    --doom.sent;
    return true;
}

bool Mischief::is_spent(std::uint32_t node) const {
    const Doom& doom = dooms_[node];
    return doom.counting && doom.lost == 0 && doom.sent == 0;
}

const Fault* Mischief::watch(std::uint32_t kind) {
    for (auto trap = traps_.begin(); trap != traps_.end(); ++trap) {
        if (kind != trap->frame || trap->skip-- != 0) continue;
        if (trap->tokens != 0) {
            trap->frame = kToken;
            trap->skip = std::exchange(trap->tokens, 0);
            continue;
        }
        sprung_ = *trap;
        traps_.erase(trap);
        if (sprung_.kind == FaultKind::trap_partition) return &sprung_;
        tokens_to_lose_ = sprung_.count;
        return nullptr;
    }
    return nullptr;
}

void Mischief::remember(const Packet& packet) {
    ++remembered_;
    if (old_packets_.size() < kOldPackets) {
        old_packets_.push_back(packet);
    } else if (const std::uint64_t at = prng_.below(remembered_); at < kOldPackets) {
        old_packets_[at] = packet;
    }
}

}  // namespace torc::sim
