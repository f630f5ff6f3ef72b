// torc failover: what the death, the orderly stop and the return of a daemon cost the clients of
// the others, for each port, idle and under full load; and whether full load alone ever changes
// the ring. Prints a table; `--json FILE` writes the same with every sample.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/torc/command.hpp"
#include "tools/torc/failover_run.hpp"
#include "tools/torc/machine.hpp"

namespace torc::tool {
namespace {

class Failover : public Command {
public:
    void declare(CLI::App& program) override {
        app_ = program.add_subcommand("failover",
                                      "measure what a daemon's death, stop or return costs");
        app_->add_option("--cluster", layouts_, "own clusters to measure, as for bench")
            ->delimiter(',')
            ->capture_default_str();
        app_->add_option("--nodes", nodes_, "daemons")->check(CLI::Range(2, 8));
        app_->add_option("--profile", profiles_, "timer profiles")
            ->delimiter(',')
            ->capture_default_str();
        app_->add_option("--set", settings_, "setting for the daemons, section.key=value")
            ->allow_extra_args(false);
        app_->add_option("--torcd", torcd_, "path of the daemon");
        app_->add_option("--faults", faults_, "kill, stop, heal (which cuts first)")
            ->delimiter(',')
            ->capture_default_str();
        app_->add_option("--load", loads_, "full, idle")->delimiter(',')->capture_default_str();
        app_->add_option("--runs", runs_, "times of each")->check(CLI::Range(1, 1000));
        app_->add_option("--bytes", load_.payload_bytes, "payload of each message");
        app_->add_option("--window", load_.window, "own messages under way at most");
        app_->add_option("--rate", load_.messages_per_second,
                         "messages/s of each client instead of a flood");
        app_->add_option("--soak", soak_seconds_,
                         "no faults: full load for so many seconds; fails if the ring changes");
        app_->add_option("--json", json_, "write all samples to this file");
    }

    int run() override {
        if (std::count(layouts_.begin(), layouts_.end(), "af_packet") != 0 &&
            !in_private_network()) {
            enter_private_network();
        }
        const bool soaking = soak_seconds_ > 0;
        fmt::print("{}\n", soaking ? soak_head() : fault_head());
        for (const std::string& layout : layouts_) {
            for (const std::string& profile : profiles_) {
                if (soaking) {
                    soak(layout, profile);
                    continue;
                }
                for (const std::string& load : loads_) measure(layout, profile, load);
            }
        }
        if (!json_.empty()) write_json();
        return good_ ? EXIT_SUCCESS : EXIT_FAILURE;
    }

private:
    FailoverPlan plan_for(const std::string& layout, const std::string& profile,
                          const std::string& load) const {
        FailoverPlan plan;
        plan.cluster.layout = layout_named(layout);
        plan.cluster.nodes = nodes_;
        plan.cluster.torcd = torcd_;
        plan.cluster.settings = {"daemon.session_ring_bytes=64MiB",
                                 "cluster.timers.profile=" + profile};
        plan.cluster.settings.insert(plan.cluster.settings.end(), settings_.begin(),
                                     settings_.end());
        plan.load = load_;
        plan.runs = runs_;
        if (load != "full" && load != "idle") throw std::runtime_error("no load '" + load + "'");
        plan.loaded = load == "full";
        return plan;
    }

    std::vector<Fault> faults_for(const FailoverPlan& plan) const {
        static const std::map<std::string, Fault> kKnown{
            {"kill", Fault::kill}, {"stop", Fault::stop}, {"heal", Fault::heal}};
        const bool has_cables =
            plan.cluster.layout != Layout::vhost && plan.cluster.layout != Layout::udp;
        std::vector<Fault> faults;
        for (const std::string& name : faults_) {
            const auto found = kKnown.find(name);
            if (found == kKnown.end()) throw std::runtime_error("no fault '" + name + "'");
            if (found->second != Fault::heal || has_cables) faults.push_back(found->second);
        }
        return faults;
    }

