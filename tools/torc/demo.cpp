// torc demo: three daemons on this machine, clients on each, one order; then one daemon dies and
// comes back while everybody watches. What it prints is measured while it runs.
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/torc/bench_result.hpp"
#include "tools/torc/command.hpp"

namespace torc::tool {
namespace {

class Demo : public Command {
public:
    void declare(CLI::App& program) override {
        app_ = program.add_subcommand("demo", "a cluster on this machine, killed and healed");
        app_->add_option("--nodes", nodes_, "daemons")
            ->check(CLI::Range(2, 8))
            ->capture_default_str();
        app_->add_option("--port", port_, "vhost, af_packet or udp")
            ->check(CLI::IsMember({"vhost", "af_packet", "udp"}))
            ->capture_default_str();
        app_->add_option("--seconds", seconds_, "length of each round")->capture_default_str();
        app_->add_option("--torcd", torcd_, "path of the daemon");
        app_->add_flag("--keep", keep_, "leave the daemons running and say how to talk to them");
    }

    int run() override {
        if (port_ == "af_packet" && !in_private_network()) enter_private_network();
        ClusterPlan plan;
        plan.layout = layout_named(port_);
        plan.nodes = nodes_;
        plan.torcd = torcd_;
        plan.keep = keep_;
        plan.settings = {"daemon.session_ring_bytes=32MiB"};
        LocalCluster cluster(plan);
        try {
            return show(cluster);
        } catch (const std::exception&) {
            std::fputs(cluster.obituaries().c_str(), stderr);
            throw;
        }
    }

private:
    int show(LocalCluster& cluster) {
        const std::int64_t from = monotonic_ns();
        cluster.start();
        say("{} daemons joined over {} in {:.0f} ms; ring {}", nodes_, port_,
            static_cast<double>(monotonic_ns() - from) / 1e6, ring_of(cluster));

        bool good = everyone_multicasts(cluster, "1. All clients multicast at once");
        good = kill_and_restart(cluster) && good;
        good = everyone_multicasts(cluster, "4. All clients multicast again") && good;
        if (keep_) return stay(cluster);
        say("\n{}", good ? "One order everywhere, through a death and a return."
                         : "THE ORDERS DIFFERED. This is a bug; please report it.");
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
    }

    template <typename... T>
    static void say(fmt::format_string<T...> format, T&&... values) {
        fmt::print(format, std::forward<T>(values)...);
        fmt::print("\n");
        std::fflush(stdout);
    }

    static std::string ring_of(const LocalCluster& cluster) {
        const auto status = cluster.status(0);
        if (!status) return "?";
        std::string text =
            fmt::format("{} led by {}:", status->ring_epoch >> 24, status->representative);
        for (const std::string& member : status->members) text += ' ' + member;
        return text;
    }

    bool everyone_multicasts(const LocalCluster& cluster, const char* title) const {
        say("\n{}: {} senders, each also receives everything", title, nodes_);
        BenchCell cell;
        cell.port = port_;
        cell.nodes = nodes_;
        cell.senders = static_cast<std::uint32_t>(nodes_);
        cell.load.seconds = seconds_;
        bool good = true;
        say("{}", table_head());
        for (const double rate : {0.0, 1000.0}) {
            cell.load.messages_per_second = rate / static_cast<double>(nodes_);
            cell.load.window = rate == 0.0 ? kWindow : 0;
            const CellResult result = run_cell(cell, targets_of(cluster));
            say("{}", table_row(cell, result));
            for (std::size_t i = 0; rate == 0.0 && i < result.order_hashes.size(); ++i) {
                say("   client {} received the order {:016x}", i, result.order_hashes[i]);
            }
            good = good && result.same_order;
        }
        return good;
    }

