// Writes what the engine delivers as records of a session's deliver ring. Nothing is visible to the
// client before the ring is published. One copy: from the frame into the ring. What stands in front
// of a message's payload is left out behind a record that has the same (layout.hpp, kSameHead).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/limits.hpp"
#include "client_shm/rings.hpp"
#include "engine/effects.hpp"

namespace torc::client_shm {

/// What stands in front of a message's payload, names and all: the same bytes for every reader, and
/// but for two fields for every message that repeats it. For a lone one it is written in place; for
/// several readers it is made once and then copied.
class MessageHead {
public:
    MessageHead() {}  // NOLINT: leaves bytes_ as they are; most never count

    /// Takes: the delivery, which is read until the next one comes.
    void measure(const engine::Delivery& delivery) {
        delivery_ = &delivery;
        if (!delivery.repeats) measure_names();
    }
    /// False: more or longer names than a message may have. Its record is too large for any ring.
    bool fits() const { return names_ <= kNamesBytesMax; }
    /// Never 0, and another one for each delivery that does not repeat the one before.
    std::uint64_t serial() const { return serial_; }
    /// What a ring whose last record begins so remembers: `serial`, or 0 if nobody may follow.
    std::uint64_t shared_serial() const { return size_ <= kSharedHeadBytesMax ? serial_ : 0; }
    /// For more than one reader, if that was not done yet; after `measure`.
    void make() {
        if (made_ || names_ > kNamesBytesMax) return;
        encode(bytes_.data());
        made_ = true;
    }
    void write_to(std::byte* at) const {
        if (!made_) return encode(at);
        std::memcpy(at, bytes_.data(), size_);
        const auto service = static_cast<std::uint8_t>(delivery_->service);
        std::memcpy(at + offsetof(MessageBody, service), &service, sizeof service);
        std::memcpy(at + offsetof(MessageBody, index), &delivery_->index, sizeof delivery_->index);
    }

    std::size_t bytes() const { return size_; }
    Service service() const { return delivery_->service; }
    std::span<const std::byte> payload() const { return delivery_->payload; }
    /// Of the record: its body, and what it takes in a ring. `same`: without the head.
    std::size_t body_bytes(bool same = false) const {
        return (same ? 0 : size_) + delivery_->payload.size();
    }
    std::uint64_t ring_bytes(bool same = false) const { return record_bytes(body_bytes(same)); }
    std::uint64_t operation() const {
        return operation_of(delivery_->index, static_cast<std::uint8_t>(delivery_->service));
    }

private:
    static constexpr std::size_t kNamesBytesMax =
        (kGroupsPerMessageMax + 1) * name_bytes(kGroupNameMax);
    static_assert(kNamesBytesMax <= UINT16_MAX);

    void measure_names();
    void encode(std::byte* at) const;

    const engine::Delivery* delivery_{nullptr};
    std::size_t names_{0};
    std::size_t size_{0};  ///< a multiple of kPayloadAlign
    std::uint64_t serial_{0};
    bool made_{false};
    alignas(MessageBody)
        std::array<std::byte, align_up(sizeof(MessageBody) + kNamesBytesMax, kPayloadAlign)> bytes_;
};

/// Bytes that the record of such a view takes in a ring; nearly, but never less.
std::uint64_t view_ring_bytes(const engine::ViewEvent& event);

/// The header of a message's record. `same`: it begins like the record before it.
inline RecordHeader message_header(const MessageHead& head, bool same) {
    const auto bytes = static_cast<std::uint32_t>(head.body_bytes(same));
    if (!same) return {bytes, RecordType::message, 0, 0};
    return {bytes, RecordType::message, kSameHead, head.operation()};
}

/// What stands behind that header.
inline void write_body(std::byte* at, const MessageHead& head, bool same) {
    if (!same) {
        head.write_to(at);
        at += head.bytes();
    }
    const std::span<const std::byte> payload = head.payload();
    if (!payload.empty()) std::memcpy(at, payload.data(), payload.size());
}

/// Each gives ok, full, too_large, or corrupt (the client's counter is impossible).
RingStatus write_message(RingProducer& ring, const MessageHead& head, bool same);
RingStatus write_run(RingProducer& ring, const RunBody& run);
/// `joined` tells whether the receiver is who the view's cause join is about.
RingStatus write_view(RingProducer& ring, const engine::ViewEvent& event, bool joined,
                      Reason reason);
RingStatus write_flush_request(RingProducer& ring, const engine::FlushRequest& request);
RingStatus write_warning(RingProducer& ring, const WarningBody& body);
RingStatus write_refused(RingProducer& ring, RecordType refused, Reason reason,
                         std::uint64_t operation);

/// The record of a message, header and all, where there is room for `head.ring_bytes(same)`.
void write_message_at(std::byte* at, const MessageHead& head, bool same);

}  // namespace torc::client_shm
