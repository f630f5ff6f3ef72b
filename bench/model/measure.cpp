// Measuring in batches of virtual time: a measurement ends when the standard error of the batches'
// mean is small enough, or when its budget of frames is used up. Both are the same on every
// machine.
#include <algorithm>
#include <cmath>

#include "bench/model/cell.hpp"
#include "bench/model/layout.hpp"
#include "telemetry/counters.hpp"

namespace torc::model {
namespace {

using namespace std::chrono_literals;
using sim::PhysicalCluster;
using telemetry::CounterId;

constexpr Nanos kFormsWithin = 2s;
constexpr std::uint32_t kIpUdpBytes = 20 + 8;
/// client_shm::PlaneOptions::records_per_pass.
constexpr std::uint32_t kRecordsPerPass = 64;
constexpr std::size_t kBatchesMin = 4;
/// Of the mean; half a per cent is what shares of a bound are told apart by.
constexpr double kRateError = 0.0025;
constexpr double kLatencyError = 0.02;
/// A batch of saturation has so many frames, so that what one visit sends says little.
constexpr std::uint64_t kFramesPerBatch = 1024;
/// A batch of latency has so many messages; each is heard by all nodes.
constexpr std::uint64_t kMessagesPerBatch = 1000;
/// Rotations that a batch has at least: what happens within one is not independent.
constexpr std::int64_t kSaturatedRotations = 3;
constexpr std::int64_t kLatencyRotations = 10;

sim::PhysicalOptions options_of(const Cell& cell, const Setup& setup) {
    sim::PhysicalOptions options = sim::physical_options(cell.nodes, setup.timers);
    options.parameters.gbit = cell.gbit;
    options.parameters.port_bytes = setup.port_bytes;
    options.parameters.rx_descriptors = setup.descriptors;
    options.parameters.rx_frame = cell.cpu.rx_frame;
    options.parameters.tx_frame = cell.cpu.tx_frame;
    options.parameters.token = cell.cpu.token;
    options.cluster.frame_bytes = cell.mtu - kIpUdpBytes;
    options.costs = cell.cpu.messages;
    const Layout layout = layout_of(cell.payload, options.cluster.frame_bytes);
    options.costs.in += cell.cpu.built_frame * static_cast<std::int64_t>(layout.frames) /
                        static_cast<std::int64_t>(layout.messages);
    options.cluster.in_flight_frames = cell.in_flight;
    options.cluster.burst_frames = cell.burst;
    if (setup.adaptive) options.cluster.in_flight = config::InFlight::adaptive;
    options.token_first = setup.token_first;
    options.token_priority = setup.token_priority;
    options.seed = setup.seed;
    options.payload = cell.payload;
    options.loss_ppm = cell.loss_ppm;
    options.records_a_pass = kRecordsPerPass;
    options.watched = false;
    return options;
}

bool form(PhysicalCluster& cluster) {
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) cluster.boot(i);
    const std::uint64_t all = ~std::uint64_t{0} >> (64 - cluster.hosts());
    return cluster.run_until([&] { return cluster.in_ring(all); }, kFormsWithin);
}

std::uint64_t bytes_delivered(const PhysicalCluster& cluster) {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) sum += cluster.host(i).bytes_delivered();
    return sum;
}

std::uint64_t counted(const PhysicalCluster& cluster, CounterId id) {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) sum += cluster.host(i).counters().get(id);
    return sum;
}

/// Payload at a node in 1e9 bit/s, mean of all nodes.
double gbit_of(std::uint64_t bytes, std::uint32_t nodes, Nanos time) {
    return static_cast<double>(bytes) * 8 / nodes / static_cast<double>(time.count());
}

Nanos rotation(const PhysicalCluster& cluster) {
    return cluster.host(0).engine().ring().last_rotation();
}

class Batches {
public:
    explicit Batches(double error_max) : error_max_(error_max) {}

    void add(double value) {
        ++count_;
        const double before = value - mean_;
        mean_ += before / static_cast<double>(count_);
        squares_ += before * (value - mean_);
    }
    Estimate estimate() const {
        const auto count = static_cast<double>(count_);
        const double error =
            count_ < 2 || mean_ == 0 ? 1 : std::sqrt(squares_ / (count - 1) / count) / mean_;
        return {mean_, error, count_ >= kBatchesMin && error <= error_max_, count_};
    }

private:
    double error_max_;
    std::size_t count_{0};
    double mean_{0};
    double squares_{0};  ///< of distances from the mean
};

