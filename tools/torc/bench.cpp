// torc bench: services x sizes x senders x rates, closed and open loop, against running daemons or
// local clusters of its own, one for each number of nodes, whose port is measured first without the
// daemons. Prints a table; `--json FILE` writes the same and more as cells, `--html FILE` a page.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/torc/bench_plan.hpp"
#include "tools/torc/bench_report_html.hpp"
#include "tools/torc/bench_result.hpp"
#include "tools/torc/ceiling.hpp"
#include "tools/torc/command.hpp"
#include "tools/torc/machine.hpp"
#include "tools/torc/target_options.hpp"

namespace torc::tool {
namespace {

class Bench : public Command {
public:
    void declare(CLI::App& program) override {
        app_ = program.add_subcommand("bench", "measure messages/s and latency through the order");
        declare_daemons();
        declare_load();
        declare_report();
    }

    int run() override {
        if (!from_.empty()) return show_report();
        if (layout_ == "af_packet" && !in_private_network()) enter_private_network();
        machine_ = machine_fingerprint();  // before our own load shows in it
        if (layout_.empty()) {
            const BenchTargets targets = targets_in(runtime_dir_, daemons_);
            measure(cells_of(sweep(), "running", targets.daemons.size(), 0), targets, {});
        } else {
            for (const std::size_t nodes : nodes_) measure_cluster(nodes);
        }
        write_reports({{"machine", machine_}, {"cells", cells_}});
        if (!same_order_) fmt::print(stderr, "torc: receivers saw different orders\n");
        return same_order_ ? EXIT_SUCCESS : EXIT_FAILURE;
    }

private:
    void declare_daemons() {
        app_->add_option("-d,--daemon", daemons_,
                         "daemons to put clients on, in turn (default: all in the runtime folder)")
            ->delimiter(',');
        app_->add_option("-r,--runtime-dir", runtime_dir_, "where daemons keep their sockets")
            ->envname("TORC_RUNTIME_DIR")
            ->capture_default_str();
        app_->add_option("--cluster", layout_,
                         "start an own cluster: vhost, udp, af_packet, netns-udp, "
                         "netns-af_packet or netns-mixed");
        app_->add_option("--nodes", nodes_, "daemons of that cluster; several: one after the other")
            ->delimiter(',')
            ->check(CLI::PositiveNumber)
            ->capture_default_str();
        app_->add_option("--mtu", mtu_,
                         "MTU of that cluster; 0: 9000 where its frames never leave the memory of "
                         "this machine (vhost, udp), 1500 on the others")
            ->capture_default_str();
        app_->add_option("--set", settings_, "setting for its daemons, section.key=value")
            ->allow_extra_args(false);
        app_->add_option("--torcd", torcd_, "path of the daemon");
    }

    void declare_load() {
        app_->add_option("--senders", senders_, "clients that send and receive; 0: one a daemon")
            ->delimiter(',')
            ->capture_default_str();
        app_->add_option("--receivers", receivers_,
                         "further clients that only receive (default: each daemon has a client)");
        app_->add_option("--sizes", sizes_, "payload bytes")->delimiter(',')->capture_default_str();
        app_->add_option("-s,--services", services_, "services")
            ->delimiter(',')
            ->capture_default_str();
        app_->add_option("--safe-every", load_.safe_every,
                         "make every so manieth message of a sender safe");
        app_->add_option("--rates", rates_,
                         "messages/s of all senders together, open loop; 0 floods")
            ->delimiter(',')
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str();
        app_->add_option("--arrivals", arrivals_, "of an open loop: even or poisson")
            ->transform(CLI::CheckedTransformer(kArrivals))
            ->default_str("even");
        app_->add_option("--seed", load_.seed, "of poisson arrivals")->capture_default_str();
        app_->add_option("--spin-us", spin_us_,
                         "clients look so long, yielding, before they sleep; 0: they sleep at once "
                         "(default: 5000 at a rate, 50 in a flood)");
        app_->add_option("--window", load_.window, "closed loop: own messages under way at most");
        app_->add_option("--seconds", load_.seconds, "measured time of each cell")
            ->check(CLI::PositiveNumber)
            ->capture_default_str();
        app_->add_option("--warm-up", load_.warm_up_seconds, "seconds before it")
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str();
    }

    void declare_report() {
        app_->add_option("--runs", runs_, "runs of each cell, in turn; the median run is reported")
            ->check(CLI::PositiveNumber)
            ->capture_default_str();
        app_->add_option("--link-gbit", link_gbit_, "the link's Gbit/s, to give shares of it")
            ->check(CLI::NonNegativeNumber);
        app_->add_option("--ceiling", ceiling_seconds_,
                         "seconds in which the port alone is measured, before the daemons; 0: not")
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str();
        app_->add_option("--blast", blast_, "path of torc-blast, which measures that");
        app_->add_option("--json", json_, "write the cells to this file");
        app_->add_option("--html", html_, "write a page with plots to this file");
        app_->add_option("--from", from_, "measure nothing: read the cells that --json wrote");
    }

