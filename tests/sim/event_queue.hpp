// What is to happen, in the order of virtual time; at one instant in the order of asking. That
// order is total, which is what makes a run repeatable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "tests/sim/network.hpp"

namespace torc::sim {

enum class EventKind : std::uint8_t { packet, timer, client, fault, mend, restart, resume };

struct Event {
    Instant at;
    std::uint64_t tie;
    EventKind kind;
    std::uint32_t node;  ///< fault: place in the schedule
    std::uint32_t boot;  ///< packets and timers die with the boot they were for; 0: any
    Packet packet;
};

class EventQueue {
public:
    bool empty() const { return heap_.empty(); }
    Instant next() const { return heap_.front().at; }

    void push(Instant at, EventKind kind, std::uint32_t node, std::uint32_t boot, Packet packet) {
        heap_.push_back({at, ties_++, kind, node, boot, std::move(packet)});
        std::push_heap(heap_.begin(), heap_.end(), &is_later);
    }

    Event pop() {
        std::pop_heap(heap_.begin(), heap_.end(), &is_later);
        Event event = std::move(heap_.back());
        heap_.pop_back();
        return event;
    }

private:
    static bool is_later(const Event& a, const Event& b) {
        return a.at != b.at ? a.at > b.at : a.tie > b.tie;
    }

    std::vector<Event> heap_;
    std::uint64_t ties_{0};
};

}  // namespace torc::sim
