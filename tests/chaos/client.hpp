// One client of the chaos test: a thread with a session at one daemon that says, hears, joins and
// leaves at random, writes everything down, and comes back as another session when its daemon dies.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/prng.hpp"
#include "tests/chaos/client_log.hpp"
#include "tools/torc/session.hpp"

namespace torc::chaos {

struct ClientPlan {
    std::uint32_t number{0};  ///< of the client, from 0
    std::uint32_t node{0};    ///< of its daemon
    std::uint64_t seed{0};
    double messages_per_second{100};
    std::uint32_t clients{0};  ///< in the whole run
};

class Client {
public:
    /// What all clients do now; each moves on by itself.
    enum class Phase : int {
        chaos,  ///< everything at random
        last,   ///< nothing new but one last message to the group of all
        over,   ///< ends
    };
    /// The group that every client is always a member of.
    static constexpr const char* kAll = "all";

    Client(tool::Target target, const ClientPlan& plan, const std::atomic<Phase>& phase);
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void start();
    void join() { thread_.join(); }
    /// Has heard the last message of every client, its own included.
    bool has_all_last() const { return has_all_last_.load(std::memory_order_acquire); }
    /// What it waits for, for the report of a run that does not come to rest.
    std::string waits_for() const;

    ClientLog& log() { return log_; }
    const ClientLog& log() const { return log_; }

private:
    static constexpr std::array<const char*, 5> kGroups{"g0", "g1", "g2", "g3", "g4"};
    static constexpr std::uint16_t kLast = 0xFFFF;  ///< type of a last message
    static constexpr std::int64_t kLook = 1'000'000;

    void run();
    void live();
    bool connect();
    void one_session();
    void act();
    void say_at_random();
    void join_or_leave();
    void say_last_if_due();
    bool say(unsigned service, const std::vector<std::string>& groups, std::uint16_t type,
             std::size_t size);
    void join_group(const std::string& group);
    void take(const torc_message& message);
    void take_message(const torc_message& message);
    void take_view(const torc_message& message);
    void take_refusal(const torc_message& message);
    std::vector<std::string> random_groups();
    std::size_t random_size();

    Phase phase() const { return phase_.load(std::memory_order_acquire); }

    tool::Target target_;
    ClientPlan plan_;
    const std::atomic<Phase>& phase_;
    Prng prng_;
    ClientLog log_;
    std::thread thread_;

    std::unique_ptr<tool::Session> session_;
    std::string private_name_;
    std::uint32_t life_{0};
    std::uint64_t said_{0};  ///< in this life
    std::int64_t next_act_ns_{0};
    std::set<std::string> joined_;       ///< asked for and not left
    std::set<std::string> known_names_;  ///< private names of the latest view of kAll
    std::vector<std::pair<std::uint64_t, std::uint64_t>> operations_;  ///< operation, message
    std::set<std::uint32_t> last_of_;  ///< clients whose last message came
    bool last_said_{false};

    std::atomic<std::uint32_t> members_{0};  ///< of kAll
    std::atomic<std::uint32_t> lasts_{0};
    std::atomic<bool> has_session_{false};
    std::atomic<bool> has_all_last_{false};
};

}  // namespace torc::chaos
