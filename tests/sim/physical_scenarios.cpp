#include "tests/sim/physical_scenarios.hpp"

#include <algorithm>

namespace torc::sim {
namespace {

using namespace std::chrono_literals;

constexpr Nanos kFormsWithin = 2s;
/// Of many daemons that were apart, with the timers of `lan`.
constexpr Nanos kAgreeWithin = 30s;

/// Bitmap of the nodes below `count`, which is 1 to 64.
std::uint64_t first_of(std::uint32_t count) { return ~std::uint64_t{0} >> (64 - count); }

void boot_together(PhysicalCluster& cluster, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
        cluster.boot(i);
        cluster.run_for(Nanos{cluster.prng().below(20'000)});
    }
}

bool ring_of(PhysicalCluster& cluster, std::uint64_t members) {
    return cluster.run_until([&] { return cluster.in_ring(members); }, kFormsWithin);
}

/// Who is the subject of a change, and who lives through it.
struct Cast {
    std::uint32_t victim{0};
    std::uint64_t before{0};  ///< members whose delivery is interrupted
    std::uint64_t after{0};   ///< the ring that must come
};

std::optional<Cast> prepare(PhysicalCluster& cluster, Change change) {
    const std::uint32_t nodes = cluster.hosts();
    const std::uint64_t all = first_of(nodes);
    Cast cast{static_cast<std::uint32_t>(cluster.prng().below(nodes)), all, all};
    if (change == Change::join) {
        cast.victim = nodes - 1;
        cast.before = first_of(nodes - 1);
        boot_together(cluster, nodes - 1);
        return ring_of(cluster, cast.before) ? std::optional(cast) : std::nullopt;
    }
    if (change == Change::merge) {
        const std::uint64_t half = first_of(nodes / 2);
        cluster.split(half);
        boot_together(cluster, nodes);
        const bool both = ring_of(cluster, half) && ring_of(cluster, all & ~half);
        return both ? std::optional(cast) : std::nullopt;
    }
    cast.before = cast.after = all & ~(std::uint64_t{1} << cast.victim);
    boot_together(cluster, nodes);
    return ring_of(cluster, all) ? std::optional(cast) : std::nullopt;
}

void strike(PhysicalCluster& cluster, Change change, const Cast& cast) {
    switch (change) {
        case Change::crash:
            return cluster.crash(cast.victim);
        case Change::leave:
            return cluster.leave(cast.victim);
        case Change::merge:
            return cluster.heal();
        case Change::join:
            return cluster.boot(cast.victim);
    }
}

bool delivers(const PhysicalCluster& cluster, std::uint64_t members) {
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) {
        if ((members >> i & 1) != 0 && cluster.host(i).stays().back().first == kNever) return false;
    }
    return true;
}

double gbit_of(const PhysicalHost& host, Nanos time) {
    return static_cast<double>(host.bytes_delivered()) * 8 / static_cast<double>(time.count());
}

/// Memberships of the population that the daemons of `members` have, with one each for sending.
std::size_t memberships_of(const PhysicalCluster& cluster, const Population& population,
                           std::uint64_t members) {
    std::size_t count = 0;
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) {
        if ((members >> i & 1) != 0) count += 1 + population.joins_of(i);
    }
    return count;
}

/// Whether all of `members` have the same directory, with so many memberships.
bool agree(const PhysicalCluster& cluster, std::uint64_t members, std::size_t memberships) {
    std::optional<std::uint64_t> digest;
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) {
        if ((members >> i & 1) == 0) continue;
        const groups::Groups& groups = cluster.host(i).engine().groups();
        if (groups.merging() || groups.directory().membership_count() != memberships) return false;
        if (digest.value_or(groups.directory().digest()) != groups.directory().digest()) {
            return false;
        }
        digest = groups.directory().digest();
    }
    return true;
}

}  // namespace

