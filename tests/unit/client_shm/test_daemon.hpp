// A daemon without a network for the tests of clients: the real acceptor and the real client plane
// around an engine of thirty lines that orders what it gets. In threads of the test, or in a child
// process that can be killed.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "client_shm/server/acceptor.hpp"
#include "client_shm/server/client_plane.hpp"
#include "client_shm/server/client_relay.hpp"
#include "client_shm/server/relayed_plane.hpp"

namespace torc::client_shm::test {

/// A directory of its own, gone with the test.
class TempDir {
public:
    TempDir() {
        char pattern[] = "/tmp/torc-test-XXXXXX";
        path_ = mkdtemp(pattern);
    }
    ~TempDir() { rmdir(path_.c_str()); }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    const std::string& path() const { return path_; }
    std::string socket(const std::string& node = "n1") const {
        return path_ + "/" + node + ".sock";
    }

private:
    std::string path_;
};

/// Orders operations in the order they come; tells members of views; echoes messages to members.
template <typename Clients>
class TinyEngine {
public:
    explicit TinyEngine(Clients& plane) : plane_{plane} {}

    engine::Accept on_client(const engine::ClientOp& op) {
        using Kind = engine::ClientOp::Kind;
        const std::uint32_t id = raw(op.session);
        switch (op.kind) {
            case Kind::open:
                names_[id] = "#" + std::string(op.name) + "#n1";
                return engine::Accept::accepted;
            case Kind::close:
                for (auto& [group, members] : groups_) leave(group, op.session, true);
                names_.erase(id);
                return engine::Accept::accepted;
            case Kind::join:
                return join(op);
            case Kind::leave:
                plane_.ordered(op.session, Service::agreed);
                leave(std::string(op.name), op.session, false);
                return engine::Accept::accepted;
            case Kind::send:
                return send(op);
            case Kind::flush_ok:
                return flush_ok(op);
        }
        return engine::Accept::illegal;
    }
    std::size_t sessions() const { return names_.size(); }

private:
    /// "forbidden" is refused at once, "full" by the order; a flush join asks who is there.
    engine::Accept join(const engine::ClientOp& op) {
        if (op.name == "forbidden") return engine::Accept::illegal;
        plane_.ordered(op.session, Service::agreed);
        if (op.name == "full") {
            plane_.session(op.session, engine::SessionOutcome::limit_reached);
            return engine::Accept::accepted;
        }
        const std::string group(op.name);
        auto& members = groups_[group];
        if (std::find(members.begin(), members.end(), op.session) != members.end()) {
            return engine::Accept::accepted;
        }
        if (op.join_kind == engine::JoinKind::flush && !members.empty()) {
            joiners_[group].push_back(op.session);
            waiting_[group] = members;
            for (const SessionId member : members) plane_.flush({member, op.name});
            return engine::Accept::accepted;
        }
        members.push_back(op.session);
        tell(group, engine::ViewCause::join, names_[raw(op.session)]);
        return engine::Accept::accepted;
    }
    engine::Accept flush_ok(const engine::ClientOp& op) {
        const std::string group(op.name);
        auto& waiting = waiting_[group];
        const auto found = std::find(waiting.begin(), waiting.end(), op.session);
        if (found == waiting.end()) return engine::Accept::flushed;
        plane_.ordered(op.session, Service::agreed);
        waiting.erase(found);
        if (!waiting.empty()) return engine::Accept::accepted;
        for (const SessionId joiner : joiners_[group]) groups_[group].push_back(joiner);
        tell(group, engine::ViewCause::join, names_[raw(joiners_[group].back())]);
        joiners_[group].clear();
        return engine::Accept::accepted;
    }
    engine::Accept send(const engine::ClientOp& op) {
        if (op.groups[0] == "closed") return engine::Accept::not_member;
        plane_.ordered(op.session, op.service);
        std::vector<SessionId> targets;
        for (const std::string_view group : op.groups) {
            for (const auto& [id, name] : names_) {
                if (name == group) targets.push_back(session_id(id));
            }
            for (const SessionId member : groups_[std::string(group)]) {
                if (std::find(targets.begin(), targets.end(), member) == targets.end() &&
                    !(op.self_discard && member == op.session)) {
                    targets.push_back(member);
                }
            }
        }
        engine::Delivery delivery;
        delivery.sessions = targets;
        delivery.sender = names_[raw(op.session)];
        delivery.groups = op.groups;
        delivery.service = op.service;
        delivery.type = op.type;
        delivery.ring = {7, NodeIndex{3}};
        delivery.repeats = is_in_last_frame(op, targets);
        delivery.seq = Seq{seq_};
        delivery.index = 5 + in_frame_;
        delivery.payload = op.payload;
        plane_.deliver(delivery);
        return engine::Accept::accepted;
    }
    /// Up to four messages of one envelope, to the same sessions, are in one frame.
    bool is_in_last_frame(const engine::ClientOp& op, const std::vector<SessionId>& targets) {
        std::string envelope = names_[raw(op.session)] + '\0' + std::to_string(op.type);
        for (const std::string_view group : op.groups) envelope += '\0' + std::string(group);
        const bool repeats = ++in_frame_ < 4 && envelope == envelope_ && targets == targets_;
        envelope_ = envelope;
        targets_ = targets;
        if (repeats) return true;
        ++seq_;
        in_frame_ = 0;
        return false;
    }
    void leave(const std::string& group, SessionId session, bool gone) {
        auto& members = groups_[group];
        const auto found = std::find(members.begin(), members.end(), session);
        if (found == members.end()) return;
        members.erase(found);
        const std::string who = names_[raw(session)];
        if (!gone) {
            engine::ViewEvent event;
            event.session = session;
            event.group = group;
            event.cause = engine::ViewCause::self_leave;
            plane_.view(event);
        }
        tell(group, gone ? engine::ViewCause::disconnect : engine::ViewCause::leave, who);
    }
    void tell(const std::string& group, engine::ViewCause cause, const std::string& who) {
        std::vector<std::string_view> names;
        for (const SessionId member : groups_[group]) names.push_back(names_[raw(member)]);
        for (const SessionId member : groups_[group]) {
            engine::ViewEvent event;
            event.session = member;
            event.group = group;
            event.cause = cause;
            event.ring = {7, NodeIndex{3}};
            event.index = ++view_;
            event.who = who;
            event.members = names;
            plane_.view(event);
        }
    }

