// Writes what the engine delivers as records of a session's deliver ring. Nothing is visible to the
// client before the ring is published. One copy: from the frame into the ring.
#pragma once

#include <cstdint>

#include "client_shm/rings.hpp"
#include "engine/effects.hpp"

namespace torc::client_shm {

/// Bytes that the record of such a message takes in a ring.
std::uint64_t message_ring_bytes(const engine::Delivery& delivery);
/// The same of a view; nearly, but never less.
std::uint64_t view_ring_bytes(const engine::ViewEvent& event);

/// Each gives ok, full, too_large, or corrupt (the client's counter is impossible).
RingStatus write_message(RingProducer& ring, const engine::Delivery& delivery);
/// `joined` tells whether the receiver is who the view's cause join is about.
RingStatus write_view(RingProducer& ring, const engine::ViewEvent& event, bool joined,
                      Reason reason);
RingStatus write_flush_request(RingProducer& ring, const engine::FlushRequest& request);
RingStatus write_warning(RingProducer& ring, const WarningBody& body);
RingStatus write_refused(RingProducer& ring, RecordType refused, Reason reason,
                         std::uint64_t operation);

}  // namespace torc::client_shm
