// A node's second CPU, which does what belongs to clients: first in, first out, from a ring of so
// many places (client_shm/server/client_relay.hpp). The first CPU adds nothing of its own from half
// a ring on, and waits if the ring is full.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>

#include "base/time.hpp"

namespace torc::sim {

class ClientCpu {
public:
    /// Of messages: some megabytes of small ones.
    static constexpr std::size_t kPlaces = 4096;

    bool holds_back(Instant now) {
        forget(now);
        return under_way_.size() > kPlaces / 2;
    }
    /// How long the first CPU waits before it may hand over more.
    Nanos wait_for_room(Instant now) {
        forget(now);
        return under_way_.size() < kPlaces ? Nanos{0} : under_way_.front() - now;
    }
    /// Gives: when it is done.
    Instant work(Instant now, Nanos cost) {
        forget(now);
        free_ = std::max(free_, now) + cost;
        busy_ += cost;
        under_way_.push_back(free_);
        return free_;
    }
    Nanos busy() const { return busy_; }

private:
    void forget(Instant now) {
        while (!under_way_.empty() && under_way_.front() <= now) under_way_.pop_front();
    }

    Instant free_{};
    Nanos busy_{0};
    std::deque<Instant> under_way_;  ///< when each is done
};

}  // namespace torc::sim
