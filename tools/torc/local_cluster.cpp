#include "tools/torc/local_cluster.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace torc::tool {
namespace {

namespace files = std::filesystem;

constexpr std::array<std::pair<const char*, Layout>, 6> kLayouts{{
    {"vhost", Layout::vhost},
    {"udp", Layout::udp},
    {"af_packet", Layout::af_packet},
    {"netns-udp", Layout::netns_udp},
    {"netns-af_packet", Layout::netns_af_packet},
    {"netns-mixed", Layout::netns_mixed},
}};

bool is_dpdk(Layout layout, std::size_t node, std::size_t nodes) {
    switch (layout) {
        case Layout::vhost:
        case Layout::af_packet:
        case Layout::netns_af_packet:
            return true;
        case Layout::netns_mixed:
            return node + 1 < nodes;
        case Layout::udp:
        case Layout::netns_udp:
            return false;
    }
    return false;
}

bool has_own_namespaces(Layout layout) { return layout >= Layout::netns_udp; }

std::string make_folder() {
    std::string pattern = (files::temp_directory_path() / "torc-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    return pattern;
}

/// Further settings for every daemon, so that the same program can be run over others: words of
/// TORC_CLUSTER_SETTINGS.
std::vector<std::string> settings_of_environment() {
    const char* const given = std::getenv("TORC_CLUSTER_SETTINGS");
    std::istringstream words(given == nullptr ? "" : given);
    std::vector<std::string> settings;
    for (std::string word; words >> word;) settings.push_back(word);
    return settings;
}

std::string daemon_beside_me() {
    const files::path me = files::read_symlink("/proc/self/exe").parent_path();
    for (const files::path& candidate :
         {me / "torcd", me / ".." / "daemon" / "torcd", me / ".." / ".." / "daemon" / "torcd"}) {
        if (files::exists(candidate)) return files::canonical(candidate).string();
    }
    throw std::runtime_error("torcd is not beside this program; give its path with --torcd");
}

std::string node_name(std::size_t node) { return fmt::format("n{}", node); }

}  // namespace

Layout layout_named(const std::string& name) {
    for (const auto& [known, layout] : kLayouts) {
        if (name == known) return layout;
    }
    std::string known_names;
    for (const auto& [known, layout] : kLayouts) known_names += std::string(" ") + known;
    throw std::runtime_error("no layout '" + name + "'; there are" + known_names);
}

const char* name_of(Layout layout) { return kLayouts[static_cast<std::size_t>(layout)].first; }

LocalCluster::LocalCluster(ClusterPlan plan) : plan_(std::move(plan)), folder_(make_folder()) {
    if (plan_.torcd.empty()) plan_.torcd = daemon_beside_me();
    if (plan_.data_port == 0) {
        plan_.data_port = static_cast<std::uint16_t>(20000 + 2 * (::getpid() % 10000));
    }
    std::vector<std::string> addresses;
    std::vector<bool> with_address;
    for (std::size_t i = 0; i < plan_.nodes; ++i) {
        addresses.push_back(address_of(i));
        with_address.push_back(!is_dpdk(plan_.layout, i, plan_.nodes));
    }
    if (has_own_namespaces(plan_.layout)) {
        networks_ = std::make_unique<Networks>(
            Networks::separate(plan_.nodes, addresses, with_address, plan_.mtu));
    } else if (plan_.layout == Layout::af_packet) {
        networks_ = std::make_unique<Networks>(Networks::here(plan_.nodes, plan_.mtu));
    }
    daemons_.resize(plan_.nodes);
    write_config();
    on_signal_ = std::make_unique<CleanUpOnSignal>([this] { clean_up(); });
}

LocalCluster::~LocalCluster() {
    on_signal_.reset();
    if (plan_.keep) {
        for (auto& daemon : daemons_) (void)daemon.release();
        (void)networks_.release();
        return;
    }
    clean_up();
}

void LocalCluster::clean_up() {
    const std::lock_guard guard(changing_);
    if (std::exchange(cleaned_, true)) return;
    for (auto& daemon : daemons_) {
        if (daemon) daemon->signal(SIGTERM);
    }
    for (auto& daemon : daemons_) {
        if (!daemon || daemon->wait(5)) continue;
        daemon->signal(SIGKILL);
        daemon->wait(10);
    }
    // The processes' objects stay: after a signal another thread may be about to ask one.
    networks_.reset();
    std::error_code ignored;
    files::remove_all(folder_, ignored);
}

std::string LocalCluster::address_of(std::size_t node) const {
    if (plan_.layout == Layout::udp) return fmt::format("127.84.0.{}", node + 1);
    return fmt::format("10.84.0.{}", node + 1);
}

std::string LocalCluster::write_config() const {
    const std::string path = folder_ + "/torc.toml";
    std::ofstream file(path);
    file << "[cluster]\nname = \"local\"\n"
         << fmt::format("data_port = {}\n", plan_.data_port)
         << fmt::format("dissemination = \"{}\"\n",
                        plan_.layout == Layout::vhost ? "mesh" : "multicast")
         << fmt::format("mtu = \"{}B\"\n", plan_.mtu);
    for (std::size_t i = 0; i < plan_.nodes; ++i) {
        file << fmt::format("\n[[node]]\nname = \"{}\"\naddress = \"{}\"\n", node_name(i),
                            address_of(i));
    }
    file << fmt::format("\n[daemon]\nruntime_dir = \"{}\"\nmesh_dir = \"{}\"\n", folder_, folder_);
    return path;
}

std::vector<std::string> LocalCluster::command_at(std::size_t node,
                                                  const std::string& program) const {
    std::vector<std::string> command;
    if (networks_) command = networks_->place(node).prefix;
    const auto add = [&](std::initializer_list<std::string> words) {
        command.insert(command.end(), words);
    };
    add({program, "--config", folder_ + "/torc.toml", "--node", node_name(node)});
    if (is_dpdk(plan_.layout, node, plan_.nodes)) {
        const std::string device = plan_.layout == Layout::vhost
                                       ? "vhost-mesh"
                                       : "net_af_packet0,iface=" + networks_->place(node).interface;
        add({"--set", "daemon.port=dpdk", "--set", "daemon.device=" + device});
    } else {
        add({"--set", "daemon.port=udp"});
    }
    for (const std::string& setting : plan_.settings) add({"--set", setting});
    for (const std::string& setting : settings_of_environment()) add({"--set", setting});
    return command;
}

void LocalCluster::start() {
    for (std::size_t i = 0; i < plan_.nodes; ++i) start_daemon(i);
    if (wait_for_ring(plan_.nodes, 60)) return;
    std::string logs;
    for (std::size_t i = 0; i < plan_.nodes; ++i) logs += tail_of_log(i);
    throw std::runtime_error("the daemons did not form a ring within 60 s:\n" + logs);
}

void LocalCluster::start_daemon(std::size_t node) {
    const std::lock_guard guard(changing_);
    if (cleaned_) return;
    daemons_[node] = std::make_unique<Process>(
        command_at(node, plan_.torcd), log_of(node),
        plan_.keep ? Process::Lifetime::outlives_parent : Process::Lifetime::ends_with_parent);
}

void LocalCluster::kill_daemon(std::size_t node) {
    const std::lock_guard guard(changing_);
    if (cleaned_) return;
    daemons_[node]->signal(SIGKILL);
    // A loaded kernel has been seen to take 20 s to tear down a process with packet sockets.
    if (!daemons_[node]->wait(60)) throw std::runtime_error("SIGKILL did not end a daemon");
    daemons_[node].reset();
}

bool LocalCluster::stop_daemon(std::size_t node, double seconds) {
    const std::lock_guard guard(changing_);
    daemons_[node]->signal(SIGTERM);
    const bool ended = daemons_[node]->wait(seconds);
    if (ended) daemons_[node].reset();
    return ended;
}

bool LocalCluster::wait_for_ring(std::size_t members, double seconds) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (std::chrono::steady_clock::now() < limit) {
        bool formed = true;
        std::uint64_t epoch = 0;
        for (std::size_t i = 0; i < plan_.nodes && formed; ++i) {
            if (!daemons_[i]) continue;
            if (!daemons_[i]->running()) {
                throw std::runtime_error("daemon " + node_name(i) + " ended:\n" + tail_of_log(i));
            }
            const std::optional<DaemonStatus> seen = status(i);
            formed = seen && seen->pid == daemons_[i]->pid() && seen->state == "operational" &&
                     seen->members.size() == members && (epoch == 0 || epoch == seen->ring_epoch);
            if (seen) epoch = seen->ring_epoch;
        }
        if (formed) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
}

Target LocalCluster::target(std::size_t node, const std::string& session) const {
    Target target;
    target.daemon = node_name(node);
    target.runtime_dir = folder_;
    target.name = session;
    return target;
}

std::optional<DaemonStatus> LocalCluster::status(std::size_t node) const {
    return read_status(folder_, node_name(node));
}

std::string LocalCluster::log_of(std::size_t node) const {
    return folder_ + "/" + node_name(node) + ".log";
}

std::string LocalCluster::obituaries() {
    std::string text;
    for (std::size_t i = 0; i < plan_.nodes; ++i) {
        if (!daemons_[i] || daemons_[i]->running()) continue;
        text += fmt::format("daemon {} ended by itself, exit code {}\n{}", node_name(i),
                            daemons_[i]->exit_status(), tail_of_log(i));
    }
    return text;
}

std::string LocalCluster::tail_of_log(std::size_t node) const {
    std::ifstream file(log_of(node));
    std::ostringstream text;
    text << file.rdbuf();
    const std::string all = text.str();
    constexpr std::size_t kTail = 2000;
    return fmt::format("--- {} ---\n{}\n", log_of(node),
                       all.size() > kTail ? all.substr(all.size() - kTail) : all);
}

}  // namespace torc::tool
