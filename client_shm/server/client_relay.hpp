// The ring core's half of a daemon whose clients have a core of their own: to the poll loop it is
// what ClientPlane is, but the plane itself runs elsewhere (relayed_plane.hpp). Operations come
// from there, answers and events go there, both through rings (core_link.hpp).
//
// Operations wait here by session, so that one which the engine will not take now holds up its own
// session only. How many there can be is bounded: a session has OpWindow::kOpsMax under way.
//
// A client core that falls behind: from half a ring of events on no operation is taken, so that
// this daemon adds nothing. If the ring is full, the ring core waits as long as the client core
// makes headway. If that stands still for `stall_max`, the ring goes on without it: nothing more is
// written until half of the ring is free again, and then the client core is told, and ends the
// sessions that may have missed something, as it would slow readers. No session's stream has a gap:
// it ends.
//
// Threads: everything belongs to the ring core.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.hpp"
#include "base/lazy_array.hpp"
#include "base/time.hpp"
#include "client_shm/server/core_link.hpp"
#include "client_shm/server/event_records.hpp"
#include "client_shm/server/op_window.hpp"
#include "engine/effects.hpp"

namespace torc::client_shm {

struct RelayOptions {
    std::uint32_t records_per_pass{64};                    ///< of one session
    std::uint64_t bytes_per_pass{std::uint64_t{1} << 20};  ///< of one session
    /// So long the ring core stands still for a client core that does not move.
    Nanos stall_max{std::chrono::milliseconds{10}};
};

struct RelayCounters {
    std::uint64_t waits{0};     ///< times that the ring core waited for room
    std::uint64_t overruns{0};  ///< times that it went on without
    std::uint64_t lost{0};      ///< events that were not written meanwhile
};

class ClientRelay {
public:
    /// Takes: the link and the table, which outlive the relay; of the table it uses the client
    /// core's bell and the number of sessions only.
    ClientRelay(CoreLink& link, const SessionTable& table, const RelayOptions& options = {});

    /// Offers waiting operations to `on_op(const engine::ClientOp&) -> engine::Accept`, as
    /// ClientPlane::poll does. Gives: operations taken. Cost: one load of a shared line if there
    /// are none.
    template <typename F>
    std::size_t poll(Instant now, F&& on_op);

    // As of ClientPlane. Cost: one copy of the payload for all sessions.
    void deliver(const engine::Delivery& delivery);
    void view(const engine::ViewEvent& event);
    void flush(const engine::FlushRequest& request);
    void ordered(SessionId id, Service service);
    void session(SessionId id, engine::SessionOutcome outcome);

    /// End of pass: shows events, gives room back, wakes the client core.
    void publish();
    bool arm_sleep();
    void disarm_sleep();
    int doorbell_fd() const { return link_.ring_bell(); }

    /// Behind all that was said so far. The client core obeys within its next pass.
    void kick_all(Reason reason);
    std::size_t sessions() const { return link_.counters.sessions(); }
    PlaneCounters counters() const { return link_.counters.read(); }
    const RelayCounters& relay_counters() const { return counters_; }

private:
    /// Operations of one session, the oldest first.
    struct Lane {
        std::uint32_t first{0};
        std::uint32_t count{0};
        bool is_begun{false};  ///< the engine was offered the oldest, and may have taken part of it
    };

    /// Behind every other event so much stays free that the operation at hand can be answered.
    static constexpr std::uint64_t kAnswerBytes = record_bytes(0);
    static constexpr std::uint64_t kReserve = 4 * kAnswerBytes;

    engine::ClientOp& oldest(std::size_t slot) {
        return ops_[slot * OpWindow::kOpsMax + lanes_[slot].first];
    }
    void take_operations();
    bool may_offer();
    template <typename F>
    std::size_t serve(std::uint16_t slot, F&& on_op);
    void answer(SessionId id, engine::Accept accept);

    /// What came for the session fits in no ring.
    void end(SessionId id, Reason reason);
    template <typename Event>
    bool write(EventType type, std::uint32_t session, const Event& event, std::uint16_t flags = 0);
    void write_small(EventType type, std::uint16_t flags, SessionId session);
    RingStatus reserve(std::size_t body_bytes);
    bool wait_for_room(std::size_t body_bytes);
    void show_events();
    bool half_is_free();

    CoreLink& link_;
    RelayOptions options_;
    RingConsumer operations_;
    RingProducer events_;
    int client_bell_;                    ///< what the client core sleeps on
    std::vector<Lane> lanes_;            ///< by slot
    LazyArray<engine::ClientOp> ops_;    ///< kOpsMax for each lane
    std::vector<std::uint16_t> active_;  ///< lanes that hold something
    std::size_t first_{0};               ///< rotates
    bool more_{false};                   ///< an operation was not offered that could have been
    bool is_overrun_{false};
    bool has_last_delivery_{false};  ///< the latest one is among the events
    RelayCounters counters_;
};

template <typename F>
std::size_t ClientRelay::poll(Instant, F&& on_op) {
    more_ = false;
    if (operations_.fresh()) take_operations();
    if (!may_offer()) return 0;
    const std::size_t count = active_.size();
    if (count == 0) return 0;
    std::size_t taken = 0;
    if (++first_ >= count) first_ = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t place = first_ + i < count ? first_ + i : first_ + i - count;
        taken += serve(active_[place], on_op);
    }
    if (taken > 0) {
        std::erase_if(active_, [this](std::uint16_t slot) { return lanes_[slot].count == 0; });
    }
    return taken;
}

template <typename F>
std::size_t ClientRelay::serve(std::uint16_t slot, F&& on_op) {
    Lane& lane = lanes_[slot];
    std::size_t taken = 0;
    std::uint64_t bytes = 0;
    while (lane.count > 0) {
        const bool has_room = events_.room() >= kReserve + kAnswerBytes;
        if (!has_room || is_overrun_ || taken == options_.records_per_pass ||
            bytes >= options_.bytes_per_pass) {
            more_ = true;
            break;
        }
        const engine::ClientOp& op = oldest(slot);
        lane.is_begun = true;
        const engine::Accept accept = on_op(op);
        if (accept == engine::Accept::would_block) break;
        bytes += op.payload.size();
        ++taken;
        answer(op.session, accept);
        lane.is_begun = false;
        lane.first = (lane.first + 1) % OpWindow::kOpsMax;
        --lane.count;
    }
    return taken;
}

}  // namespace torc::client_shm
