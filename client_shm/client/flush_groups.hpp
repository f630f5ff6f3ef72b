// What the library knows of the flush groups that its session has joined, so that a send out of
// turn is refused at once. The daemon decides: what is not known here, it refuses itself.
//
// Threads: any, under one lock of its own. Sends and receives of sessions that use no flush group
// look at one word.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "client_shm/client/lock.hpp"

namespace torc::client_shm {

class FlushGroups {
public:
    enum class State : std::uint8_t {
        unknown,    ///< joined once, left since: the daemon knows
        joining,    ///< no view yet: nothing may be sent
        open,       ///< in a view
        requested,  ///< may still send; an answer is due
        flushed,    ///< answered: nothing may be sent before the next view
    };

    FlushGroups() = default;
    FlushGroups(const FlushGroups&) = delete;
    FlushGroups& operator=(const FlushGroups&) = delete;
    ~FlushGroups();

    /// False while the session has never joined a flush group.
    bool any() const { return any_.load(std::memory_order_acquire); }

    // under the send lock, right before the operation is committed

    /// A join with that number. False: no memory.
    bool on_join(std::string_view group, std::uint64_t operation);
    /// An answer. False if it is known to be out of turn.
    bool on_flush_ok(std::string_view group);
    /// Whether a send to it would be refused.
    bool is_closed(std::string_view group);

    // as records are received
    void on_view(std::string_view group) { set(group, State::open); }
    void on_request(std::string_view group) { set(group, State::requested); }
    void on_self_leave(std::string_view group) { set(group, State::unknown); }
    void on_join_refused(std::uint64_t operation);

private:
    struct Entry {
        std::uint64_t key;        ///< hash of the name, never 0; 0: free
        std::uint64_t operation;  ///< of the join that began it
        State state;
    };
    static constexpr std::size_t kFirstEntries = 16;

    Entry* find(std::uint64_t key) const;
    bool make_room();
    void set(std::string_view group, State state);

    Lock lock_;
    std::atomic<bool> any_{false};
    Entry* entries_{nullptr};
    std::size_t capacity_{0};  ///< a power of two
    std::size_t used_{0};
};

}  // namespace torc::client_shm
