#include "tests/chaos/injector.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace torc::chaos {
namespace {

constexpr double kStopPatience = 20;  ///< s; the daemon's own limit is 5, the machine is shared
constexpr std::uint32_t kThisSwitch = 0;
constexpr std::uint32_t kOtherSwitch = 1;
constexpr std::uint32_t kNowhere = 2;

std::string node_name(std::uint32_t node) { return "n" + std::to_string(node); }

/// A second switch in the same namespace, for the daemons on the other side of a split.
std::unique_ptr<tool::BridgePorts> make_other_switch(const tool::LocalCluster& cluster) {
    const std::string space = cluster.switch_space();
    std::vector<std::string> ip{"ip"};
    if (!space.empty()) ip.insert(ip.end(), {"-n", space});
    const auto run = [&](std::vector<std::string> words) {
        words.insert(words.begin(), ip.begin(), ip.end());
        if (tool::run_program(words) != 0) throw std::runtime_error("no second switch");
    };
    run({"link", "add", "torcbr1", "type", "bridge", "stp_state", "0", "forward_delay", "0",
         "mcast_snooping", "0"});
    run({"link", "set", "torcbr1", "up"});
    std::vector<std::string> ports;
    for (std::size_t i = 0; i < cluster.size(); ++i) ports.push_back("torcp" + std::to_string(i));
    return std::make_unique<tool::BridgePorts>(space, "torcbr1", ports);
}

std::string tail_of(const std::string& path) {
    constexpr std::size_t kTail = 3000;
    std::ifstream file(path);
    const std::string all{std::istreambuf_iterator<char>(file), {}};
    return all.size() > kTail ? all.substr(all.size() - kTail) : all;
}

}  // namespace

Injector::Injector(tool::LocalCluster& cluster, const dataplane::LossyRates& base,
                   std::function<void(const std::string&)> say,
                   std::function<void(std::uint32_t client, bool up)> client)
    : cluster_(cluster),
      base_(base),
      say_(std::move(say)),
      client_(std::move(client)),
      daemons_(cluster.size(), Daemon::up),
      boots_(cluster.size(), 1),
      places_(cluster.size(), kThisSwitch) {
    if (cluster.has_cables()) other_switch_ = make_other_switch(cluster);
}

void Injector::step(const std::vector<Fault>& schedule, Millis now) {
    now_ = now;
    look_for_crashes();
    for (std::size_t i = 0; i < active_.size();) {
        if (active_[i].fault.at + active_[i].fault.lasts > now) {
            ++i;
            continue;
        }
        const Active over = active_[i];
        active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(i));
        end(over);
    }
    while (next_ < schedule.size() && schedule[next_].at <= now) begin(schedule[next_++], now);
    reconcile();
}

void Injector::begin(const Fault& fault, Millis now) {
    const bool is_of_process = fault.kind <= FaultKind::pause;
    if (is_of_process && daemons_[fault.node] != Daemon::up) return;  // it is down already
    const bool is_dead = std::any_of(active_.begin(), active_.end(), [&](const Active& active) {
        return active.fault.kind == FaultKind::kill_client && active.fault.client == fault.client;
    });
    if (fault.kind == FaultKind::kill_client && is_dead) return;
    ++begun_[static_cast<std::size_t>(fault.kind)];
    say_("begin " + text_of(fault));
    active_.push_back({fault, boots_[fault.node]});
    active_.back().fault.at = now;  // so that it lasts as long as it should, even if it is late
    switch (fault.kind) {
        case FaultKind::kill:
            daemons_[fault.node] = Daemon::killed;
            cluster_.kill_daemon(fault.node);
            return;
        case FaultKind::stop:
            daemons_[fault.node] = Daemon::stopping;
            cluster_.daemon(fault.node).signal(SIGTERM);
            return;
        case FaultKind::pause:
            cluster_.daemon(fault.node).signal(SIGSTOP);
            return;
        case FaultKind::kill_client:
            client_(fault.client, false);
            return;
        case FaultKind::split:
        case FaultKind::unplug:
        case FaultKind::flap:
        case FaultKind::deaf:
        case FaultKind::strangers:
        case FaultKind::majority_ring:
        case FaultKind::storm:
            return;
    }
}

void Injector::end(const Active& active) {
    const std::uint32_t node = active.fault.node;
    say_("end   " + text_of(active.fault));
    if (active.fault.kind == FaultKind::kill_client) client_(active.fault.client, true);
    if (active.fault.kind == FaultKind::kill || active.fault.kind == FaultKind::stop) boot(node);
    if (active.fault.kind == FaultKind::pause && active.boot == boots_[node] &&
        daemons_[node] != Daemon::killed) {
        cluster_.daemon(node).signal(SIGCONT);
    }
}

