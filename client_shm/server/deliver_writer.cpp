#include "client_shm/server/deliver_writer.hpp"

#include <cstring>
#include <new>

#include "base/check.hpp"
#include "client_shm/names.hpp"

namespace torc::client_shm {
namespace {

using engine::Delivery;
using engine::ViewCause;
using engine::ViewEvent;

std::size_t message_names_bytes(const Delivery& delivery) {
    std::size_t bytes = name_bytes(delivery.sender.size());
    for (const std::string_view group : delivery.groups) bytes += name_bytes(group.size());
    return bytes;
}

std::size_t view_names_bytes(const ViewEvent& event) {
    std::size_t bytes = name_bytes(event.group.size()) + name_bytes(event.who.size());
    for (const std::string_view member : event.members) bytes += name_bytes(member.size());
    return bytes;
}

RecordType type_of(ViewCause cause) {
    switch (cause) {
        case ViewCause::join:
        case ViewCause::leave:
        case ViewCause::disconnect:
        case ViewCause::network:
            return RecordType::view;
        case ViewCause::self_leave:
            return RecordType::self_leave;
        case ViewCause::transitional:
            return RecordType::transitional;
    }
    check_failed("a view has one of the causes above");
}

/// A view with one change, whose sets the engine leaves to us: who was there came together, a
/// joiner came alone. Set 0 is never empty.
std::uint16_t set_of_joiner(const ViewEvent& event, bool joined) {
    const bool alone = event.members.size() <= 1;
    return event.cause == ViewCause::join && joined && !alone ? std::uint16_t{1} : std::uint16_t{0};
}

void write_sets_of_one_change(std::byte* at, const ViewEvent& event) {
    for (const std::string_view member : event.members) {
        const std::uint16_t set = set_of_joiner(event, member == event.who);
        std::memcpy(at, &set, sizeof set);
        at += sizeof set;
    }
}

void commit(RingProducer& ring, RecordType type, std::size_t body_bytes,
            std::uint64_t operation = 0) {
    ring.commit({static_cast<std::uint32_t>(body_bytes), type, 0, operation});
}

}  // namespace

void MessageHead::measure_names() {
    made_ = false;
    ++serial_;
    names_ = message_names_bytes(*delivery_);
    size_ = align_up(sizeof(MessageBody) + names_, kPayloadAlign);
}

void MessageHead::encode(std::byte* at) const {
    // Padding too: what is left of another message's names is not for these readers.
    std::memset(at + size_ - kPayloadAlign, 0, kPayloadAlign);
    // In place: to put it together elsewhere and copy it waits for its small writes to settle.
    MessageBody& body = *::new (at) MessageBody;
    body.service = static_cast<std::uint8_t>(delivery_->service);
    body.flags = 0;
    body.type = delivery_->type;
    body.group_count = static_cast<std::uint16_t>(delivery_->groups.size());
    body.names_bytes = static_cast<std::uint16_t>(names_);
    body.ring_epoch = delivery_->ring.epoch;
    body.seq = delivery_->seq.raw;
    body.index = delivery_->index;
    body.representative = raw(delivery_->ring.representative);
    body.reserved = 0;
    at = write_name(at + sizeof body, delivery_->sender);
    for (const std::string_view group : delivery_->groups) at = write_name(at, group);
}

std::uint64_t view_ring_bytes(const ViewEvent& event) {
    return record_bytes(align_up(sizeof(ViewBody) + view_names_bytes(event), kPayloadAlign) +
                        event.members.size() * sizeof(std::uint16_t));
}

RingStatus write_message(RingProducer& ring, const MessageHead& head, bool same) {
    const RingStatus status = ring.reserve(head.body_bytes(same));
    if (status != RingStatus::ok) return status;
    write_body(ring.body(), head, same);
    ring.commit(message_header(head, same));
    return RingStatus::ok;
}

void write_message_at(std::byte* at, const MessageHead& head, bool same) {
    const RecordHeader header = message_header(head, same);
    std::memcpy(at, &header, sizeof header);
    write_body(at + sizeof header, head, same);
}

RingStatus write_run(RingProducer& ring, const RunBody& run) {
    if (const RingStatus status = ring.reserve(sizeof run); status != RingStatus::ok) return status;
    std::memcpy(ring.body(), &run, sizeof run);
    commit(ring, RecordType::run, sizeof run);
    return RingStatus::ok;
}

RingStatus write_view(RingProducer& ring, const ViewEvent& event, bool joined, Reason reason) {
    const std::size_t names = view_names_bytes(event);
    const std::size_t sets_at = align_up(sizeof(ViewBody) + names, kPayloadAlign);
    const RecordType type = type_of(event.cause);
    const bool has_sets = type == RecordType::view;
    const std::size_t sets_bytes = has_sets ? event.members.size() * sizeof(std::uint16_t) : 0;
    const std::size_t body_bytes = sets_at + sets_bytes;
    if (const RingStatus status = ring.reserve(body_bytes); status != RingStatus::ok) return status;

    const bool given = event.vs_set_of.size() == event.members.size();
    ViewBody body{};
    body.cause = static_cast<std::uint8_t>(event.cause);
    body.representative = raw(event.ring.representative);
    body.my_vs_set = given ? event.my_vs_set : set_of_joiner(event, joined);
    body.reason = static_cast<std::int16_t>(reason);
    body.ring_epoch = event.ring.epoch;
    body.index = event.index;
    body.member_count = static_cast<std::uint32_t>(event.members.size());
    body.names_bytes = static_cast<std::uint32_t>(names);
    std::byte* const start = ring.body();
    std::memcpy(start, &body, sizeof body);
    std::byte* at = write_name(start + sizeof body, event.group);
    at = write_name(at, event.who);
    for (const std::string_view member : event.members) at = write_name(at, member);
    if (has_sets && given) {
        if (sets_bytes > 0) std::memcpy(start + sets_at, event.vs_set_of.data(), sets_bytes);
    } else if (has_sets) {
        write_sets_of_one_change(start + sets_at, event);
    }
    commit(ring, type, body_bytes);
    return RingStatus::ok;
}

RingStatus write_flush_request(RingProducer& ring, const engine::FlushRequest& request) {
    ViewEvent event;
    event.group = request.group;
    const std::size_t names = view_names_bytes(event);
    const std::size_t body_bytes = align_up(sizeof(ViewBody) + names, kPayloadAlign);
    if (const RingStatus status = ring.reserve(body_bytes); status != RingStatus::ok) return status;
    ViewBody body{};
    body.names_bytes = static_cast<std::uint32_t>(names);
    std::byte* const start = ring.body();
    std::memcpy(start, &body, sizeof body);
    write_name(write_name(start + sizeof body, event.group), event.who);
    commit(ring, RecordType::flush_request, body_bytes);
    return RingStatus::ok;
}

RingStatus write_warning(RingProducer& ring, const WarningBody& body) {
    if (const RingStatus status = ring.reserve(sizeof body); status != RingStatus::ok) {
        return status;
    }
    std::memcpy(ring.body(), &body, sizeof body);
    commit(ring, RecordType::warning, sizeof body);
    return RingStatus::ok;
}

RingStatus write_refused(RingProducer& ring, RecordType refused, Reason reason,
                         std::uint64_t operation) {
    const RefusedBody body{reason, refused, 0};
    if (const RingStatus status = ring.reserve(sizeof body); status != RingStatus::ok) {
        return status;
    }
    std::memcpy(ring.body(), &body, sizeof body);
    commit(ring, RecordType::refused, sizeof body, operation);
    return RingStatus::ok;
}

}  // namespace torc::client_shm
