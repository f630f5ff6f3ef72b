// Waiting: spin, arm, sleep; and how a session learns that it has ended.
//
// A bell stays readable until somebody empties it, and only `arm` does, right before it announces a
// new sleep. So of several threads that wait on one bell none misses a ring: whoever finds things
// ready after having emptied it rings it again for the others.
#include <cerrno>
#include <sys/socket.h>

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "client_shm/client/session.hpp"

namespace torc::client_shm {
namespace {

/// Neither sends nor waits that time out look at the socket more often than this.
constexpr std::int64_t kSocketLookNs = 10'000'000;
/// A send asks the clock for that before every so manieth.
constexpr std::uint32_t kSendsPerLook = 8;

/// Looks between two offers of the processor that nobody takes.
constexpr int kLooksAlone = 16;
/// An offer that took longer was taken: two switches between processes cost more.
constexpr std::int64_t kOfferTakenNs = 1'000;

void write_bell(int bell) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(bell, &one, sizeof one);
}

void pause_cpu() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm("yield");
#endif
}

/// Looks for a while before it sleeps. Between looks the processor is offered to others: the daemon
/// may be waiting for it, and who looks through its time slice then waits for itself. While
/// somebody takes what is offered there is one look between two offers, and none before the first:
/// each turn is the shorter for it. With nobody waiting an offer costs a fifth of a microsecond.
bool spin_until(torc_session& session, ReadyFn ready, std::uint64_t argument, Deadline& deadline) {
    if (session.spin_ns <= 0) return false;
    const std::int64_t until = monotonic_ns() + session.spin_ns;
    bool shares = session.shares_processor.load(std::memory_order_relaxed);
    for (int looks = shares ? 0 : kLooksAlone;; looks = shares ? 1 : kLooksAlone) {
        for (int i = 0; i < looks; ++i) {
            if (ready(session, argument)) return true;
            pause_cpu();
        }
        const std::int64_t offered = monotonic_ns();
        sched_yield();
        const std::int64_t now = monotonic_ns();
        if (shares != (now - offered > kOfferTakenNs)) {
            shares = !shares;
            session.shares_processor.store(shares, std::memory_order_relaxed);
        }
        if (now >= until || deadline.passed()) return ready(session, argument);
    }
}

/// A program that polls with short timeouts never sleeps, and so never asks the socket whether the
/// daemon lives; here it does, now and then. The next call tells what was found.
int give_up_waiting(torc_session& session) {
    const std::int64_t now = monotonic_ns();
    const std::int64_t looked = session.wait_looked_ns.load(std::memory_order_relaxed);
    if (now - looked > kSocketLookNs) {
        session.wait_looked_ns.store(now, std::memory_order_relaxed);
        check_ended(session, true);
    }
    return TORC_WOULD_BLOCK;
}

}  // namespace

int end_session(torc_session& session, int code) {
    int none = 0;
    session.ended.compare_exchange_strong(none, code, std::memory_order_relaxed);
    return none == 0 ? code : none;
}

int look_for_end(torc_session& session, bool look_at_socket) {
    if (const int ended = session.ended.load(std::memory_order_relaxed); ended != 0) return ended;
    bool lost = false;
    if (look_at_socket) {
        pollfd socket{session.socket, POLLIN, 0};
        lost = poll(&socket, 1, 0) > 0;  // the daemon never writes there: any event is its end
    }
    // After the socket: a daemon that stops in order sets the word before it hangs up.
    const auto state = session.deliver_header->state.load(std::memory_order_acquire);
    if (state == static_cast<std::uint32_t>(SessionState::ended)) {
        const std::int32_t reason = session.deliver_header->reason.load(std::memory_order_relaxed);
        return end_session(session, reason < 0 ? reason : TORC_ERROR_CLOSED);
    }
    return lost ? end_session(session, TORC_ERROR_DAEMON_LOST) : TORC_OK;
}

int arm(torc_session& session, const Waiting& waiting, ReadyFn ready, std::uint64_t argument) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = read(waiting.bell, &count, sizeof count);
    std::uint32_t ticket = waiting.ticket->load(std::memory_order_relaxed);
    while (!waiting.ticket->compare_exchange_weak(ticket, (ticket + 1) | 1,
                                                  std::memory_order_relaxed)) {
    }
    full_fence();  // pairs with the fence in ClientPlane::publish
    const int ended = check_ended(session, true);
    if (ended == TORC_OK && !ready(session, argument)) return TORC_OK;
    if (!session.single_threaded) write_bell(waiting.bell);
    return ended != TORC_OK ? ended : TORC_READY;
}

