// What a torc_session is, for the files of the library. It knows libc and nothing else: no operator
// new, no exception, no static object; it lives in memory of calloc() and shared segments.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <sys/types.h>

#include <pthread.h>
#include <unistd.h>

#include "client_shm/client/deadline.hpp"
#include "client_shm/client/flush_groups.hpp"
#include "client_shm/client/kept_heads.hpp"
#include "client_shm/client/lock.hpp"
#include "client_shm/client/run_walk.hpp"
#include "client_shm/layout.hpp"
#include "client_shm/rings.hpp"
#include "torc/torc.h"

namespace torc::client_shm {

/// A bell of this session and the word that tells the daemon to ring it.
struct Waiting {
    int bell{-1};
    int pollable{-1};  ///< epoll of the bell and the socket: what the program waits on
    Ticket* ticket{nullptr};
};

/// What has been received and not given back, oldest first: single records that the program holds,
/// and stretches of released ones that wait for an older one. Stretches are merged, so that a
/// thread that holds one record long does not use up the table for the others.
class HeldRecords {
public:
    bool full() const { return held_ == TORC_HELD_MAX; }
    /// Takes: a number that grows with each record; where the ring is free once this record and all
    /// before it are given back; what it takes of the log; and where its names lie.
    void add(std::uint64_t number, std::uint64_t end, std::uint64_t log_bytes, std::uint8_t place,
             KeptHeads& heads) {
        if (end_ == kStretchesMax) move_to_front();
        stretches_[end_++] = {number, end, log_bytes, 1, false, place};
        ++held_;
        heads.hold(place);
    }
    /// False if no such record is held. Else `head` is where the ring is free up to now.
    bool release(std::uint64_t number, std::uint64_t& head, KeptHeads& heads);
    /// The same, with all that were received before it.
    bool release_through(std::uint64_t number, std::uint64_t& head, KeptHeads& heads);
    /// Records given back together with all before them, of all time; and their bytes in the log.
    std::uint64_t released() const { return released_; }
    std::uint64_t log_released() const { return log_released_; }

private:
    struct Stretch {
        std::uint64_t number;
        std::uint64_t end;
        std::uint64_t log_bytes;
        std::uint32_t records;
        bool released;
        std::uint8_t place;  ///< in KeptHeads, while it is held
    };
    bool is_held(std::uint32_t at, std::uint64_t number) const {
        return stretches_[at].number == number && !stretches_[at].released;
    }
    void merge_with_next(std::uint32_t at);
    void drop_first(std::uint64_t& head);
    void move_to_front();

    // No two released ones are neighbours; one more record for torc_receive_into(), which keeps
    // none. The first is held: released ones in front are gone.
    static constexpr std::uint32_t kStretchesMax = 2 * (TORC_HELD_MAX + 1);
    Stretch stretches_[kStretchesMax];
    std::uint32_t first_{0};
    std::uint32_t end_{0};
    std::uint32_t held_{0};
    std::uint64_t released_{0};
    std::uint64_t log_released_{0};
};

/// What stands in front of the payload of the last message sent: one to the same groups goes
/// without (kSameHead). Under the send lock.
struct SentHead {
    bool known{false};  ///< the last record of the ring is a `send` that begins so
    std::uint32_t bytes{0};
    alignas(SendBody) std::byte at[kSharedHeadBytesMax];
};

struct Mapping {
    void* base{nullptr};
    std::size_t bytes{0};
};

}  // namespace torc::client_shm

struct torc_session {
    // set by connect
    bool single_threaded{false};
    std::int64_t spin_ns{0};
    std::size_t message_bytes_max{0};
    int socket{-1};
    int doorbell{-1};  ///< the core's
    torc::client_shm::Waiting receiving;
    torc::client_shm::Waiting sending;
    torc::client_shm::Mapping submit_map;
    torc::client_shm::Mapping deliver_map;
    torc::client_shm::Mapping daemon_map;
    torc::client_shm::Mapping log_map;
    torc::client_shm::SubmitHeader* submit_header{nullptr};
    const torc::client_shm::DeliverHeader* deliver_header{nullptr};
    const torc::client_shm::DaemonHeader* daemon_header{nullptr};
    /// A page that the kernel wipes in a forked child: 1 here, 0 there.
    std::uint32_t* fork_guard{nullptr};
    pid_t owner{0};  ///< only where the kernel cannot wipe
    char private_name[72]{};

