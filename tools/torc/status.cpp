// torc status: what each daemon of this machine says about its ring, its rates and its clients.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/torc/command.hpp"
#include "tools/torc/status_reader.hpp"

namespace torc::tool {
namespace {

/// Counters whose growth per second is worth a line.
constexpr std::array<std::pair<const char*, const char*>, 5> kRates{{
    {"data_sent", "data frames sent"},
    {"data_received", "data frames received"},
    {"token_accepted", "tokens"},
    {"fan_out", "records to clients"},
    {"retransmissions_answered", "retransmissions"},
}};

std::string words(const std::vector<std::string>& list) {
    std::string text;
    for (const std::string& word : list) text += (text.empty() ? "" : " ") + word;
    return text;
}

class Status : public Command {
public:
    void declare(CLI::App& program) override {
        app_ = program.add_subcommand("status", "ring, rates and clients of the daemons here");
        app_->add_option("-d,--daemon", daemon_, "only this one");
        app_->add_option("-r,--runtime-dir", runtime_dir_, "where daemons keep their files")
            ->envname("TORC_RUNTIME_DIR")
            ->capture_default_str();
        app_->add_option("--interval", interval_s_, "seconds over which rates are taken")
            ->capture_default_str();
        app_->add_flag("--json", json_, "for programs");
        app_->add_flag("--counters", counters_, "all counters as well");
    }

    int run() override {
        std::vector<std::string> nodes{daemon_};
        if (daemon_.empty()) nodes = nodes_in(runtime_dir_);
        std::vector<std::optional<DaemonStatus>> before;
        for (const std::string& node : nodes) before.push_back(read_status(runtime_dir_, node));
        std::this_thread::sleep_for(std::chrono::duration<double>(interval_s_));
        nlohmann::json list = nlohmann::json::array();
        bool healthy = !nodes.empty();
        for (std::size_t i = 0; i < nodes.size(); ++i) {
            const auto now = read_status(runtime_dir_, nodes[i]);
            healthy = healthy && now && now->alive && now->state == "operational";
            if (json_) {
                list.push_back(as_json(nodes[i], before[i], now));
            } else {
                print(nodes[i], before[i], now);
            }
        }
        if (json_) std::printf("%s\n", list.dump(2).c_str());
        if (nodes.empty()) std::fprintf(stderr, "torc: no daemon in %s\n", runtime_dir_.c_str());
        return healthy ? EXIT_SUCCESS : EXIT_FAILURE;
    }

private:
    double rate(const DaemonStatus& before, const DaemonStatus& now, const char* name) const {
        return static_cast<double>(now.counters.at(name) - before.counters.at(name)) / interval_s_;
    }

    void print(const std::string& node, const std::optional<DaemonStatus>& before,
               const std::optional<DaemonStatus>& now) const {
        if (!now) {
            fmt::print("{}: no counters file, or not a valid one\n", node);
            return;
        }
        fmt::print("{}: {}{}, pid {}\n", node, now->state, now->alive ? "" : " (dead)", now->pid);
        fmt::print("  ring {} led by {}: {}{}\n", now->ring_epoch >> 24, now->representative,
                   words(now->members),
                   now->missing.empty() ? "" : "; missing " + words(now->missing));
        print_lossy(*now);
        fmt::print("  rotation {:.1f} us, longest {:.1f} us; seq {}, stable {}\n",
                   static_cast<double>(now->counters.at("rotation")) / 1e3,
                   static_cast<double>(now->counters.at("rotation_peak")) / 1e3, now->high,
                   now->stable);
        print_gaps(*now);
        for (const auto& [name, title] : kRates) {
            if (before) fmt::print("  {:>12.0f} {}/s\n", rate(*before, *now, name), title);
        }
        fmt::print("  {} clients\n", now->sessions.size());
        for (const SessionInfo& session : now->sessions) {
            print_session(*now, session);
        }
        if (!counters_) return;
        for (const auto& [name, value] : now->counters) fmt::print("  {} {}\n", name, value);
    }

    /// Who it is, what it did, and how far it is behind.
    static void print_session(const DaemonStatus& now, const SessionInfo& session) {
        const double full = session.capacity == 0
                                ? 0
                                : 100.0 * static_cast<double>(session.unread_bytes) /
                                      static_cast<double>(session.capacity);
        fmt::print(
            "    #{}#{} pid {} uid {}: sent {}, got {}, lag {} records, {} bytes ({:.0f} %)\n",
            session.name, now.node, session.pid, session.uid, session.taken, session.written,
            session.unread, session.unread_bytes, full);
    }

    static void print_lossy(const DaemonStatus& now) {
        const auto counted = [&](const char* name) {
            const auto at = now.counters.find(name);
            return at == now.counters.end() ? 0 : at->second;
        };
        if (counted("lossy") == 0) return;
        fmt::print("  LOSSY ON PURPOSE: {} frames lost, {} repeated, {} delayed\n",
                   counted("lossy_lost"), counted("lossy_duplicated"), counted("lossy_delayed"));
    }

    /// How much of token_loss the worst standstill of the ring core took.
    static void print_gaps(const DaemonStatus& now) {
        constexpr std::uint64_t kGapsPerTokenLoss = 5;  // protocol.md 3.5
        const std::uint64_t gap = now.counters.at("poll_gap_peak");
        const std::uint64_t loss = now.counters.at("token_loss");
        fmt::print("  longest standstill {:.1f} ms, token_loss {:.0f} ms{}; {} pauses\n",
                   static_cast<double>(gap) / 1e6, static_cast<double>(loss) / 1e6,
                   gap * kGapsPerTokenLoss > loss ? " (should be 5 times as long)" : "",
                   now.counters.at("pauses"));
    }

    nlohmann::json as_json(const std::string& node, const std::optional<DaemonStatus>& before,
                           const std::optional<DaemonStatus>& now) const {
        nlohmann::json json{{"node", node}};
        if (!now) return json;
        json["cluster"] = now->cluster;
        json["pid"] = now->pid;
        json["alive"] = now->alive;
        json["state"] = now->state;
        json["ring"] = {{"epoch", now->ring_epoch}, {"representative", now->representative},
                        {"members", now->members},  {"missing", now->missing},
                        {"seq", now->high},         {"stable", now->stable}};
        json["rotation_ns"] = now->counters.at("rotation");
        for (const auto& [name, title] : kRates) {
            if (before) json["rates"][name] = rate(*before, *now, name);
        }
        json["clients"] = nlohmann::json::array();
        for (const SessionInfo& session : now->sessions) {
            json["clients"].push_back({{"name", session.name},
                                       {"pid", session.pid},
                                       {"uid", session.uid},
                                       {"operations", session.taken},
                                       {"records", session.written},
                                       {"lag", session.unread},
                                       {"lag_bytes", session.unread_bytes},
                                       {"capacity", session.capacity}});
        }
        json["counters"] = now->counters;
        return json;
    }

    std::string daemon_;
    std::string runtime_dir_{"/run/torc"};
    double interval_s_{1};
    bool json_{false};
    bool counters_{false};
};

}  // namespace

std::unique_ptr<Command> make_status() { return std::make_unique<Status>(); }

}  // namespace torc::tool