std::optional<Interruption> interrupt(const PhysicalOptions& options, Change change) {
    PhysicalCluster cluster(options);
    const std::optional<Cast> cast = prepare(cluster, change);
    if (!cast) return std::nullopt;
    cluster.set_sending(true);
    cluster.run_for(2ms + Nanos{cluster.prng().below(1'000'000)});

    std::vector<std::size_t> stay_before;
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) {
        stay_before.push_back(cluster.host(i).stays().size());
    }
    const Instant event = cluster.now();
    strike(cluster, change, *cast);
    const bool came = cluster.run_until(
        [&] { return cluster.in_ring(cast->after) && delivers(cluster, cast->after); },
        kFormsWithin);
    if (!came) return std::nullopt;

    Interruption worst;
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) {
        if ((cast->before >> i & 1) == 0) continue;
        const std::vector<Stay>& stays = cluster.host(i).stays();
        const Stay& before = stays[stay_before[i] - 1];
        const Stay& after = stays.back();
        worst.delivery = std::max(worst.delivery, after.first - before.last);
        worst.view = std::max(worst.view, after.installed - event);
    }
    return worst;
}

std::optional<Scale> scale(const PhysicalOptions& options) {
    PhysicalCluster cluster(options);
    const std::uint64_t all = first_of(cluster.hosts());
    const std::uint64_t half = first_of(cluster.hosts() / 2);
    const auto come_together = [&](std::uint64_t members) {
        return cluster.run_until([&] { return cluster.in_ring(members); }, kAgreeWithin);
    };
    const auto come_to_agree = [&](std::uint64_t members) {
        const std::size_t memberships = memberships_of(cluster, options.population, members);
        return cluster.run_until([&] { return agree(cluster, members, memberships); },
                                 kAgreeWithin);
    };
    boot_together(cluster, cluster.hosts());
    if (!come_together(all)) return std::nullopt;
    Scale result;
    const Instant begin = cluster.now();
    if (!come_to_agree(all)) return std::nullopt;
    result.joining = cluster.now() - begin;
    result.groups = cluster.host(0).engine().groups().directory().group_count();
    result.memberships = cluster.host(0).engine().groups().directory().membership_count();

    cluster.split(half);
    if (!come_together(half) || !come_together(all & ~half)) return std::nullopt;
    if (!come_to_agree(half) || !come_to_agree(all & ~half)) return std::nullopt;
    cluster.heal();
    if (!come_together(all)) return std::nullopt;
    const Instant installed = cluster.now();
    result.sync_frames = cluster.data_frames();
    result.sync_bytes = cluster.data_bytes();
    if (!come_to_agree(all)) return std::nullopt;
    result.merging = cluster.now() - installed;
    result.sync_frames = cluster.data_frames() - result.sync_frames;
    result.sync_bytes = cluster.data_bytes() - result.sync_bytes;
    return result;
}

Throughput saturate(const PhysicalOptions& options, Nanos time) {
    PhysicalOptions full = options;
    full.saturate = true;
    PhysicalCluster cluster(full);
    boot_together(cluster, cluster.hosts());
    Throughput result;
    if (!ring_of(cluster, first_of(cluster.hosts()))) return result;
    cluster.run_for(time / 4);
    cluster.forget_deliveries();
    cluster.run_for(time);
    result.gbit = gbit_of(cluster.host(0), time);
    result.rotation = cluster.host(0).engine().ring().last_rotation();
    result.tail_drops = cluster.tail_drops();
    result.descriptor_drops = cluster.descriptor_drops();
    result.port_peak = cluster.port_peak();
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) {
        const telemetry::CounterSet& counters = cluster.host(i).counters();
        result.retransmissions += counters.get(telemetry::CounterId::retransmissions_answered) +
                                  counters.get(telemetry::CounterId::nack_answered);
    }
    return result;
}

Spread spread_of(std::vector<Nanos> samples) {
    if (samples.empty()) return {};
    std::sort(samples.begin(), samples.end());
    const auto at = [&](std::size_t per_mille) {
        return samples[(samples.size() - 1) * per_mille / 1000];
    };
    return {at(500), at(990), samples.back()};
}

Latency latency(const PhysicalOptions& options, Nanos time) {
    PhysicalCluster cluster(options);
    boot_together(cluster, cluster.hosts());
    Latency result;
    if (!ring_of(cluster, first_of(cluster.hosts()))) return result;
    cluster.set_sending(true);
    cluster.run_for(time / 4);
    cluster.forget_deliveries();
    cluster.run_for(time);
    std::vector<Nanos> samples;
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) {
        const std::vector<Nanos>& some = cluster.host(i).latencies();
        samples.insert(samples.end(), some.begin(), some.end());
    }
    result.spread = spread_of(std::move(samples));
    result.gbit = gbit_of(cluster.host(0), time);
    return result;
}

}  // namespace torc::sim
