#include "tests/chaos/run.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "tests/chaos/client_process.hpp"
#include "tests/chaos/injector.hpp"
#include "tests/chaos/schedule.hpp"
#include "tests/checker/check.hpp"
#include "tests/checker/text.hpp"

namespace torc::chaos {
namespace {

namespace files = std::filesystem;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kStep = std::chrono::milliseconds(10);
constexpr Millis kTokenLoss{300};  ///< of the profile in force
/// After the last fault there must be one ring within this time, and then quiet within that one.
constexpr double kRingPatience = 30;
constexpr double kQuietPatience = 60;
constexpr auto kAfterLast = std::chrono::milliseconds(500);
constexpr double kOverPatience = 20;  ///< until every client has written down what it heard

bool needs_namespaces(const std::string& layout) { return layout.starts_with("netns"); }

bool has_namespaces() {
    const std::string name = fmt::format("torc{}try", ::getpid());
    if (tool::run_program({"ip", "netns", "add", name}, true) != 0) return false;
    tool::run_program({"ip", "netns", "del", name}, true);
    return true;
}

std::string make_folder(const std::string& wanted) {
    if (!wanted.empty()) {
        files::create_directories(wanted);
        return wanted;
    }
    std::string pattern = (files::temp_directory_path() / "torc-chaos-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    return pattern;
}

tool::ClusterPlan cluster_plan(const RunPlan& plan) {
    tool::ClusterPlan cluster;
    cluster.layout = tool::layout_named(plan.layout);
    cluster.nodes = plan.nodes;
    cluster.torcd = plan.torcd;
    cluster.settings = {"daemon.idle=sleepy",  // five daemons do not have five cores here
                        "lossy.enabled=true",
                        "cluster.flush_deadline=3s",
                        fmt::format("lossy.loss_ppm={}", plan.loss_ppm),
                        "lossy.duplicate_ppm=1000",
                        "lossy.delay_ppm=5000",
                        fmt::format("lossy.seed={}", plan.seed % 1'000'000 + 1)};
    return cluster;
}

dataplane::LossyRates base_rates(const RunPlan& plan) {
    dataplane::LossyRates rates;
    rates.loss_ppm = plan.loss_ppm;
    rates.duplicate_ppm = 1000;
    rates.delay_ppm = 5000;
    rates.delay_ns = 1'000'000;
    return rates;
}

class Run {
public:
    Run(const RunPlan& plan, std::string folder)
        : plan_(plan),
          folder_(std::move(folder)),
          notes_(folder_ + "/faults.txt"),
          cluster_(cluster_plan(plan)),
          injector_(
              cluster_, base_rates(plan), [this](const std::string& line) { note(line); },
              [this](std::uint32_t client, bool up) {
                  up ? clients_[client]->start() : clients_[client]->kill();
              }) {}

    /// True: no promise was broken.
    bool go() {
        cluster_.start();
        make_clients();
        started_ = SteadyClock::now();
        for (auto& client : clients_) client->start();
        chaos();
        come_to_rest();
        end_clients();
        const bool honest = write_and_look();
        report();
        return judge() && honest;
    }

private:
    void note(const std::string& line) {
        notes_ << fmt::format("{:>7} ms  {}", elapsed().count(), line) << std::endl;
    }
    Millis elapsed() const {
        return std::chrono::duration_cast<Millis>(SteadyClock::now() - started_);
    }

    void make_clients() {
        const std::uint32_t count = plan_.nodes * plan_.clients_per_node;
        for (std::uint32_t i = 0; i < count; ++i) {
            ClientPlan client;
            client.number = i;
            client.node = i % plan_.nodes;
            client.seed = plan_.seed * 1000 + i;
            client.messages_per_second = plan_.messages_per_second;
            client.clients = count;
            client.daemon = cluster_.target(client.node).daemon;
            client.runtime_dir = cluster_.target(client.node).runtime_dir;
            client.folder = folder_;
            client.silent_ppm = plan_.silent_ppm;
            clients_.push_back(std::make_unique<ClientProcess>(client));
        }
    }

    void enter(Phase phase) {
        for (auto& client : clients_) client->enter(phase);
    }

    /// All stop writing before the first session ends.
    void end_clients() {
        enter(Phase::over);
        const auto asked = SteadyClock::now();
        const auto are_over = [this] {
            return std::all_of(clients_.begin(), clients_.end(), [](auto& client) {
                return client->page().over || !client->running();
            });
        };
        while (!are_over() && seconds_since(asked) < kOverPatience) {
            std::this_thread::sleep_for(kStep);
        }
        enter(Phase::gone);
        for (auto& client : clients_) client->reap();
    }

    void chaos() {
        SchedulePlan plan;
        plan.seed = plan_.seed;
        plan.nodes = plan_.nodes;
        plan.length = std::chrono::seconds(plan_.seconds);
        plan.token_loss = kTokenLoss;
        plan.has_cables = cluster_.has_cables();
        plan.clients = static_cast<std::uint32_t>(clients_.size());
        const std::vector<Fault> schedule = make_schedule(plan);
        while (elapsed() < plan.length && injector_.crashes().empty()) {
            injector_.step(schedule, elapsed());
            std::this_thread::sleep_for(kStep);
        }
    }

    /// Peace, one ring, a last message of everybody to everybody, and nothing more.
    void come_to_rest() {
        injector_.heal();
        if (!injector_.crashes().empty()) return;
        const auto healed = SteadyClock::now();
        bool one_ring = false;
        while (!one_ring && seconds_since(healed) < kRingPatience) {
            injector_.reconcile();
            one_ring = cluster_.wait_for_ring(plan_.nodes, 0.1);
        }
        ring_seconds_ = seconds_since(healed);
        note(one_ring ? "one ring" : "no common ring");
        if (!one_ring) {
            failures_.push_back(fmt::format("no ring of all {} s after the heal", kRingPatience));
            return;
        }
        enter(Phase::last);
        while (!all_have_all() && seconds_since(healed) < kRingPatience + kQuietPatience) {
            injector_.reconcile();
            std::this_thread::sleep_for(kStep);
        }
        rest_seconds_ = seconds_since(healed);
        if (!all_have_all()) {
            for (const auto& client : clients_) {
                if (!client->page().has_all_last) failures_.push_back(client->waits_for());
            }
            return;
        }
        std::this_thread::sleep_for(kAfterLast);
        at_rest_ = true;
        note("at rest");
    }

    static double seconds_since(SteadyClock::time_point then) {
        return std::chrono::duration<double>(SteadyClock::now() - then).count();
    }
    bool all_have_all() const {
        return std::all_of(clients_.begin(), clients_.end(),
                           [](const auto& client) { return client->page().has_all_last.load(); });
    }

    /// Traces and logs go to the folder; true if the clients met nothing that is a mistake.
    bool write_and_look() {
        if (at_rest_) std::ofstream(clients_.front()->trace(), std::ios::app) << "rest at=0.1\n";
        for (const auto& client : clients_) {
            traces_.push_back(client->trace());
            for (const std::string& mistake : client->mistakes()) failures_.push_back(mistake);
        }
        std::error_code ignored;
        for (std::size_t i = 0; i < cluster_.size(); ++i) {
            files::copy_file(cluster_.log_of(i), fmt::format("{}/n{}.log", folder_, i),
                             files::copy_options::overwrite_existing, ignored);
        }
        if (!injector_.crashes().empty()) failures_.push_back(injector_.crashes());
        for (const std::string& failure : failures_) fmt::print("FAILED: {}\n", failure);
        return failures_.empty();
    }

    void report() const {
        std::string faults;
        for (std::size_t i = 0; i < kFaultKinds; ++i) {
            faults +=
                fmt::format(" {} {},", name_of(static_cast<FaultKind>(i)), injector_.begun()[i]);
        }
        faults.pop_back();
        std::uint64_t said = 0;
        std::uint64_t heard = 0;
        std::uint64_t views = 0;
        std::uint64_t lives = 0;
        std::uint64_t flushes = 0;
        std::uint64_t refused = 0;
        std::uint64_t timeouts = 0;
        for (const auto& client : clients_) {
            const ClientPage& page = client->page();
            said += page.said;
            heard += page.heard;
            views += page.views;
            lives += page.life;
            flushes += page.flushes;
            refused += page.refused;
            timeouts += page.timeouts;
        }
        std::uint64_t lost = 0;
        for (std::size_t i = 0; i < cluster_.size(); ++i) {
            if (const auto status = cluster_.status(i)) lost += status->counters.at("lossy_lost");
        }
        fmt::print("seed {}, {}, {} s: injected:{}\n", plan_.seed, plan_.layout, plan_.seconds,
                   faults);
        fmt::print("  {} daemons, {} clients in {} lives, {} messages said, {} heard, {} views\n",
                   plan_.nodes, clients_.size(), lives, said, heard, views);
        fmt::print("  flush groups: {} answers, {} messages refused, {} sessions timed out\n",
                   flushes, refused, timeouts);
        fmt::print(
            "  frames lost on purpose at the last boots: {}; after the heal one ring in "
            "{:.2f} s, at rest in {:.2f} s\n",
            lost, ring_seconds_, rest_seconds_);
    }

    /// What was written is read back: the judge sees what anybody can give to torc-check.
    bool judge() const {
        check::Trace trace;
        for (const std::string& path : traces_) {
            std::ifstream file(path);
            const std::string error = check::read_text(file, trace);
            if (!error.empty()) throw std::runtime_error(path + ": " + error);
        }
        const check::Verdict verdict = check::check(trace, {.daemons = false});
        for (const check::Finding& finding : verdict.findings()) {
            fmt::print("  {}: {}\n", finding.property, finding.text);
        }
        fmt::print("  checker: {} records, {}\n", trace.records.size(),
                   verdict.clean() ? "no promise broken" : "BROKEN PROMISES");
        return verdict.clean();
    }

    RunPlan plan_;
    std::string folder_;
    std::ofstream notes_;
    SteadyClock::time_point started_{SteadyClock::now()};
    tool::LocalCluster cluster_;
    Injector injector_;
    std::vector<std::unique_ptr<ClientProcess>> clients_;
    std::vector<std::string> traces_;
    std::vector<std::string> failures_;
    bool at_rest_{false};
    double ring_seconds_{0};
    double rest_seconds_{0};
};

}  // namespace

int run(const RunPlan& plan) {
    const tool::Layout layout = tool::layout_named(plan.layout);
    if (layout == tool::Layout::af_packet && !tool::in_private_network()) {
        tool::enter_private_network();
    }
    if (needs_namespaces(plan.layout) && !has_namespaces()) {
        fmt::print("torc-chaos: skipped: no network namespaces here (needs root and iproute2)\n");
        return kExitSkipped;
    }
    const std::string folder = make_folder(plan.folder);
    bool clean = false;
    {
        Run run(plan, folder);
        clean = run.go();
    }
    if (clean && !plan.keep && plan.folder.empty()) files::remove_all(folder);
    fmt::print("seed {}: {}{}\n", plan.seed, clean ? "CLEAN" : "VIOLATED",
               clean && !plan.keep ? "" : "; traces, faults and logs are in " + folder);
    return clean ? kExitClean : kExitViolated;
}

}  // namespace torc::chaos