    Clients& plane_;
    std::map<std::uint32_t, std::string> names_;
    std::map<std::string, std::vector<SessionId>> groups_;
    std::map<std::string, std::vector<SessionId>> joiners_;  ///< of flush groups, without a view
    std::map<std::string, std::vector<SessionId>> waiting_;  ///< for their flush_ok
    std::uint64_t seq_{0};
    std::string envelope_;  ///< of the last message
    std::vector<SessionId> targets_;
    std::uint32_t in_frame_{0};
    std::uint64_t view_{0};
};

/// Set for the program whose every test runs over two cores.
#ifdef TORC_TEST_CLIENT_CORE
inline constexpr bool kAllHaveClientCore = true;
#else
inline constexpr bool kAllHaveClientCore = false;
#endif

struct TestDaemonOptions {
    TableOptions table{"n1", 8, 256 * 1024, 64 * 1024};
    PlaneOptions plane;
    AcceptorOptions acceptor;
    bool core_serves{true};  ///< false: the core runs but takes nothing from clients
    /// Clients have a core of their own.
    bool has_client_core{kAllHaveClientCore};
};

class TestDaemon {
public:
    explicit TestDaemon(const std::string& socket_path, TestDaemonOptions options = {})
        : options_{std::move(options)} {
        options_.acceptor.socket_path = socket_path;
        auto table = SessionTable::make(options_.table);
        if (!table) abort();
        table_ = std::move(*table);
        options_.plane.is_ahead = options_.has_client_core;
        plane_ = std::make_unique<ClientPlane>(*table_, options_.plane);
        auto acceptor = Acceptor::make(*table_, options_.acceptor);
        if (!acceptor) abort();
        acceptor_ = std::move(*acceptor);
        control_ = std::thread([this] {
            while (!stop_control_.load()) {
                acceptor_->step(std::chrono::milliseconds{50});
                hung_up.store(acceptor_->counters().hung_up);
            }
        });
        if (!options_.has_client_core) {
            core_ = std::thread([this] { run_core(*plane_); });
            return;
        }
        auto link = CoreLink::make(*table_);
        if (!link) abort();
        link_ = std::move(*link);
        relay_ = std::make_unique<ClientRelay>(*link_, *table_);
        relayed_ = std::make_unique<RelayedPlane>(*link_, *plane_);
        core_ = std::thread([this] { run_core(*relay_); });
        client_core_ = std::thread([this] { run_client_core(); });
    }
    ~TestDaemon() { stop(); }
    TestDaemon(const TestDaemon&) = delete;
    TestDaemon& operator=(const TestDaemon&) = delete;

