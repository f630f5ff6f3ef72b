// What lies between the ring core and the client core: two rings of records in private memory of
// the daemon, and for each of the two a ticket that says whether it sleeps. Rings, tickets and
// bells are those that clients and daemon use between them (rings.hpp), so each end keeps the
// other's counter cached and writes its own once a pass.
//
//   operations: client core -> ring core; one engine::ClientOp each, by reference to names and
//               payload that stay as they are until the answer
//   events:     ring core -> client core; answers and everything of engine::Effects that is for
//               clients, in the order in which it happened (event_records.hpp)
//
// Threads: made by any; each function by the thread that its heading names.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "client_shm/layout.hpp"
#include "client_shm/rings.hpp"
#include "client_shm/server/client_plane.hpp"
#include "client_shm/server/fd.hpp"
#include "client_shm/server/segment.hpp"

namespace torc::client_shm {

/// Its owner announces that it sleeps; whoever wrote something for it asks.
class SleepTicket {
public:
    /// The sleeper: look once more after this, then sleep.
    void arm() {
        word_.store(word_.load(std::memory_order_relaxed) | 1, std::memory_order_relaxed);
        full_fence();  // pairs with the one in `must_ring`
    }
    void disarm() {
        const std::uint32_t ticket = word_.load(std::memory_order_relaxed);
        if (ticket % 2 != 0) word_.store(ticket + 1, std::memory_order_relaxed);
    }
    /// The other, after its counter's store: whether the sleeper has to be woken. Once a sleep.
    bool must_ring() {
        full_fence();  // pairs with the one in `arm`
        const std::uint32_t ticket = word_.load(std::memory_order_relaxed);
        if (ticket % 2 == 0 || ticket == answered_) return false;
        answered_ = ticket;
        return true;
    }

private:
    alignas(kCacheLine) Ticket word_{0};
    alignas(kCacheLine) std::uint32_t answered_{0};  ///< the other's
};

/// PlaneCounters and the number of sessions, for the ring core to read at any time. Each by itself
/// is true; together they may be of two passes.
class SharedCounters {
public:
    void write(const PlaneCounters& counters, std::size_t sessions);
    PlaneCounters read() const;
    std::size_t sessions() const { return sessions_.load(std::memory_order_relaxed); }

private:
    static constexpr std::size_t kWords = sizeof(PlaneCounters) / sizeof(std::uint64_t);
    static_assert(sizeof(PlaneCounters) == kWords * sizeof(std::uint64_t));

    std::array<Counter, kWords> words_{};
    std::atomic<std::size_t> sessions_{0};
};

class CoreLink {
public:
    /// Of the operations' ring. Full, it lets the client core wait, which is no harm.
    static constexpr std::uint64_t kOperationsBytes = std::uint64_t{256} << 10;

    /// Takes: the table of the sessions. The events' ring is as large as a session's: for the ring
    /// core the client core is a reader like others. Fails: no memory, no descriptor.
    static Result<std::unique_ptr<CoreLink>> make(const SessionTable& table);

    // --- each has its end ---

    RingProducer operations_in() {
        return producer(operations_, operations_tail_, operations_head_);
    }
    RingConsumer operations_out() {
        return consumer(operations_, operations_head_, operations_tail_);
    }
    RingProducer events_in() { return producer(events_, events_tail_, events_head_); }
    RingConsumer events_out() { return consumer(events_, events_head_, events_tail_); }

    SleepTicket ring_core;    ///< sleeps on `ring_bell`
    SleepTicket client_core;  ///< sleeps on the table's core_bell, as clients and control ring it
    int ring_bell() const { return ring_bell_.get(); }

    /// Ring core to client core, behind all events so far; none: not asked.
    std::atomic<Reason> kick_all{Reason::none};
    SharedCounters counters;

private:
    CoreLink() = default;
    static RingProducer producer(Segment& ring, Counter& tail, const Counter& head) {
        return {ring.data(), ring.capacity(), &tail, &head};
    }
    static RingConsumer consumer(Segment& ring, Counter& head, const Counter& tail) {
        return {ring.data(), ring.capacity(), &head, &tail};
    }

    Segment operations_;
    Segment events_;
    Fd ring_bell_;
    alignas(kCacheLine) Counter operations_tail_{0};
    alignas(kCacheLine) Counter operations_head_{0};
    alignas(kCacheLine) Counter events_tail_{0};
    alignas(kCacheLine) Counter events_head_{0};
};

}  // namespace torc::client_shm
