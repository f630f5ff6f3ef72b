// Writes what the engine delivers as records of a session's deliver ring. Nothing is visible to the
// client before the ring is published. One copy: from the frame into the ring.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/limits.hpp"
#include "client_shm/rings.hpp"
#include "engine/effects.hpp"

namespace torc::client_shm {

/// What stands in front of a message's payload, names and all: the same bytes for every reader, so
/// it is made once a message and then copied.
class MessageHead {
public:
    MessageHead() {}  // NOLINT: leaves bytes_ as they are; most never count

    /// False: more or longer names than a message may have. Its record is then too large for any
    /// ring. Takes: the delivery, read during the call only.
    bool make(const engine::Delivery& delivery);

    std::span<const std::byte> bytes() const { return {bytes_.data(), size_}; }
    /// Of the whole record: of its body, and what it takes in a ring.
    std::size_t body_bytes() const { return size_ + payload_bytes_; }
    std::uint64_t ring_bytes() const { return record_bytes(body_bytes()); }

private:
    static constexpr std::size_t kNamesBytesMax =
        (kGroupsPerMessageMax + 1) * name_bytes(kGroupNameMax);
    static_assert(kNamesBytesMax <= UINT16_MAX);

    std::size_t size_{0};  ///< a multiple of kPayloadAlign
    std::size_t payload_bytes_{0};
    std::array<std::byte, align_up(sizeof(MessageBody) + kNamesBytesMax, kPayloadAlign)> bytes_;
};

/// Bytes that the record of such a view takes in a ring; nearly, but never less.
std::uint64_t view_ring_bytes(const engine::ViewEvent& event);

/// Each gives ok, full, too_large, or corrupt (the client's counter is impossible).
/// Takes: the payload that `head` was made for.
RingStatus write_message(RingProducer& ring, const MessageHead& head,
                         std::span<const std::byte> payload);
/// `joined` tells whether the receiver is who the view's cause join is about.
RingStatus write_view(RingProducer& ring, const engine::ViewEvent& event, bool joined,
                      Reason reason);
RingStatus write_flush_request(RingProducer& ring, const engine::FlushRequest& request);
RingStatus write_warning(RingProducer& ring, const WarningBody& body);
RingStatus write_refused(RingProducer& ring, RecordType refused, Reason reason,
                         std::uint64_t operation);

}  // namespace torc::client_shm