    /// In order: every session ends with `shutdown` and is released before the threads go.
    void stop() {
        if (!core_.joinable()) return;
        stop_core_.store(true);
        ring_bell(link_ ? link_->ring_bell() : table_->core_bell());
        core_.join();
        if (client_core_.joinable()) {
            stop_client_core_.store(true);
            ring_bell(table_->core_bell());
            client_core_.join();
        }
        stop_control_.store(true);
        acceptor_->wake();
        control_.join();
        acceptor_->step(Nanos{0});
        counters = acceptor_->counters();
        plane_counters = plane_->counters();
        acceptor_.reset();
    }

    AcceptorCounters counters;     ///< after stop()
    PlaneCounters plane_counters;  ///< after stop()
    SessionTable& table() { return *table_; }
    std::atomic<std::size_t> sessions{0};
    std::atomic<std::uint64_t> hung_up{0};

private:
    template <typename Clients>
    void run_core(Clients& clients) {
        TinyEngine<Clients> engine(clients);
        bool ending = false;
        while (!ending || clients.sessions() > 0) {
            if (!ending && stop_core_.load()) {
                ending = true;
                clients.kick_all(Reason::shutdown);
            }
            const bool serve = options_.core_serves || ending;
            const std::size_t taken = clients.poll(Instant{}, [&](const engine::ClientOp& op) {
                if (!serve && op.kind != engine::ClientOp::Kind::open) {
                    return engine::Accept::would_block;
                }
                return engine.on_client(op);
            });
            clients.publish();
            if (!options_.has_client_core) sessions.store(clients.sessions());
            if (taken > 0 || ending || !clients.arm_sleep()) continue;
            wait_for(clients.doorbell_fd());
            clients.disarm_sleep();
        }
    }
    void run_client_core() {
        Instant now{};
        while (!stop_client_core_.load()) {
            const RelayedPlane::Found found =
                relayed_->pass(now += RelayedPlane::kCountersInterval);
            sessions.store(plane_->sessions());
            if (found.events + found.operations > 0 || !relayed_->arm_sleep()) continue;
            wait_for(relayed_->doorbell_fd());
            relayed_->disarm_sleep();
        }
        relayed_->finish(now);
    }
    static void wait_for(int doorbell) {
        pollfd bell{doorbell, POLLIN, 0};
        poll(&bell, 1, 60'000);  // long: a bell that is not rung must fail a test
    }

    TestDaemonOptions options_;
    std::unique_ptr<SessionTable> table_;
    std::unique_ptr<ClientPlane> plane_;
    std::unique_ptr<CoreLink> link_;  ///< this and the two below: with a client core
    std::unique_ptr<ClientRelay> relay_;
    std::unique_ptr<RelayedPlane> relayed_;
    std::unique_ptr<Acceptor> acceptor_;
    std::atomic<bool> stop_core_{false};
    std::atomic<bool> stop_control_{false};
    std::atomic<bool> stop_client_core_{false};
    std::thread control_;
    std::thread core_;
    std::thread client_core_;
};

/// The same in a child process; SIGKILL is how it ends. Call before the test starts threads.
class KillableDaemon {
public:
    explicit KillableDaemon(const std::string& socket_path, const TestDaemonOptions& options = {})
        : socket_path_{socket_path} {
        pid_ = fork();
        if (pid_ != 0) return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        TestDaemon daemon(socket_path, options);
        for (;;) pause();
    }
    ~KillableDaemon() {
        kill();
        unlink(socket_path_.c_str());
        unlink((socket_path_ + ".lock").c_str());
    }
    KillableDaemon(const KillableDaemon&) = delete;
    KillableDaemon& operator=(const KillableDaemon&) = delete;

    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

private:
    std::string socket_path_;
    pid_t pid_{-1};
};

}  // namespace torc::client_shm::test
