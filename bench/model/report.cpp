#include "bench/model/report.hpp"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace torc::model {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kBound =
    "R * n/(n-1) * payload bytes of a full frame / its bytes on the wire (performance-anchors.md "
    "1 and 1.2); table_gbit: the same for frames that are payload alone behind the headers";

constexpr std::array<const char*, kQuantiles.size()> kNames{
    "p50_us", "p75_us", "p90_us", "p95_us", "p99_us", "p99_9_us", "p99_99_us", "max_us"};

const char* name_of(Service service) { return service == Service::safe ? "safe" : "agreed"; }

const char* name_of(sim::TokenPriority priority) {
    switch (priority) {
        case sim::TokenPriority::never:
            return "never";
        case sim::TokenPriority::below_half:
            return "below-half";
        case sim::TokenPriority::always:
            return "always";
    }
    return "";
}

double us(Nanos time) { return static_cast<double>(time.count()) / 1000; }

/// Four digits behind the point: more would be noise in a file that is compared.
double rounded(double value) { return std::round(value * 10'000) / 10'000; }

Json json_of(const Cpu& cpu) {
    return {{"rx_frame_ns", cpu.rx_frame.count()},
            {"tx_frame_ns", cpu.tx_frame.count()},
            {"built_frame_ns", cpu.built_frame.count()},
            {"token_ns", cpu.token.count()},
            {"message_in_ns", cpu.messages.in.count()},
            {"message_out_ns", cpu.messages.out.count()},
            {"message_own_ns", cpu.messages.own.count()},
            {"client_in_ns", cpu.messages.client_in.count()},
            {"client_out_ns", cpu.messages.client_out.count()},
            {"client_own_ns", cpu.messages.client_own.count()}};
}

void add_estimate(Json& json, const Estimate& estimate) {
    json["stable"] = estimate.stable;
    json["standard_error_percent"] = rounded(estimate.error * 100);
    json["batches"] = estimate.batches;
}

Json json_of(const Latency& latency) {
    Json json{{"service", name_of(latency.service)}, {"load_percent", latency.load}};
    json["formed"] = latency.formed;
    json["payload_gbit"] = rounded(latency.gbit);
    for (std::size_t i = 0; i < kQuantiles.size(); ++i) json[kNames[i]] = us(latency.quantiles[i]);
    json["samples"] = latency.samples;
    json["unsent"] = latency.unsent;
    add_estimate(json, latency.p99);
    return json;
}

Json json_of(const Result& result) {
    const Cell& cell = result.cell;
    const Saturation& full = result.saturation;
    Json json{{"link_gbit", cell.gbit},     {"mtu", cell.mtu},
              {"nodes", cell.nodes},        {"payload_bytes", cell.payload},
              {"loss_ppm", cell.loss_ppm},  {"in_flight_frames", cell.in_flight},
              {"burst_frames", cell.burst}, {"cpu", cell.cpu.name}};
    json["formed"] = full.formed;
    json["payload_gbit"] = rounded(full.gbit.mean);
    json["bound_gbit"] = rounded(full.bound_gbit);
    json["share_of_bound"] = rounded(full.share());
    json["table_gbit"] = rounded(full.body_bound_gbit);
    json["share_of_table"] = rounded(full.gbit.mean / full.body_bound_gbit);
    json["messages_per_second"] =
        std::round(full.gbit.mean * 1e9 / 8 / static_cast<double>(cell.payload));
    json["frames_per_second"] = std::round(full.frames_per_second);
    json["messages_per_frame"] = rounded(full.messages_per_frame);
    json["cpu_busy"] = rounded(full.cpu_busy);
    json["client_cpu_busy"] = rounded(full.client_cpu_busy);
    json["rotation_us"] = us(full.rotation);
    json["window_frames"] = full.window;
    json["port_peak_bytes"] = full.port_peak;
    json["tail_drops"] = full.tail_drops;
    json["descriptor_drops"] = full.descriptor_drops;
    json["lost_frames"] = full.lost;
    json["sent_again"] = full.retransmissions;
    json["tokens_repeated"] = full.tokens_resent;
    json["measured_us"] = us(full.time);
    add_estimate(json, full.gbit);
    json["latency"] = Json::array();
    for (const Latency& latency : result.latencies) json["latency"].push_back(json_of(latency));
    return json;
}

}  // namespace

std::string json_of(const Setup& setup, const std::vector<Result>& results) {
    Json json{{"what", "Torc's core on a model of links, switch and CPUs, in virtual time"},
              {"bound", kBound}};
    const sim::PhysicalParameters parameters;
    json["assumptions"] = {{"adapter_ns", parameters.adapter.count()},
                           {"switch_ns", parameters.switching.count()},
                           {"port_bytes", setup.port_bytes},
                           {"rx_descriptors", setup.descriptors},
                           {"token_loss_us", us(setup.timers.token_loss)},
                           {"token_retransmit_us", us(setup.timers.token_retransmit)},
                           {"token_first", setup.token_first},
                           {"token_priority", name_of(setup.token_priority)},
                           {"in_flight", setup.adaptive ? "adaptive" : "fixed"},
                           {"settle_us", us(setup.settle)},
                           {"seed", setup.seed},
                           {"budget_frames", setup.budget}};
    for (const Result& result : results) {
        json["assumptions"]["cpu"][result.cell.cpu.name] = json_of(result.cell.cpu);
    }
    json["cells"] = Json::array();
    for (const Result& result : results) json["cells"].push_back(json_of(result));
    return json.dump(1) + "\n";
}

std::string text_of(const Result& result) {
    const Cell& cell = result.cell;
    const Saturation& full = result.saturation;
    std::string text =
        fmt::format("{:>3} Gbit/s MTU {} n={:<2} {:>5} B {} G={} B={}", cell.gbit, cell.mtu,
                    cell.nodes, cell.payload, cell.cpu.name, cell.in_flight, cell.burst);
    if (cell.loss_ppm != 0) text += fmt::format(" loss {} ppm", cell.loss_ppm);
    if (!full.formed) return text + ": the ring did not come\n";
    text += fmt::format(
        ": {:.2f} of {:.2f} Gbit/s, {:.1f} % (+-{:.2f}{}); window {}, rotation {:.0f} us, CPU "
        "{:.0f} %{}, port peak {} kB, lost {}+{}+{}, again {}\n",
        full.gbit.mean, full.bound_gbit, 100 * full.share(), 100 * full.gbit.error,
        full.gbit.stable ? "" : ", not stable", full.window, us(full.rotation), 100 * full.cpu_busy,
        cell.cpu.messages.has_client_core()
            ? fmt::format(" and {:.0f} %", 100 * full.client_cpu_busy)
            : "",
        full.port_peak / 1000, full.tail_drops, full.descriptor_drops, full.lost,
        full.retransmissions);
    for (const Latency& latency : result.latencies) {
        text += fmt::format("    {:<6} {:>3} %: p50 {:.1f} us, p99 {:.1f} us{}{}\n",
                            name_of(latency.service), latency.load, us(latency.quantiles[0]),
                            us(latency.quantiles[4]), latency.p99.stable ? "" : ", not stable",
                            latency.unsent == 0 ? "" : ", overloaded");
    }
    return text;
}

}  // namespace torc::model
