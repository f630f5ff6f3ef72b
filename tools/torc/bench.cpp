// torc bench: senders x receivers x sizes x services, closed and open loop, against a running
// daemon or a local cluster of its own. Prints a table; `--json FILE` writes the same as cells.
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/torc/bench_run.hpp"
#include "tools/torc/command.hpp"
#include "tools/torc/target_options.hpp"

namespace torc::tool {
namespace {

class Bench : public Command {
public:
    void declare(CLI::App& program) override {
        app_ = program.add_subcommand("bench", "measure messages/s and latency through the order");
        app_->add_option("-d,--daemon", daemons_,
                         "daemons to put clients on, in turn (default: all in the runtime folder)")
            ->delimiter(',');
        app_->add_option("-r,--runtime-dir", runtime_dir_, "where daemons keep their sockets")
            ->envname("TORC_RUNTIME_DIR")
            ->capture_default_str();
        app_->add_option("--cluster", layout_,
                         "start an own cluster: vhost, udp, af_packet, netns-udp, "
                         "netns-af_packet or netns-mixed");
        app_->add_option("--nodes", nodes_, "daemons of that cluster")->capture_default_str();
        app_->add_option("--mtu", mtu_, "MTU of that cluster")->capture_default_str();
        app_->add_option("--set", settings_, "setting for its daemons, section.key=value")
            ->allow_extra_args(false);
        app_->add_option("--torcd", torcd_, "path of the daemon");
        app_->add_option("--senders", senders_, "clients that send and receive; 0: one a daemon")
            ->capture_default_str();
        app_->add_option("--receivers", receivers_, "further clients that only receive")
            ->capture_default_str();
        app_->add_option("--sizes", sizes_, "payload bytes")->delimiter(',')->capture_default_str();
        app_->add_option("-s,--services", services_, "services")
            ->delimiter(',')
            ->capture_default_str();
        app_->add_option("--rates", rates_,
                         "messages/s of all senders together, open loop; 0 floods")
            ->delimiter(',')
            ->capture_default_str();
        app_->add_option("--window", window_, "closed loop: own messages under way at most");
        app_->add_option("--seconds", seconds_, "measured time of each cell")
            ->capture_default_str();
        app_->add_option("--warm-up", warm_up_, "seconds before it")->capture_default_str();
        app_->add_option("--json", json_, "write the cells to this file");
    }

    int run() override {
        if (layout_ == "af_packet" && !in_private_network()) enter_private_network();
        std::unique_ptr<LocalCluster> cluster;
        if (!layout_.empty()) cluster = start_cluster();
        const BenchTargets targets =
            cluster ? targets_of(*cluster) : targets_in(runtime_dir_, daemons_);
        std::printf("%s\n", table_head().c_str());
        nlohmann::json cells = nlohmann::json::array();
        bool same_order = true;
        for (const BenchCell& cell : plan_cells(targets)) {
            const CellResult result = run_cell(cell, targets);
            std::printf("%s\n", table_row(cell, result).c_str());
            std::fflush(stdout);
            cells.push_back(to_json(cell, result));
            same_order = same_order && result.same_order;
        }
        if (!json_.empty()) write_json(cells);
        if (!same_order) std::fprintf(stderr, "torc: receivers saw different orders\n");
        return same_order ? EXIT_SUCCESS : EXIT_FAILURE;
    }

private:
    std::unique_ptr<LocalCluster> start_cluster() const {
        ClusterPlan plan;
        plan.layout = layout_named(layout_);
        plan.nodes = nodes_;
        plan.mtu = mtu_;
        plan.torcd = torcd_;
        plan.settings = settings_;
        // A benchmark's clients share the cores with everything else; give them room to be late.
        plan.settings.insert(plan.settings.begin(), "daemon.session_ring_bytes=32MiB");
        auto cluster = std::make_unique<LocalCluster>(plan);
        cluster->start();
        return cluster;
    }

    std::vector<BenchCell> plan_cells(const BenchTargets& targets) const {
        std::vector<BenchCell> cells;
        for (const std::string& service : services_) {
            for (const std::size_t size : sizes_) {
                for (const double rate : rates_) {
                    BenchCell cell;
                    cell.port = layout_.empty() ? "running" : layout_;
                    cell.senders = senders_ == 0
                                       ? static_cast<std::uint32_t>(targets.daemons.size())
                                       : senders_;
                    cell.receivers = receivers_;
                    cell.load.service = service_named(service);
                    cell.load.payload_bytes = size;
                    cell.load.messages_per_second = rate / cell.senders;
                    cell.load.window = window_;
                    cell.load.seconds = seconds_;
                    cell.load.warm_up_seconds = warm_up_;
                    cells.push_back(cell);
                }
            }
        }
        return cells;
    }

    void write_json(const nlohmann::json& cells) const {
        std::ofstream file(json_);
        file << nlohmann::json{{"machine", machine_fingerprint()}, {"cells", cells}}.dump(2)
             << '\n';
        if (!file) throw std::runtime_error("cannot write " + json_);
    }

    std::vector<std::string> daemons_;
    std::string runtime_dir_{"/run/torc"};
    std::string layout_;
    std::size_t nodes_{3};
    std::size_t mtu_{1500};
    std::vector<std::string> settings_;
    std::string torcd_;
    std::uint32_t senders_{0};
    std::uint32_t receivers_{0};
    std::vector<std::size_t> sizes_{64, 1350};
    std::vector<std::string> services_{"agreed"};
    std::vector<double> rates_{0, 1000};
    std::uint32_t window_{0};
    double seconds_{3};
    double warm_up_{1};
    std::string json_;
};

}  // namespace

std::unique_ptr<Command> make_bench() { return std::make_unique<Bench>(); }

}  // namespace torc::tool