void Injector::boot(std::uint32_t node) {
    if (daemons_[node] == Daemon::stopping) {
        tool::Process& process = cluster_.daemon(node);
        // Ended in good order, or not in time: cut off or paused, it cannot tell the others.
        process.signal(SIGCONT);
        if (!process.wait(kStopPatience)) {
            crashes_ +=
                node_name(node) + " did not end after SIGTERM\n" + tail_of(cluster_.log_of(node));
            process.signal(SIGKILL);
            process.wait(kStopPatience);
        } else if (process.exit_status() > 1) {
            crashes_ += node_name(node) + " ended with " + std::to_string(process.exit_status()) +
                        " after SIGTERM\n" + tail_of(cluster_.log_of(node));
        }
    }
    cluster_.start_daemon(node);
    daemons_[node] = Daemon::up;
    ++boots_[node];
}

/// A daemon that crashed stays down: what follows would hide it.
void Injector::look_for_crashes() {
    for (std::uint32_t node = 0; node < daemons_.size(); ++node) {
        if (daemons_[node] != Daemon::up || cluster_.daemon(node).running()) continue;
        crashes_ += node_name(node) + " ended by itself with " +
                    std::to_string(cluster_.daemon(node).exit_status()) + "\n" +
                    tail_of(cluster_.log_of(node));
        daemons_[node] = Daemon::killed;
    }
}

void Injector::heal() {
    say_("heal");
    base_ = {};
    std::vector<Active> active = std::move(active_);
    active_.clear();
    for (const Active& each : active) end(each);
    look_for_crashes();
    reconcile();
}

void Injector::reconcile() {
    if (other_switch_) reconcile_cables();
    reconcile_rates();
}

std::uint32_t Injector::place_of(std::uint32_t node) const {
    std::uint32_t place = kThisSwitch;
    for (const Active& active : active_) {
        const Fault& fault = active.fault;
        const bool is_mine = fault.node == node;
        if (fault.kind == FaultKind::split && (fault.others >> node & 1) != 0) place = kOtherSwitch;
        if (fault.kind == FaultKind::unplug && is_mine) return kNowhere;
        if (fault.kind == FaultKind::flap && is_mine && (now_ - fault.at) / fault.period % 2 == 0) {
            return kNowhere;
        }
    }
    return place;
}

void Injector::reconcile_cables() {
    for (std::uint32_t node = 0; node < places_.size(); ++node) {
        const std::uint32_t wanted = place_of(node);
        if (std::exchange(places_[node], wanted) == wanted) continue;
        if (wanted == kNowhere) cluster_.unplug(node);
        if (wanted == kThisSwitch) cluster_.plug(node);
        if (wanted == kOtherSwitch) other_switch_->plug(node);
    }
}

bool Injector::is_storm() const {
    return std::any_of(active_.begin(), active_.end(),
                       [](const Active& active) { return active.fault.kind == FaultKind::storm; });
}

dataplane::LossyRates Injector::wanted_rates(std::uint32_t node) const {
    dataplane::LossyRates rates = base_;
    if (is_storm()) {
        rates.loss_ppm = 100'000;
        rates.duplicate_ppm = 50'000;
        rates.delay_ppm = 100'000;
        rates.delay_ns = 5'000'000;
    }
    const auto nodes = static_cast<std::uint32_t>(daemons_.size());
    const auto deaf = [&](std::uint32_t to) {
        rates.set_deaf_to(NodeIndex{static_cast<std::uint16_t>(to)}, true);
    };
    for (const Active& active : active_) {
        const Fault& fault = active.fault;
        for (std::uint32_t other = 0; other < nodes; ++other) {
            const bool is_named = (fault.others >> other & 1) != 0;
            if (fault.kind == FaultKind::deaf && node == fault.node && is_named) deaf(other);
            if (fault.kind == FaultKind::strangers) {
                if (node == fault.node && is_named) deaf(other);
                if ((fault.others >> node & 1) != 0 && other == fault.node) deaf(other);
            }
            const std::uint32_t distance = (other + nodes - node) % nodes;
            if (fault.kind == FaultKind::majority_ring && distance > 1 && distance + 1 < nodes) {
                deaf(other);
            }
        }
    }
    return rates;
}

/// A daemon that is starting has no page yet, or its last boot's: it is told at a later step.
void Injector::reconcile_rates() {
    for (std::uint32_t node = 0; node < daemons_.size(); ++node) {
        if (daemons_[node] != Daemon::up) continue;
        const std::string path = dataplane::lossy_path(cluster_.folder(), node_name(node));
        const dataplane::LossyRates wanted = wanted_rates(node);
        const auto present = dataplane::read_rates(path);
        if (present && !(*present == wanted)) (void)dataplane::write_rates(path, wanted);
    }
}

}  // namespace torc::chaos
