// How the core reaches the wire without knowing it: three functions a driver provides. A table of
// plain function pointers, so that the daemon and the simulator link the very same object code.
//
// The contract of loans:
//  * `acquire` lends a writable frame, or an empty FrameRef when the pool is dry (an ordinary
//    outcome: the caller sends nothing now and tries again at the next visit).
//  * A received frame handed to the core is a loan as well.
//  * `transmit` borrows: the driver takes a reference of its own until the wire has the frame, so
//    the core may release at once. The bytes must not change after it (the NIC may read late):
//    who needs another hop header makes a copy in a fresh frame.
//  * `release` gives a loan back. Each loan is given back exactly once; the simulator counts.
#pragma once

#include "base/frame_ref.hpp"
#include "base/ids.hpp"

namespace torc::wire {

/// Which queue a frame takes. Tokens and membership must not wait behind a data burst.
enum class Channel : std::uint8_t { data, token, control };

struct Transmit {
    FrameRef frame;
    NodeIndex to{kNoNode};  ///< kNoNode: every other daemon of the cluster
    Channel channel{Channel::data};
};

struct FrameIo {
    void* driver{nullptr};
    FrameRef (*acquire_fn)(void* driver){nullptr};
    void (*transmit_fn)(void* driver, const Transmit& transmit){nullptr};
    void (*release_fn)(void* driver, void* cookie){nullptr};

    FrameRef acquire() const { return acquire_fn(driver); }
    void transmit(const Transmit& transmit) const { transmit_fn(driver, transmit); }
    void release(const FrameRef& frame) const { release_fn(driver, frame.cookie); }
};

}  // namespace torc::wire
