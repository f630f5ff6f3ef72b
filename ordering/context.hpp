// What every part of the ring borrows, and the ring's members as its parts look them up. Internal
// to ordering/.
#pragma once

#include <array>
#include <cstdint>

#include "config/settings.hpp"
#include "ordering/ring.hpp"
#include "telemetry/counters.hpp"
#include "wire/frame_io.hpp"

namespace torc::ordering {

struct Context {
    config::ClusterSettings settings;
    Member me;
    std::uint32_t config_hash{0};
    wire::FrameIo frames;
    RingUpcalls upcalls;
    telemetry::CounterSet& counters;

    void count(telemetry::CounterId counter, std::uint64_t times = 1) const {
        counters.inc(counter, times);
    }
    void trace(telemetry::TraceKind kind, std::uint64_t a = 0, std::uint64_t b = 0,
               std::uint64_t c = 0) const {
        if (upcalls.trace_fn != nullptr) upcalls.trace_fn(upcalls.engine, kind, a, b, c);
    }
};

/// A ring's id and its members in token order, with the way back from a daemon to its place.
class RingMembers {
public:
    static constexpr std::uint8_t kNowhere = 0xFF;

    void assign(const RingId& id, const wire::MemberList& members, NodeIndex me) {
        id_ = id;
        list_ = members;
        place_.fill(kNowhere);
        for (std::size_t i = 0; i < members.size(); ++i) {
            place_[raw(members[i].index)] = static_cast<std::uint8_t>(i);
        }
        my_place_ = place_of(me);
    }

    const RingId& id() const { return id_; }
    const wire::MemberList& list() const { return list_; }
    std::size_t size() const { return list_.size(); }
    bool alone() const { return list_.size() == 1; }
    bool contains(NodeIndex node) const { return place_of(node) != kNowhere; }
    std::size_t my_place() const { return my_place_; }
    bool represented_by_me() const { return my_place_ == 0; }
    NodeIndex next() const { return at(my_place_ + 1); }
    NodeIndex previous() const { return at(my_place_ + list_.size() - 1); }
    /// Hops of the token from `from` to me: 1 .. size - 1, or 0 if it is me.
    std::size_t hops_from(NodeIndex from) const {
        const std::size_t place = place_of(from);
        return my_place_ >= place ? my_place_ - place : my_place_ + list_.size() - place;
    }

private:
    std::uint8_t place_of(NodeIndex node) const {
        return raw(node) < kNodesMax ? place_[raw(node)] : kNowhere;
    }
    NodeIndex at(std::size_t place) const {
        return list_[place < list_.size() ? place : place - list_.size()].index;
    }

    RingId id_;
    wire::MemberList list_;
    std::array<std::uint8_t, kNodesMax> place_{};
    std::size_t my_place_{0};
};
static_assert(kNodesMax < RingMembers::kNowhere);

}  // namespace torc::ordering