    Sweep sweep() const {
        Sweep sweep;
        for (const std::string& name : services_) sweep.services.push_back(service_named(name));
        sweep.sizes = sizes_;
        sweep.rates = rates_;
        sweep.senders = senders_;
        sweep.receivers = receivers_;
        sweep.load = load_;
        sweep.load.arrivals = arrivals_;
        if (spin_us_) sweep.spin_ns = *spin_us_ == 0 ? -1 : std::int64_t{*spin_us_} * 1000;
        return sweep;
    }

    /// What a daemon with `mtu = "auto"` would find.
    std::size_t mtu() const {
        if (mtu_ != 0) return mtu_;
        const Layout layout = layout_named(layout_);
        return layout == Layout::vhost || layout == Layout::udp ? 9000 : 1500;
    }

    void measure_cluster(std::size_t nodes) {
        const std::vector<BenchCell> cells = cells_of(sweep(), layout_, nodes, mtu());
        LocalCluster cluster(cluster_plan(nodes, cells));
        Yardsticks yardsticks;
        yardsticks.ceiling = ceiling_of(cluster);
        cluster.start();
        measure(cells, targets_of(cluster), yardsticks);
    }

    /// Before the daemons start: they would take their share.
    std::optional<Ceiling> ceiling_of(const LocalCluster& cluster) const {
        if (ceiling_seconds_ <= 0 || cluster.size() < 2) return std::nullopt;
        const std::string program = blast_.empty() ? blast_program() : blast_;
        if (program.empty()) {
            fmt::print(stderr, "torc: no ceiling: torc-blast is not beside torc (see --blast)\n");
            return std::nullopt;
        }
        const Ceiling ceiling = measure_ceiling(cluster, program, ceiling_seconds_);
        fmt::print("ceiling of {}, {} nodes: {:.0f} frames/s of {} bytes at the slowest receiver\n",
                   layout_, cluster.size(), ceiling.frames_per_second, ceiling.frame_bytes);
        return ceiling;
    }

    ClusterPlan cluster_plan(std::size_t nodes, const std::vector<BenchCell>& cells) const {
        ClusterPlan plan;
        plan.layout = layout_named(layout_);
        plan.nodes = nodes;
        plan.mtu = mtu();
        plan.torcd = torcd_;
        plan.settings = room_for_clients(cells);
        plan.settings.insert(plan.settings.end(), settings_.begin(), settings_.end());
        return plan;
    }

    /// All cells once, then all again: what else the machine does falls on each cell alike.
    void measure(const std::vector<BenchCell>& cells, const BenchTargets& targets,
                 Yardsticks yardsticks) {
        yardsticks.link_bits_per_second = link_gbit_ * 1e9;
        std::vector<std::vector<CellResult>> results(cells.size());
        fmt::print("{}\n", table_head());
        for (std::size_t run = 0; run < runs_; ++run) {
            for (std::size_t i = 0; i < cells.size(); ++i) {
                results[i].push_back(run_cell(cells[i], targets));
                print_row(cells[i], results[i].back());
            }
        }
        if (runs_ > 1) fmt::print("The median of {} runs:\n{}\n", runs_, table_head());
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (runs_ > 1) print_row(cells[i], results[i][median_run(cells[i], results[i])]);
            cells_.push_back(to_json(cells[i], results[i], yardsticks));
            same_order_ = same_order_ && same_order(results[i]);
        }
    }

    static void print_row(const BenchCell& cell, const CellResult& result) {
        fmt::print("{}\n", table_row(cell, result));
        std::fflush(stdout);
    }

    int show_report() const {
        std::ifstream file(from_);
        const auto report = nlohmann::json::parse(file, nullptr, false);
        if (report.is_discarded()) throw std::runtime_error(from_ + " is not there or no JSON");
        write_reports(report);
        return EXIT_SUCCESS;
    }

    void write_reports(const nlohmann::json& report) const {
        if (!json_.empty()) write_file(json_, report.dump(2) + '\n');
        if (!html_.empty()) write_file(html_, html_report(report));
    }

    static void write_file(const std::string& path, const std::string& text) {
        std::ofstream file(path);
        file << text;
        file.close();
        if (!file) throw std::runtime_error("cannot write " + path);
    }

    static inline const std::map<std::string, Arrivals> kArrivals{{"even", Arrivals::even},
                                                                  {"poisson", Arrivals::poisson}};

    std::vector<std::string> daemons_;
    std::string runtime_dir_{"/run/torc"};
    std::string layout_;
    std::vector<std::size_t> nodes_{3};
    std::size_t mtu_{0};
    std::vector<std::string> settings_;
    std::string torcd_;

    std::vector<std::uint32_t> senders_{0};
    std::optional<std::uint32_t> receivers_;
    std::vector<std::size_t> sizes_{64, 1350};
    std::vector<std::string> services_{"agreed"};
    std::vector<double> rates_{0, 1000};
    Arrivals arrivals_{Arrivals::even};
    std::optional<std::uint32_t> spin_us_;
    LoadPlan load_{.warm_up_seconds = 1, .seconds = 3};

    std::size_t runs_{1};
    double link_gbit_{0};
    double ceiling_seconds_{2};
    std::string blast_;
    std::string json_;
    std::string html_;
    std::string from_;

    nlohmann::json machine_;
    nlohmann::json cells_ = nlohmann::json::array();
    bool same_order_{true};
};

}  // namespace

std::unique_ptr<Command> make_bench() { return std::make_unique<Bench>(); }

}  // namespace torc::tool
