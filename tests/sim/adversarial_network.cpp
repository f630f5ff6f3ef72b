#include "tests/sim/adversarial_network.hpp"

#include <algorithm>

#include "tests/sim/mangle.hpp"
#include "wire/hop.hpp"

namespace torc::sim {
namespace {

constexpr auto kData = static_cast<std::uint32_t>(wire::Kind::data);
constexpr auto kToken = static_cast<std::uint32_t>(wire::Kind::token);

std::size_t lane_of(std::uint32_t kind) { return kind == kData ? 0 : kind == kToken ? 1 : 2; }

}  // namespace

AdversarialNetwork::AdversarialNetwork(const Options& options, std::uint64_t seed)
    : Network(options.nodes),
      faults_(options.packets),
      hazards_(options.hazards.link),
      token_loss_(options.cluster.timers.token_loss),
      config_hash_(static_cast<std::uint32_t>(config::fingerprint(options.cluster))),
      prng_(seed),
      ailments_(hazards_, options.nodes, seed + 1),
      forger_(options.nodes, config::fingerprint(options.cluster), seed + 2),
      links_(std::size_t{options.nodes} * options.nodes),
      busy_until_(options.nodes) {}

void AdversarialNetwork::carry(Instant now, std::uint32_t from, std::span<const std::uint32_t> to,
                               const Packet& packet, std::vector<Arrival>& out) {
    ailments_.advance(now);
    const std::uint32_t kind = kind_of(*packet);
    if (is_nth(kind)) return;
    for (const std::uint32_t each : to) {
        carry_copy(now, {from, each, to.size() > 1, kind}, packet, out);
    }
    remember(kind, packet);
    if (hazards_.forge != 0) lie(packet, out);
}

void AdversarialNetwork::carry_copy(Instant now, const Copy& copy, const Packet& packet,
                                    std::vector<Arrival>& out) {
    if (is_cut(copy.from, copy.to) || loses(copy, packet->size())) return;
    if (happens(faults_.corrupt) || happens(hazards_.mangle)) {
        if (const Packet bad = damaged(packet)) put(now, arrival(now, copy), copy.to, bad, out);
    } else {
        put(now, arrival(now, copy), copy.to, packet, out);
    }
    encores(copy, packet, out);
}

// --- loss ----------------------------------------------------------------------------------------

bool AdversarialNetwork::is_nth(std::uint32_t kind) {
    if (hazards_.nth == 0 || kind != hazards_.nth_kind) return false;
    return ++of_kind_ % hazards_.nth == 0;
}

bool AdversarialNetwork::loses(const Copy& copy, std::size_t bytes) {
    if (happens(faults_.loss)) return true;
    if (copy.kind == faults_.kind && happens(faults_.kind_loss)) return true;
    const bool is_bad = copy.from == hazards_.bad_from && copy.to == hazards_.bad_to;
    if (is_bad && happens(hazards_.bad_loss)) return true;
    if (hazards_.burst_start != 0 && loses_in_burst(link(copy))) return true;
    return ailments_.loses(copy.from, copy.to, copy.multicast, bytes);
}

bool AdversarialNetwork::loses_in_burst(Link& link) {
    if (happens(link.bad ? hazards_.burst_end : hazards_.burst_start)) link.bad = !link.bad;
    return link.bad && happens(hazards_.burst_loss);
}

Packet AdversarialNetwork::damaged(const Packet& packet) {
    Packet bad = mangled(packet, last_packet_, prng_);
    return survives_checksum(bad, packet, config_hash_) ? bad : nullptr;
}

// --- time ----------------------------------------------------------------------------------------

Nanos AdversarialNetwork::up_to(Nanos most) {
    return Nanos{prng_.below(static_cast<std::uint64_t>(most.count()) + 1)};
}

Nanos AdversarialNetwork::delay() {
    if (happens(faults_.late)) {
        return faults_.delay_max + up_to(faults_.late_max - faults_.delay_max);
    }
    return faults_.delay_min + up_to(faults_.delay_max - faults_.delay_min);
}

Nanos AdversarialNetwork::lag(std::uint32_t kind) {
    using std::chrono::microseconds;
    if (kind == kData && hazards_.data_lag != 0) return up_to(microseconds{hazards_.data_lag});
    if (kind != kToken) return {};
    // Behind the point where everybody gave the token up: it must be refused then.
    if (happens(hazards_.token_veto)) return token_loss_ + up_to(token_loss_);
    return hazards_.token_lag == 0 ? Nanos{} : up_to(microseconds{hazards_.token_lag});
}

Instant AdversarialNetwork::arrival(Instant now, const Copy& copy) {
    Instant at = now + delay() + lag(copy.kind);
    at = std::max(at, ailments_.clogged_until(copy.from, copy.to));
    if (hazards_.in_order == 0 && hazards_.swap == 0) return at;
    return in_line(at, now, copy);
}

/// Behind the copy sent before it on the same lane of the link, or just before that one.
Instant AdversarialNetwork::in_line(Instant at, Instant now, const Copy& copy) {
    const std::size_t lane = lane_of(copy.kind);
    Instant& last = link(copy).last[lane];
    Instant& before = link(copy).before[lane];
    if (happens(hazards_.swap) && last - Nanos{1} > std::max(now, before)) {
        before = last - Nanos{1};
        return before;
    }
    if (hazards_.in_order != 0) at = std::max(at, last + Nanos{1});
    before = last;
    last = at;
    return at;
}

// --- arrival -------------------------------------------------------------------------------------

void AdversarialNetwork::put(Instant now, Instant at, std::uint32_t to, const Packet& packet,
                             std::vector<Arrival>& out) {
    if (hazards_.slow_ns != 0 && to < 32 && (hazards_.slow_hosts >> to & 1) != 0) {
        const Nanos cost{hazards_.slow_ns};
        const Nanos wait = busy_until_[to] - now;
        if (wait > cost * hazards_.slow_ring) return;  // no free descriptor
        busy_until_[to] = std::max(now, busy_until_[to]) + cost;
        at = std::max(at, busy_until_[to]);
    }
    out.push_back({to, at - now, packet});
}

void AdversarialNetwork::encores(const Copy& copy, const Packet& packet,
                                 std::vector<Arrival>& out) {
    if (happens(faults_.duplicate)) out.push_back({copy.to, delay(), packet});
    if (happens(hazards_.encore)) {
        const Nanos later = up_to(std::chrono::milliseconds{hazards_.encore_ms});
        out.push_back({copy.to, delay() + later, packet});
    }
    if (copy.kind != kToken) return;
    if (happens(hazards_.token_again)) {
        const Nanos rotation = faults_.delay_max * static_cast<int>(nodes());
        out.push_back({copy.to, delay() + rotation + up_to(2 * rotation), packet});
    }
    if (!tokens_.empty() && happens(hazards_.old_token)) {
        out.push_back({copy.to, delay(), tokens_[prng_.below(tokens_.size())]});
    }
}

/// Each token of the run is equally likely to be in the sample.
void AdversarialNetwork::remember(std::uint32_t kind, const Packet& packet) {
    last_packet_ = packet;
    if (kind != kToken || hazards_.old_token == 0) return;
    ++tokens_seen_;
    if (tokens_.size() < kTokensKept) {
        tokens_.push_back(packet);
    } else if (const std::uint64_t at = prng_.below(tokens_seen_); at < kTokensKept) {
        tokens_[at] = packet;
    }
}

/// To one of them, or to all.
void AdversarialNetwork::lie(const Packet& truth, std::vector<Arrival>& out) {
    forger_.overhear(truth);
    if (!happens(hazards_.forge)) return;
    const Packet lies = forger_.forge();
    if (!lies) return;
    const bool to_all = prng_.chance(300'000);
    const std::uint64_t only = prng_.below(nodes());
    for (std::uint32_t to = 0; to < nodes(); ++to) {
        if (to_all || to == only) out.push_back({to, delay(), lies});
    }
}

void AdversarialNetwork::calm() {
    const Nanos min = faults_.delay_min;
    const Nanos max = faults_.delay_max;
    faults_ = PacketFaults{};
    faults_.delay_min = min;
    faults_.delay_max = max;
    const std::uint32_t in_order = hazards_.in_order;
    hazards_ = LinkHazards{};
    hazards_.in_order = in_order;
    ailments_.cure();
}

}  // namespace torc::sim
