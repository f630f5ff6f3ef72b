// The two halves of a daemon whose clients have a core of their own, with one session and no ring
// behind them: what handing over from core to core costs each of them. And the client plane alone,
// as it is on one core, to hold that against.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "bench/micro/tiny_client.hpp"
#include "client_shm/server/client_relay.hpp"
#include "client_shm/server/relayed_plane.hpp"

namespace torc::bench {

/// A session's client and the table that it is in.
struct OneSession {
    explicit OneSession(bool is_ahead);

    void write(std::size_t messages, std::span<const std::byte> payload);

    std::unique_ptr<client_shm::SessionTable> table;
    std::unique_ptr<client_shm::ClientPlane> plane;
    std::unique_ptr<TinyClient> client;
    SessionId id;
};

/// One core: a pass takes what the client wrote, and the engine is as in HandOver.
class PlaneAlone {
public:
    PlaneAlone() { pass(); }
    void write(std::size_t messages, std::span<const std::byte> payload) {
        session_.write(messages, payload);
    }
    void pass();

private:
    OneSession session_{false};
};

class HandOver {
public:
    HandOver();

    /// The client has written so many messages.
    void write(std::size_t messages, std::span<const std::byte> payload);
    /// A pass of the client core, which takes what the session's window holds.
    void client_pass();
    /// A pass of the ring core; the engine takes all, and says of each that it has its place.
    void ring_pass();
    /// The ring core delivers so many messages to the session.
    void deliver(std::size_t messages, std::span<const std::byte> payload);
    /// The client reads and gives back what came; it must be so many messages.
    void drain(std::size_t messages);

private:
    OneSession session_{true};
    std::unique_ptr<client_shm::CoreLink> link_;
    std::unique_ptr<client_shm::ClientRelay> relay_;
    std::unique_ptr<client_shm::RelayedPlane> relayed_;
    std::uint64_t seq_{0};
};

}  // namespace torc::bench
