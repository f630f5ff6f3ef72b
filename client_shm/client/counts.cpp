// How far a session's operations have come, from what both sides write into the shared headers.
#include <algorithm>
#include <cstring>

#include "client_shm/client/session.hpp"

using torc::client_shm::Counter;

namespace {

std::uint64_t read(const Counter& counter) { return counter.load(std::memory_order_acquire); }

}  // namespace

uint64_t torc_operations(const torc_session* session) {
    return session == nullptr ? 0 : session->operations.load(std::memory_order_relaxed);
}

int torc_counts_of(const torc_session* session, torc_counts* counts) {
    if (session == nullptr || counts == nullptr) return TORC_ERROR_ARGUMENT;
    // A later library fills the smaller struct of an earlier header.
    if (counts->size != sizeof *counts) return TORC_ERROR_ARGUMENT;
    if (torc::client_shm::forked(*session)) return TORC_ERROR_FORKED;
    // The daemon's numbers first: ours can only have grown since, so that none overtakes another.
    torc_counts now{};
    now.size = sizeof now;
    now.ordered = read(session->deliver_header->ordered);
    now.refused = read(session->deliver_header->refused);
    now.taken = read(session->deliver_header->taken);
    now.accepted = session->operations.load(std::memory_order_relaxed);
    const std::uint64_t done = std::min(now.ordered + now.refused, now.accepted);
    now.undelivered = now.accepted - done;
    now.received = session->records.load(std::memory_order_relaxed);
    // Our side first here: the daemon's can only have grown.
    const std::uint64_t head = read(session->submit_header->deliver_head);
    const std::uint64_t released = read(session->submit_header->released);
    const std::uint64_t log_released = read(session->submit_header->log_released);
    now.unread_bytes = read(session->deliver_header->deliver_tail) - head +
                       read(session->deliver_header->log_written) - log_released;
    now.unread = read(session->deliver_header->written) - released;
    *counts = now;
    return TORC_OK;
}
