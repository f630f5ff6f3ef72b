// Lets clients in: a Unix SEQPACKET socket on which a client says hello once and gets its memory
// and bells by SCM_RIGHTS. After that the connection stays silent and tells either side of the
// other's end. Everything a stranger can cause is bounded: connections that have not said hello,
// the time they may take, sessions.
//
// Threads: all of it belongs to the control thread, `wake` to anyone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "client_shm/server/fd.hpp"
#include "client_shm/server/fd_watcher.hpp"
#include "client_shm/server/session_table.hpp"

namespace torc::client_shm {

struct AcceptorOptions {
    std::string socket_path;       ///< "<runtime_dir>/<node>.sock"
    mode_t mode{0660};             ///< who may connect: owner and group of the daemon
    std::uint32_t hellos_max{64};  ///< connections that have not said hello; the oldest goes first
    Nanos hello_timeout{std::chrono::seconds{2}};
    bool allow_uring{true};
};

struct AcceptorCounters {
    std::uint64_t accepted{0};       ///< connections
    std::uint64_t opened{0};         ///< sessions
    std::uint64_t refused{0};        ///< hellos answered with a reason
    std::uint64_t malformed{0};      ///< hellos that were none
    std::uint64_t timed_out{0};      ///< connections without a hello, dropped for time or number
    std::uint64_t hung_up{0};        ///< sessions whose client went away
    std::uint64_t kicked{0};         ///< sessions that the core ended
    std::uint64_t controls{0};       ///< orders of an administrator obeyed
    std::uint64_t no_descriptor{0};  ///< connections closed because descriptors ran out
};

/// Who is at the other end of a session, as the kernel says.
struct Peer {
    pid_t pid{0};
    uid_t uid{0};
    gid_t gid{0};
};

class Acceptor {
public:
    /// Fails: another daemon holds the socket, path too long, directory missing, no permission.
    static Result<std::unique_ptr<Acceptor>> make(SessionTable& table,
                                                  const AcceptorOptions& options);
    /// Removes the socket. Clients see the hang-up.
    ~Acceptor();
    Acceptor(const Acceptor&) = delete;
    Acceptor& operator=(const Acceptor&) = delete;

    /// Serves what is ready and what the core has sent; waits at most `timeout` for the first.
    void step(Nanos timeout);
    /// `step` returns early while `fd` is readable; reading it is the caller's business. Once; the
    /// descriptor outlives this object.
    void wake_on(int fd);
    /// Ends a wait of `step` early.
    void wake() const { ring_bell(table_.control_bell()); }

    /// No new sessions from now on; those that are open go on.
    void stop_listening();
    Peer peer(SessionId session) const;
    const AcceptorCounters& counters() const { return counters_; }
    const char* watcher_name() const { return watcher_->name(); }
    std::size_t connections() const { return connections_.size(); }

private:
    struct Connection {
        Fd socket;
        bool has_session{false};
        bool answered{false};  ///< the core has opened the session and the client knows
        bool let_go{false};    ///< the client has said that it is done, but may still read
        SessionId session;
        std::int64_t hello_deadline_ns{0};
        Peer peer;
    };

    Acceptor(SessionTable& table, const AcceptorOptions& options);
    Result<Fd> take_lock();
    Result<Fd> listen_socket();
    void accept_some();
    void refuse_without_descriptor();
    void add_connection(Fd socket);
    void on_connection(std::uint64_t token);
    void on_session(std::uint64_t token, Connection& connection, bool said_something);
    void on_hello(std::uint64_t token, Connection& connection, const HelloRequest& hello);
    void on_control(const Connection& connection, const ControlRequest& request);
    void admit(std::uint64_t token, Connection& connection);
    void refuse(std::uint64_t token, Connection& connection, Reason reason);
    bool send_reply(const Connection& connection, const HelloReply& reply,
                    const SessionSlot* slot) const;
    void hear_core();
    void expire_hellos();
    void drop(std::uint64_t token);

    SessionTable& table_;
    AcceptorOptions options_;
    std::unique_ptr<FdWatcher> watcher_;
    Fd lock_;
    Fd listener_;
    Fd spare_;  ///< given up to accept and close one connection when descriptors run out
    std::uint64_t next_token_{3};
    std::uint32_t hellos_{0};
    std::unordered_map<std::uint64_t, Connection> connections_;
    std::vector<std::uint64_t> token_of_slot_;
    AcceptorCounters counters_;
};

}  // namespace torc::client_shm