    bool kill_and_restart(LocalCluster& cluster) const {
        const std::size_t victim = nodes_ - 1;
        LoadPlan load;
        load.group = "watch";
        load.messages_per_second = 2000;
        load.warm_up_seconds = 0;
        load.seconds = 60;
        std::vector<std::unique_ptr<LoadClient>> clients;
        for (std::size_t i = 0; i < nodes_; ++i) {
            clients.push_back(std::make_unique<LoadClient>(cluster.target(i), load,
                                                           static_cast<int>(i),
                                                           static_cast<std::uint32_t>(nodes_ - 1)));
        }
        for (const auto& client : clients) client->wait_for_members(nodes_);
        for (const auto& client : clients) client->start();
        pause(0.5);

        say("\n2. SIGKILL for n{} while everybody multicasts", victim);
        const std::int64_t killed = monotonic_ns();
        cluster.kill_daemon(victim);
        if (!wait_for_members(*clients[0], nodes_ - 1)) return false;
        const double took = static_cast<double>(monotonic_ns() - killed) / 1e6;
        cluster.wait_for_ring(nodes_ - 1, 10);  // the status files lag behind the views
        say("   the others got the new view after {:.1f} ms: {} members; ring {}", took,
            clients[0]->members(), ring_of(cluster));

        say("\n3. n{} starts again and its client joins", victim);
        const std::int64_t restarted = monotonic_ns();
        cluster.start_daemon(victim);
        if (!cluster.wait_for_ring(nodes_, 30)) return false;
        say("   merged after {:.1f} ms; ring {}",
            static_cast<double>(monotonic_ns() - restarted) / 1e6, ring_of(cluster));
        Session back(cluster.target(victim));
        back.join(load.group);
        if (!wait_for_members(*clients[0], nodes_)) return false;
        say("   view with {} members again", clients[0]->members());
        return compare(clients, victim);
    }

    /// The survivors' whole history, across the death and the return, must be one order.
    static bool compare(std::vector<std::unique_ptr<LoadClient>>& clients, std::size_t victim) {
        for (const auto& client : clients) client->stop_sending();
        bool good = true;
        std::uint64_t hash = 0;
        for (std::size_t i = 0; i < clients.size(); ++i) {
            const ClientReport report = clients[i]->finish();
            if (i == victim) {
                say("   client of n{}: {}", i, report.error);
                continue;
            }
            if (i == 0) hash = report.order_hash;
            say("   client of n{}: {} messages, {} gaps, order {:016x}", i, report.received,
                report.gaps, report.order_hash);
            good = good && report.error.empty() && report.gaps == 0 && report.order_hash == hash;
        }
        return good;
    }

    static bool wait_for_members(const LoadClient& client, std::size_t members) {
        for (const std::int64_t limit = monotonic_ns() + Session::kPatience;
             monotonic_ns() < limit && !client.failed();) {
            if (client.members() == members) return true;
            pause(0.001);
        }
        say("   the view with {} members did not come", members);
        return false;
    }

    static void pause(double seconds) {
        std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    }

    static int stay(LocalCluster& cluster) {
        std::string pids;
        for (std::size_t i = 0; i < cluster.size(); ++i) {
            pids += (i == 0 ? "" : " ") + std::to_string(cluster.daemon(i).pid());
        }
        say("\nThe daemons go on. Talk to them:\n"
            "  export TORC_RUNTIME_DIR={0}\n"
            "  torc status\n  torc chat -d n0\n  torc receive -d n1 -g room\n"
            "To end them: kill {1} && rm -r {0}",
            cluster.folder(), pids);
        return EXIT_SUCCESS;
    }

    /// Own messages under way while everybody floods: enough to fill frames, not to fill queues.
    static constexpr std::uint32_t kWindow = 512;

    std::size_t nodes_{3};
    std::string port_{"vhost"};
    double seconds_{2};
    std::string torcd_;
    bool keep_{false};
};

}  // namespace

std::unique_ptr<Command> make_demo() { return std::make_unique<Demo>(); }

}  // namespace torc::tool