// --- saturation --------------------------------------------------------------------------------

/// What a measurement begins with, to be taken off at its end.
struct Mark {
    explicit Mark(const PhysicalCluster& cluster)
        : at(cluster.now()),
          received(cluster.frames_received()),
          sent(cluster.data_frames()),
          tail_drops(cluster.tail_drops()),
          descriptor_drops(cluster.descriptor_drops()),
          lost(cluster.lost()),
          retransmissions(counted(cluster, CounterId::retransmissions_answered) +
                          counted(cluster, CounterId::nack_answered)),
          tokens_resent(counted(cluster, CounterId::token_resent)) {
        for (std::uint32_t i = 0; i < cluster.hosts(); ++i) {
            busy.push_back(cluster.busy(i));
            client_busy.push_back(cluster.client_busy(i));
        }
    }

    Instant at;
    std::uint64_t received, sent, tail_drops, descriptor_drops, lost, retransmissions,
        tokens_resent;
    std::vector<Nanos> busy, client_busy;
};

void take_off(const PhysicalCluster& cluster, const Mark& mark, std::uint64_t bytes,
              std::size_t payload, Saturation& result) {
    const Mark end(cluster);
    result.time = end.at - mark.at;
    const auto seconds = static_cast<double>(result.time.count()) / 1e9;
    const auto frames = static_cast<double>(end.sent - mark.sent);
    result.frames_per_second = frames / seconds;
    const std::size_t messages = bytes / payload / cluster.hosts();
    result.messages_per_frame = frames == 0 ? 0 : static_cast<double>(messages) / frames;
    result.rotation = rotation(cluster);
    result.tail_drops = end.tail_drops - mark.tail_drops;
    result.descriptor_drops = end.descriptor_drops - mark.descriptor_drops;
    result.lost = end.lost - mark.lost;
    result.retransmissions = end.retransmissions - mark.retransmissions;
    result.tokens_resent = end.tokens_resent - mark.tokens_resent;
    result.port_peak = cluster.port_peak();
    result.window = counted(cluster, CounterId::in_flight_window) / cluster.hosts();
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) {
        const auto busy = static_cast<double>((end.busy[i] - mark.busy[i]).count());
        result.cpu_busy = std::max(result.cpu_busy, busy / 1e9 / seconds);
        const auto client = static_cast<double>((end.client_busy[i] - mark.client_busy[i]).count());
        result.client_cpu_busy = std::max(result.client_cpu_busy, client / 1e9 / seconds);
    }
}

std::int64_t warm_up_frames(const Cell& cell) {
    constexpr std::int64_t kRotations = 8;
    const std::int64_t rotations = kRotations * std::int64_t{cell.nodes} * cell.burst;
    return std::min(rotations, 2 * std::int64_t{cell.in_flight});
}

/// Long enough for kFramesPerBatch frames at the rate of the warm-up, and for some rotations.
Nanos saturated_batch(const PhysicalCluster& cluster, Nanos warm_up, std::uint64_t frames) {
    const Nanos by_frames{static_cast<std::int64_t>(
        static_cast<double>(warm_up.count()) * static_cast<double>(kFramesPerBatch) /
        static_cast<double>(std::max<std::uint64_t>(1, frames)))};
    return std::max(by_frames, kSaturatedRotations * rotation(cluster));
}

