// The client core's half: the client plane, whose operations go to the ring core ahead of their
// answers, and which is told here what happened there, in that order. So each session sees what it
// would see if the plane ran on the ring core.
//
// Threads: everything belongs to the client core.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.hpp"
#include "client_shm/server/client_plane.hpp"
#include "client_shm/server/core_link.hpp"
#include "client_shm/server/event_records.hpp"

namespace torc::client_shm {

class RelayedPlane {
public:
    /// Of events in one pass, at the most: then clients see what came, and their operations leave.
    static constexpr std::size_t kEventsPerPass = 1024;
    static constexpr std::uint64_t kEventBytesPerPass = std::uint64_t{256} << 10;
    /// So much is given back to the ring core at once.
    static constexpr std::uint64_t kGiveBackBytes = std::uint64_t{32} << 10;
    /// Longest time by which the counters that the ring core sees are old, while there is work.
    static constexpr Nanos kCountersInterval = std::chrono::milliseconds{1};

    /// What a pass found.
    struct Found {
        std::size_t events{0};
        std::size_t operations{0};
    };

    /// Takes: the link, and a plane with PlaneOptions::is_ahead; both outlive it.
    RelayedPlane(CoreLink& link, ClientPlane& plane);

    Found pass(Instant now);
    /// The ring core's thread is gone: what it said last, and the counters.
    void finish(Instant now);

    /// As of ClientPlane: events of the ring core wake, too.
    bool arm_sleep();
    void disarm_sleep();
    int doorbell_fd() const { return plane_.doorbell_fd(); }

private:
    std::size_t replay();
    bool has_replayed_all() const { return !events_.fresh() && events_.drained(); }
    void tell(const RecordView& record);
    void pass_on(const engine::ClientOp& op);
    void show_operations();
    void share_counters();

    CoreLink& link_;
    ClientPlane& plane_;
    RingProducer operations_;
    RingConsumer events_;
    EventReader reader_;
    bool kicked_{false};
    Instant counters_due_{};
};

}  // namespace torc::client_shm
