// One client of the chaos test: a process with a session at one daemon that says, hears, joins,
// leaves and flushes at random, writes everything down, and comes back as another session when its
// daemon dies. It may itself be killed; the next process goes on where it was.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/prng.hpp"
#include "tests/chaos/client_log.hpp"
#include "tests/chaos/client_page.hpp"
#include "tools/torc/session.hpp"

namespace torc::chaos {

struct ClientPlan {
    std::uint32_t number{0};   ///< of the client, from 0
    std::uint32_t node{0};     ///< of its daemon
    std::uint32_t process{0};  ///< how many processes it had before
    std::uint64_t seed{0};
    double messages_per_second{100};
    std::uint32_t clients{0};     ///< in the whole run
    std::string daemon;           ///< name
    std::string runtime_dir;      ///< of the daemons
    std::string folder;           ///< of the traces
    std::uint32_t silent_ppm{0};  ///< flush requests of a million that it never answers
    std::uint32_t answer_ms{30};  ///< how long it thinks over an answer, at most
};

/// Files of a client in the folder of the run.
std::string page_path(const std::string& folder, std::uint32_t client);
std::string trace_path(const std::string& folder, std::uint32_t client);
std::string mistakes_path(const std::string& folder, std::uint32_t client);

class Client {
public:
    /// The group that every client is always a member of.
    static constexpr const char* kAll = "all";

    explicit Client(const ClientPlan& plan);
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    /// Until the page says that all is over. Never throws.
    void run();

private:
    static constexpr std::array<const char*, 5> kPlain{"g0", "g1", "g2", "g3", "g4"};
    static constexpr std::array<const char*, 3> kFlush{"f0", "f1", "f2"};
    static constexpr std::uint16_t kLast = 0xFFFF;  ///< type of a last message
    static constexpr std::int64_t kLook = 1'000'000;

    /// In a flush group, from its first view on.
    struct FlushStanding {
        bool asked{false};
        bool answered{false};
        bool silent{false};
        std::int64_t answer_at_ns{0};
        std::vector<std::string> members;
    };
    struct Operation {
        std::uint64_t number{0};
        std::uint64_t message{0};  ///< 0: none
        bool may_be_refused{false};
    };
    /// What must become of a message, by what this client knows.
    enum class Manners : std::uint8_t { good, bad, unclear };

    void live();
    bool connect();
    void one_session();
    void stay_until_gone();
    void act();
    void say_at_random();
    void cast_at_random();
    void join_or_leave();
    void say_last_if_due();
    bool say(unsigned service, const std::vector<std::string>& groups, std::uint16_t type,
             std::size_t size, bool subgroup = false);
    int hand_over(unsigned service, const std::vector<std::string>& groups, std::uint16_t type,
                  const std::vector<std::byte>& payload, bool subgroup);
    Manners manners_of(const std::vector<std::string>& groups) const;
    void join_group(const std::string& group);
    void note_operation(std::uint64_t message, bool may_be_refused);
    void answer_requests();
    void take(const torc_message& message);
    void take_message(const torc_message& message);
    void take_view(const torc_message& message);
    void take_request(const torc_message& message);
    void take_refusal(const torc_message& message);
    bool is_honest_end(int code) const;
    std::vector<std::string> random_groups();
    std::size_t random_size();

    static bool is_flush(const std::string& group) { return group.front() == 'f'; }
    Phase phase() const { return page_->phase.load(std::memory_order_acquire); }

    ClientPlan plan_;
    MappedPage page_;
    ClientLog log_;
    Prng prng_;

    std::unique_ptr<tool::Session> session_;
    std::string private_name_;
    std::uint32_t life_{0};
    std::uint64_t said_{0};  ///< in this life
    std::int64_t next_act_ns_{0};
    std::set<std::string> joined_;   ///< asked for and not left
    std::set<std::string> leaving_;  ///< flush groups: left, but not told so yet
    std::map<std::string, FlushStanding> flush_;
    std::set<std::string> known_names_;  ///< private names of the latest view of kAll
    std::deque<Operation> operations_;   ///< the latest ones
    bool weak_to_flush_{false};          ///< one below causal went to a flush group from outside
    std::set<std::uint32_t> last_of_;    ///< clients whose last message came
    bool last_said_{false};
};

}  // namespace torc::chaos