Saturation saturate(const Cell& cell, const Setup& setup) {
    sim::PhysicalOptions options = options_of(cell, setup);
    options.saturate = true;
    PhysicalCluster cluster(options);
    Saturation result;
    const Layout layout = layout_of(cell.payload, options.cluster.frame_bytes);
    result.bound_gbit = bound_gbit(layout, cell.payload, cell.gbit, cell.nodes);
    result.body_bound_gbit = body_bound_gbit(options.cluster.frame_bytes, cell.gbit, cell.nodes);
    result.formed = form(cluster);
    if (!result.formed) return result;

    // A few rotations of full bursts fill all queues; as many again say how fast it goes.
    const Nanos warm_up =
        warm_up_frames(cell) * sim::wire_time(cell.gbit, options.cluster.frame_bytes);
    cluster.run_for(warm_up + setup.settle);
    const std::uint64_t before = cluster.data_frames();
    cluster.run_for(warm_up);
    const Nanos batch = saturated_batch(cluster, warm_up, cluster.data_frames() - before);

    cluster.forget_port_peak();
    const Mark begin(cluster);
    Batches batches(kRateError);
    std::uint64_t bytes = 0;
    do {
        cluster.forget_deliveries();
        cluster.run_for(batch);
        bytes += bytes_delivered(cluster);
        batches.add(gbit_of(bytes_delivered(cluster), cell.nodes, batch));
    } while (!batches.estimate().stable &&
             cluster.frames_received() - begin.received < setup.budget);
    result.gbit = batches.estimate();
    take_off(cluster, begin, bytes, cell.payload, result);
    return result;
}

// --- latency -----------------------------------------------------------------------------------

/// Moves the latencies of a batch to `all` and gives their p99.
Nanos take_samples(PhysicalCluster& cluster, std::vector<Nanos>& all) {
    const auto old = static_cast<std::ptrdiff_t>(all.size());
    for (std::uint32_t i = 0; i < cluster.hosts(); ++i) {
        const std::vector<Nanos>& some = cluster.host(i).latencies();
        all.insert(all.end(), some.begin(), some.end());
    }
    const std::vector<Nanos> batch(all.begin() + old, all.end());
    return sim::spread_of(batch).p99;
}

void fill_quantiles(std::vector<Nanos>& samples, Latency& result) {
    std::sort(samples.begin(), samples.end());
    result.samples = samples.size();
    if (samples.empty()) return;
    for (std::size_t i = 0; i < kQuantiles.size(); ++i) {
        const double place = static_cast<double>(samples.size() - 1) * kQuantiles[i];
        result.quantiles[i] = samples[static_cast<std::size_t>(place)];
    }
}

Latency latency_at(const Cell& cell, const Setup& setup, Service service, std::uint32_t load,
                   double saturation_gbit) {
    Latency result;
    result.service = service;
    result.load = load;
    const double bits_per_second = saturation_gbit * 1e9 * load / 100;
    const double message_ps = static_cast<double>(cell.payload) * 8 / bits_per_second * 1e12;
    sim::PhysicalOptions options = options_of(cell, setup);
    options.service = service;
    options.poisson_ps = static_cast<std::uint64_t>(message_ps * cell.nodes);
    PhysicalCluster cluster(options);
    result.formed = form(cluster);
    if (!result.formed) return result;

    cluster.set_sending(true);
    const Nanos by_messages{
        static_cast<std::int64_t>(message_ps / 1000 * static_cast<double>(kMessagesPerBatch))};
    cluster.run_for(by_messages + setup.settle);
    const Nanos batch = std::max(by_messages, kLatencyRotations * rotation(cluster));
    cluster.run_for(batch);

    const std::uint64_t begin = cluster.frames_received();
    Batches batches(kLatencyError);
    std::vector<Nanos> samples;
    std::uint64_t bytes = 0;
    do {
        cluster.forget_deliveries();
        cluster.run_for(batch);
        bytes += bytes_delivered(cluster);
        for (std::uint32_t i = 0; i < cluster.hosts(); ++i) {
            result.unsent += cluster.host(i).unsent();
        }
        batches.add(static_cast<double>(take_samples(cluster, samples).count()));
    } while (!batches.estimate().stable && cluster.frames_received() - begin < setup.budget);
    result.p99 = batches.estimate();
    result.gbit = gbit_of(bytes, cell.nodes, batch * static_cast<int>(result.p99.batches));
    fill_quantiles(samples, result);
    return result;
}

}  // namespace

Result measure(const Cell& cell, const Setup& setup) {
    Result result{cell, saturate(cell, setup), {}};
    if (!result.saturation.formed || result.saturation.gbit.mean <= 0) return result;
    for (const Service service : setup.services) {
        for (const std::uint32_t load : setup.loads) {
            result.latencies.push_back(
                latency_at(cell, setup, service, load, result.saturation.gbit.mean));
        }
    }
    return result;
}

}  // namespace torc::model
