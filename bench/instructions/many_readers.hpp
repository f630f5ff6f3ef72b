// A client plane with any number of open sessions and no ring behind it: what a message costs on
// its way out, by the number of its local readers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "bench/micro/tiny_client.hpp"
#include "client_shm/server/client_plane.hpp"

namespace torc::bench {

class ManyReaders {
public:
    /// Takes: whether they read from a log that they share, or get copies.
    ManyReaders(std::size_t readers, bool share);

    /// A pass of the loop that delivers so many messages to all of them.
    void burst(std::size_t messages, std::span<const std::byte> payload);
    /// All of them read and give back what came; each must have got `messages`.
    void drain(std::size_t messages);

private:
    std::unique_ptr<client_shm::SessionTable> table_;
    std::unique_ptr<client_shm::ClientPlane> plane_;
    std::vector<std::unique_ptr<TinyClient>> clients_;
    std::vector<SessionId> ids_;
    std::uint64_t seq_{0};
};

}  // namespace torc::bench
