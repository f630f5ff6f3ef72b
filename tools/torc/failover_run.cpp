#include "tools/torc/failover_run.hpp"

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/torc/clock.hpp"

namespace torc::tool {
namespace {

constexpr double kPatience = 30;  // for a view
constexpr double kForever = 1e6;  // the load runs until it is told to stop
constexpr double kSettleSeconds = 0.5;

void pause(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

double ms(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

}  // namespace

const char* name_of(Fault fault) {
    switch (fault) {
        case Fault::kill:
            return "kill";
        case Fault::stop:
            return "stop";
        case Fault::cut:
            return "cut";
        case Fault::heal:
            return "heal";
    }
    return "?";
}

double median_of(std::vector<double> samples) {
    if (samples.empty()) return 0;
    std::sort(samples.begin(), samples.end());
    const std::size_t middle = samples.size() / 2;
    return samples.size() % 2 == 1 ? samples[middle] : (samples[middle - 1] + samples[middle]) / 2;
}

FailoverRig::FailoverRig(const FailoverPlan& plan) : plan_(plan), cluster_(plan.cluster) {
    plan_.load.group = "watch";
    plan_.load.warm_up_seconds = 0;
    plan_.load.seconds = kForever;
    clients_.resize(plan_.cluster.nodes);
}

FailoverRig::~FailoverRig() {
    for (const auto& client : clients_) {
        if (client) client->give_up();
    }
}

// --- clients -------------------------------------------------------------------------------------

/// Every life of a client is a sender of its own: its counters begin anew. One that only waits must
/// not end for lack of senders, so it waits for the end marker of one that never comes.
void FailoverRig::start_client(std::size_t node) {
    Target target = cluster_.target(node);
    target.spin_ns = -1;
    const int sender = plan_.loaded ? senders_so_far_++ : -1;
    clients_[node] = std::make_unique<LoadClient>(target, plan_.load, sender, 1u << 30);
}

void FailoverRig::start_clients() {
    cluster_.start();
    for (const std::size_t node : everyone()) start_client(node);
    for (const auto& client : clients_) client->wait_for_members(clients_.size());
    for (const auto& client : clients_) client->start();
    pause(kSettleSeconds);
}

std::vector<std::size_t> FailoverRig::all_but(std::size_t victim) const {
    std::vector<std::size_t> nodes;
    for (std::size_t node = 0; node < clients_.size(); ++node) {
        if (node != victim) nodes.push_back(node);
    }
    return nodes;
}

// --- waiting and measuring -----------------------------------------------------------------------

/// Some quiet time of no round length; a view that comes in it was asked for by nobody.
void FailoverRig::settle(FailoverResult& result) {
    pause(kSettleSeconds / 2);
    std::uint64_t before = 0;
    for (const auto& client : clients_) before += client->views();
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    pause(kSettleSeconds / 2 + static_cast<double>(random_ >> 40) / (1 << 24) * 0.2);
    std::uint64_t after = 0;
    for (const auto& client : clients_) after += client->views();
    result.unexpected_views += after - before;
    for (const auto& client : clients_) client->take_silence_ns();
}

/// Milliseconds from `since` until the last of these clients got the view with so many members.
double FailoverRig::await(std::int64_t since, std::size_t members,
                          const std::vector<std::size_t>& nodes) {
    const auto limit = since + static_cast<std::int64_t>(kPatience * 1e9);
    std::int64_t last = since;
    for (const std::size_t node : nodes) {
        while (clients_[node]->members() != members) {
            if (clients_[node]->failed()) {
                throw std::runtime_error(fmt::format("the client of n{}: {}\n{}", node,
                                                     clients_[node]->finish().error,
                                                     cluster_.obituaries()));
            }
            if (monotonic_ns() > limit) {
                throw std::runtime_error(fmt::format(
                    "the client of n{} has a view of {} members and waited {} s for "
                    "one of {}\n{}",
                    node, clients_[node]->members(), kPatience, members, cluster_.obituaries()));
            }
            pause(0.002);
        }
        last = std::max(last, clients_[node]->view_at_ns());
    }
    return ms(last - since);
}

/// A link that breaks soon after it came back is one that flaps, and its daemons wait longer each
/// time before they invite each other (membership/back_off.hpp). These cuts are of good links.
void FailoverRig::outlive_back_off() const {
    constexpr double kTokenLosses = 40;  // 32 of the back-off, and those of the first wait
    const auto status = cluster_.status(0);
    if (status) pause(kTokenLosses * static_cast<double>(status->counters.at("token_loss")) / 1e9);
}

/// The first message after the change must have come, else there is no silence to speak of yet.
double FailoverRig::silence_of(const std::vector<std::size_t>& nodes) {
    std::int64_t longest = 0;
    for (const std::size_t node : nodes) {
        const std::uint64_t before = clients_[node]->received();
        const std::int64_t limit = monotonic_ns() + 5'000'000'000;
        while (clients_[node]->received() == before && monotonic_ns() < limit) pause(0.001);
        longest = std::max(longest, clients_[node]->take_silence_ns());
    }
    return ms(longest);
}

// --- faults --------------------------------------------------------------------------------------

void FailoverRig::end(Fault fault, std::size_t victim, FaultSamples& samples) {
    const std::vector<std::size_t> survivors = all_but(victim);
    const std::int64_t since = monotonic_ns();
    cluster_.daemon(victim).signal(fault == Fault::kill ? SIGKILL : SIGTERM);
    samples.view_ms.push_back(await(since, survivors.size(), survivors));
    if (plan_.loaded) samples.silence_ms.push_back(silence_of(survivors));
    if (fault == Fault::kill) {
        cluster_.kill_daemon(victim);  // reaps it
    } else if (!cluster_.stop_daemon(victim)) {
        throw std::runtime_error("SIGTERM did not end a daemon");
    }
    restore(victim);
}

void FailoverRig::restore(std::size_t victim) {
    clients_[victim]->give_up();
    clients_[victim].reset();
    cluster_.start_daemon(victim);
    if (!cluster_.wait_for_ring(plan_.cluster.nodes, kPatience)) {
        throw std::runtime_error("the restarted daemon did not merge");
    }
    start_client(victim);
    clients_[victim]->wait_for_members(clients_.size());
    clients_[victim]->start();
    await(monotonic_ns(), clients_.size(), everyone());
}

void FailoverRig::cut_and_heal(std::size_t victim, FailoverResult& result, FaultSamples& cut,
                               FaultSamples& heal) {
    const std::int64_t cut_at = monotonic_ns();
    cluster_.unplug(victim);
    const double alone = await(cut_at, 1, {victim});
    cut.view_ms.push_back(std::max(alone, await(cut_at, clients_.size() - 1, all_but(victim))));
    if (plan_.loaded) cut.silence_ms.push_back(silence_of(everyone()));
    settle(result);
    const std::int64_t healed_at = monotonic_ns();
    cluster_.plug(victim);
    heal.view_ms.push_back(await(healed_at, clients_.size(), everyone()));
    if (plan_.loaded) heal.silence_ms.push_back(silence_of(everyone()));
}

FailoverResult FailoverRig::run(const std::vector<Fault>& faults) {
    FailoverResult result;
    start_clients();
    for (const Fault fault : faults) {
        FaultSamples samples{fault, {}, {}};
        FaultSamples cut{Fault::cut, {}, {}};
        for (std::size_t i = 0; i < plan_.runs; ++i) {
            const std::size_t victim = (clients_.size() - 1 + i) % clients_.size();
            if (fault == Fault::heal && i > 0) outlive_back_off();
            settle(result);
            if (fault == Fault::heal) {
                cut_and_heal(victim, result, cut, samples);
            } else {
                end(fault, victim, samples);
            }
        }
        if (fault == Fault::heal) result.faults.push_back(cut);
        result.faults.push_back(samples);
    }
    result.poll_gap_ms = poll_gaps();
    return result;
}

// --- no fault at all -----------------------------------------------------------------------------

SoakResult FailoverRig::soak(double seconds) {
    start_clients();
    SoakResult result;
    const std::uint64_t rings = sum_of("configurations");
    const std::uint64_t lost = sum_of("entered_token_lost");
    std::vector<std::uint64_t> views;
    std::vector<std::uint64_t> received;
    for (const auto& client : clients_) {
        views.push_back(client->views());
        received.push_back(client->received());
        client->take_silence_ns();
    }
    const std::int64_t from = monotonic_ns();
    while (static_cast<double>(monotonic_ns() - from) < seconds * 1e9) {
        pause(std::min(seconds, 1.0));
        if (!cluster_.obituaries().empty()) break;
    }
    result.seconds = static_cast<double>(monotonic_ns() - from) / 1e9;
    result.messages = ~std::uint64_t{0};
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        result.messages = std::min(result.messages, clients_[i]->received() - received[i]);
        result.unexpected_views += clients_[i]->views() - views[i];
        result.silence_ms = std::max(result.silence_ms, ms(clients_[i]->take_silence_ns()));
    }
    pause(0.1);  // the counters file is written every few hundredths of a second
    result.ring_changes = sum_of("configurations") - rings;
    result.tokens_lost = sum_of("entered_token_lost") - lost;
    result.poll_gap_ms = poll_gaps();
    for (const auto& client : clients_) client->give_up();
    for (const auto& client : clients_) {
        const ClientReport report = client->finish();
        if (!report.error.empty()) result.errors.push_back(report.name + ": " + report.error);
    }
    const std::string dead = cluster_.obituaries();
    if (!dead.empty()) result.errors.push_back(dead);
    return result;
}

std::vector<double> FailoverRig::poll_gaps() const {
    std::vector<double> gaps;
    for (std::size_t node = 0; node < clients_.size(); ++node) {
        const auto status = cluster_.status(node);
        gaps.push_back(status ? ms(static_cast<std::int64_t>(status->counters.at("poll_gap_peak")))
                              : 0);
    }
    return gaps;
}

std::uint64_t FailoverRig::sum_of(const std::string& counter) const {
    std::uint64_t sum = 0;
    for (std::size_t node = 0; node < clients_.size(); ++node) {
        if (const auto status = cluster_.status(node)) sum += status->counters.at(counter);
    }
    return sum;
}

// --- for programs --------------------------------------------------------------------------------

namespace {

nlohmann::json head_of(const FailoverPlan& plan) {
    return {{"port", name_of(plan.cluster.layout)},
            {"nodes", plan.cluster.nodes},
            {"settings", plan.cluster.settings},
            {"load", plan.loaded ? "full" : "idle"},
            {"payload_bytes", plan.load.payload_bytes},
            {"window", plan.load.window},
            {"messages_per_second", plan.load.messages_per_second}};
}

}  // namespace

nlohmann::json to_json(const FailoverPlan& plan, const FailoverResult& result) {
    nlohmann::json list = nlohmann::json::array();
    for (const FaultSamples& samples : result.faults) {
        nlohmann::json json = head_of(plan);
        json["fault"] = name_of(samples.fault);
        json["view_ms"] = samples.view_ms;
        json["view_median_ms"] = median_of(samples.view_ms);
        json["view_max_ms"] = *std::max_element(samples.view_ms.begin(), samples.view_ms.end());
        json["silence_ms"] = samples.silence_ms;
        json["silence_median_ms"] = median_of(samples.silence_ms);
        json["unexpected_views"] = result.unexpected_views;
        json["poll_gap_ms"] = result.poll_gap_ms;
        list.push_back(json);
    }
    return list;
}

nlohmann::json to_json(const FailoverPlan& plan, const SoakResult& result) {
    nlohmann::json json = head_of(plan);
    json["fault"] = "none";
    json["seconds"] = result.seconds;
    json["messages"] = result.messages;
    json["ring_changes"] = result.ring_changes;
    json["tokens_lost"] = result.tokens_lost;
    json["unexpected_views"] = result.unexpected_views;
    json["poll_gap_ms"] = result.poll_gap_ms;
    json["silence_ms"] = result.silence_ms;
    json["errors"] = result.errors;
    return json;
}

}  // namespace torc::tool