    /// Code of the session's end; 0 while it lives. Set once.
    std::atomic<int> ended{0};
    std::atomic<bool> hung_up{false};
    /// Of any thread that waits: others used its processor when it last offered it; and when one
    /// that timed out last looked at the socket.
    std::atomic<bool> shares_processor{false};
    std::atomic<std::int64_t> wait_looked_ns{0};
    std::size_t group_name_max{TORC_GROUP_NAME_MAX};
    torc::client_shm::FlushGroups flush_groups;

    // the sender's side, under send_lock
    alignas(torc::kCacheLine) torc::client_shm::Lock send_lock;
    torc::client_shm::RingProducer submit;
    std::uint32_t core_answered{0};  ///< the core's sleep that we have rung for
    std::int64_t looked_ns{0};       ///< when a send last looked at the socket
    std::uint32_t sends_unlooked{0};
    std::atomic<std::uint64_t> operations{0};
    std::atomic<bool> reserving{false};
    std::atomic<pthread_t> reserver{};
    std::uint64_t reservation{0};          ///< number of the reservation under way
    std::uint32_t reserved_head_bytes{0};  ///< SendBody, names and padding in front of the payload
    std::uint16_t reserved_flags{0};       ///< of its record
    torc::client_shm::SentHead sent_head;

    // the receiver's side, under receive_lock
    alignas(torc::kCacheLine) torc::client_shm::Lock receive_lock;
    torc::client_shm::RingConsumer deliver;
    torc::client_shm::RunWalk walk;
    std::atomic<std::uint64_t> received{0};  ///< cursor of `deliver`, for those without the lock
    std::atomic<std::uint64_t> records{0};   ///< received; the number of the latest
    torc::client_shm::HeldRecords held;
    torc::client_shm::KeptHeads heads;
    std::uint32_t empty_looks{0};
};

namespace torc::client_shm {

inline bool forked(const torc_session& session) {
    if (session.fork_guard != nullptr) return *session.fork_guard == 0;
    return session.owner != getpid();
}
/// TORC_OK, or why the session cannot be used: forked or ended. No system call.
inline int usable(const torc_session& session) {
    if (forked(session)) return TORC_ERROR_FORKED;
    return session.ended.load(std::memory_order_relaxed);
}

/// Remembers the first reason and gives the one that stands.
int end_session(torc_session& session, int code);
/// The rest of `check_ended`, where the state word alone does not say that the session lives.
int look_for_end(torc_session& session, bool look_at_socket);
/// Looks at the state word; with `look_at_socket` also for the daemon's death (a system call).
inline int check_ended(torc_session& session, bool look_at_socket) {
    const bool open = session.ended.load(std::memory_order_relaxed) == 0 &&
                      session.deliver_header->state.load(std::memory_order_acquire) !=
                          static_cast<std::uint32_t>(SessionState::ended);
    return open && !look_at_socket ? TORC_OK : look_for_end(session, look_at_socket);
}

/// Announces to the daemon that somebody waits. `ready(session, argument)` is looked at once more
/// after that. Gives TORC_OK (wait now), TORC_READY, or the session's end.
using ReadyFn = bool (*)(const torc_session&, std::uint64_t);
int arm(torc_session& session, const Waiting& waiting, ReadyFn ready, std::uint64_t argument);
/// Spins a while, then arms and sleeps until `ready`, the end of the session or the deadline.
/// Gives TORC_OK (look again), TORC_WOULD_BLOCK or the session's end.
int wait_until(torc_session& session, const Waiting& waiting, ReadyFn ready, std::uint64_t argument,
               Deadline& deadline);

bool has_records(const torc_session& session, std::uint64_t);
bool has_room(const torc_session& session, std::uint64_t bytes);

/// For a core that announced its sleep with that ticket (a system call).
void wake_core(torc_session& session, std::uint32_t ticket);
/// Wakes the core if it sleeps; after publishing, under the send lock.
inline void ring_core(torc_session& session) {
    full_fence();  // pairs with the fence in ClientPlane::arm_sleep
    const std::uint32_t ticket = session.daemon_header->core_ticket.load(std::memory_order_relaxed);
    if (ticket % 2 == 1 && ticket != session.core_answered) wake_core(session, ticket);
}
/// `check_ended`, now and then with a look at the socket. Under the send lock.
int check_ended_sending(torc_session& session);

}  // namespace torc::client_shm