int wait_until(torc_session& session, const Waiting& waiting, ReadyFn ready, std::uint64_t argument,
               Deadline& deadline) {
    if (deadline.passed()) return TORC_WOULD_BLOCK;
    if (spin_until(session, ready, argument, deadline)) return TORC_OK;
    if (deadline.passed()) return give_up_waiting(session);
    const int armed = arm(session, waiting, ready, argument);
    if (armed == TORC_READY) return TORC_OK;
    if (armed != TORC_OK) return armed;
    for (;;) {
        timespec left{};
        const timespec* limit = deadline.remaining(left);
        pollfd polled[2] = {{waiting.bell, POLLIN, 0}, {session.socket, POLLIN, 0}};
        const int count = ppoll(polled, 2, limit, nullptr);
        if (count == 0) return TORC_WOULD_BLOCK;
        if (count < 0 && errno != EINTR) return TORC_ERROR_SYSTEM;
        if (count < 0) continue;
        if (polled[1].revents != 0) {
            // What the daemon had published is still ours to read.
            const int ended = check_ended(session, true);
            return ready(session, argument) ? TORC_OK : ended;
        }
        return TORC_OK;
    }
}

int check_ended_sending(torc_session& session) {
    // Without this a program that only sends would fill its ring for a daemon that is dead. The
    // clock is asked when the core was rung and still sleeps, and else now and then: it costs as
    // much as a tenth of a send.
    const std::uint32_t ticket = session.daemon_header->core_ticket.load(std::memory_order_relaxed);
    const bool silent = ticket % 2 == 1 && ticket == session.core_answered;
    if (!silent && ++session.sends_unlooked % kSendsPerLook != 0) {
        return check_ended(session, false);
    }
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    const std::int64_t now_ns = std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
    const bool look = now_ns - session.looked_ns > kSocketLookNs;
    if (look) session.looked_ns = now_ns;
    return check_ended(session, look);
}

bool has_records(const torc_session& session, std::uint64_t) {
    // Not through `deliver`: another thread may be receiving.
    return session.deliver_header->deliver_tail.load(std::memory_order_acquire) !=
           session.received.load(std::memory_order_relaxed);
}

bool has_room(const torc_session& session, std::uint64_t bytes) {
    // Not through `submit`: another thread may be sending.
    const std::uint64_t tail = session.submit_header->submit_tail.load(std::memory_order_relaxed);
    const std::uint64_t head = session.deliver_header->submit_head.load(std::memory_order_acquire);
    return bytes <= session.deliver.capacity() - (tail - head);
}

void wake_core(torc_session& session, std::uint32_t ticket) {
    session.core_answered = ticket;
    write_bell(session.doorbell);
}

}  // namespace torc::client_shm

using torc::client_shm::arm;
using torc::client_shm::has_records;
using torc::client_shm::has_room;
using torc::client_shm::usable;

int torc_fd(const torc_session* session) {
    return session == nullptr ? TORC_ERROR_ARGUMENT : session->receiving.pollable;
}

int torc_send_fd(const torc_session* session) {
    return session == nullptr ? TORC_ERROR_ARGUMENT : session->sending.pollable;
}

int torc_arm(torc_session* session) {
    if (session == nullptr) return TORC_ERROR_ARGUMENT;
    if (torc::client_shm::forked(*session)) return TORC_ERROR_FORKED;
    // An ended session may still have records: receive tells.
    const int armed = arm(*session, session->receiving, has_records, 0);
    return armed == TORC_OK ? TORC_OK : TORC_READY;
}

int torc_arm_send(torc_session* session, std::size_t size) {
    if (session == nullptr) return TORC_ERROR_ARGUMENT;
    if (const int code = usable(*session); code != TORC_OK) return code;
    if (size > session->message_bytes_max) return TORC_ERROR_TOO_LARGE;
    return arm(*session, session->sending, has_room, torc::client_shm::message_record_bytes(size));
}

int torc_hang_up(torc_session* session) {
    if (session == nullptr) return TORC_ERROR_ARGUMENT;
    if (torc::client_shm::forked(*session)) return TORC_ERROR_FORKED;
    torc::client_shm::end_session(*session, TORC_ERROR_CLOSED);
    if (session->hung_up.exchange(true, std::memory_order_relaxed)) return TORC_OK;
    // Wakes all that wait, here and in the daemon. What has arrived may still be read: while it
    // lies in a log, the daemon must be told so and not see us gone.
    const char still_reading = 1;
    const bool told = session->walk.has_log() &&
                      send(session->socket, &still_reading, 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1;
    shutdown(session->socket, told ? SHUT_RD : SHUT_RDWR);
    return TORC_OK;
}