    void measure(const std::string& layout, const std::string& profile, const std::string& load) {
        const FailoverPlan plan = plan_for(layout, profile, load);
        const FailoverResult result = FailoverRig(plan).run(faults_for(plan));
        for (const FaultSamples& samples : result.faults) {
            fmt::print("{}\n", fault_row(layout, profile, load, samples, result));
        }
        std::fflush(stdout);
        for (nlohmann::json& cell : to_json(plan, result)) {
            cell["profile"] = profile;
            cells_.push_back(cell);
        }
    }

    void soak(const std::string& layout, const std::string& profile) {
        const FailoverPlan plan = plan_for(layout, profile, "full");
        const SoakResult result = FailoverRig(plan).soak(soak_seconds_);
        fmt::print("{}\n", soak_row(layout, profile, result));
        for (const std::string& error : result.errors) fmt::print("  {}\n", error);
        std::fflush(stdout);
        good_ = good_ && result.clean();
        cells_.push_back(to_json(plan, result));
        cells_.back()["profile"] = profile;
    }

    static std::string fault_head() {
        return fmt::format(
            "{:<16} {:<11} {:<5} {:<5} {:>4} {:>10} {:>8} {:>8} {:>11} {:>11} {:>9} "
            "{}",
            "port", "profile", "load", "fault", "runs", "view ms", "least", "most", "silence ms",
            "most", "unasked", "longest poll gaps ms");
    }

    static std::string fault_row(const std::string& layout, const std::string& profile,
                                 const std::string& load, const FaultSamples& samples,
                                 const FailoverResult& result) {
        const auto most = [](const std::vector<double>& all) {
            return all.empty() ? 0 : *std::max_element(all.begin(), all.end());
        };
        return fmt::format(
            "{:<16} {:<11} {:<5} {:<5} {:>4} {:>10.1f} {:>8.1f} {:>8.1f} {:>11.1f} {:>11.1f} "
            "{:>9} {:.1f}",
            layout, profile, load, name_of(samples.fault), samples.view_ms.size(),
            median_of(samples.view_ms),
            *std::min_element(samples.view_ms.begin(), samples.view_ms.end()),
            most(samples.view_ms), median_of(samples.silence_ms), most(samples.silence_ms),
            result.unexpected_views, fmt::join(result.poll_gap_ms, " "));
    }

    static std::string soak_head() {
        return fmt::format("{:<16} {:<11} {:>8} {:>12} {:>12} {:>12} {:>9} {:>11} {}", "port",
                           "profile", "seconds", "msg/s", "rings", "tokens lost", "views",
                           "silence ms", "longest poll gaps ms");
    }

    static std::string soak_row(const std::string& layout, const std::string& profile,
                                const SoakResult& result) {
        return fmt::format("{:<16} {:<11} {:>8.1f} {:>12.0f} {:>12} {:>12} {:>9} {:>11.1f} {:.1f}",
                           layout, profile, result.seconds,
                           static_cast<double>(result.messages) / result.seconds,
                           result.ring_changes, result.tokens_lost, result.unexpected_views,
                           result.silence_ms, fmt::join(result.poll_gap_ms, " "));
    }

    void write_json() const {
        std::ofstream file(json_);
        file << nlohmann::json{{"machine", machine_fingerprint()}, {"cells", cells_}}.dump(2)
             << '\n';
        if (!file) throw std::runtime_error("cannot write " + json_);
    }

    std::vector<std::string> layouts_{"netns-udp", "netns-af_packet"};
    std::vector<std::string> profiles_{"lan"};
    std::vector<std::string> faults_{"kill", "stop", "heal"};
    std::vector<std::string> loads_{"full", "idle"};
    std::vector<std::string> settings_;
    std::size_t nodes_{3};
    std::size_t runs_{10};
    std::string torcd_;
    LoadPlan load_{.payload_bytes = 1024, .window = 256};
    double soak_seconds_{0};
    std::string json_;
    nlohmann::json cells_ = nlohmann::json::array();
    bool good_{true};
};

}  // namespace

std::unique_ptr<Command> make_failover() { return std::make_unique<Failover>(); }

}  // namespace torc::tool
