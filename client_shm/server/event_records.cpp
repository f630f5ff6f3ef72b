#include "client_shm/server/event_records.hpp"

#include <cstring>

#include "base/check.hpp"
#include "client_shm/names.hpp"

namespace torc::client_shm {
namespace {

using engine::Delivery;
using engine::FlushRequest;
using engine::ViewEvent;

/// delivery: this, session ids, names (sender, groups), padding to 8, payload.
struct DeliveryHead {
    std::uint64_t ring_epoch;
    std::uint64_t seq;
    std::uint32_t index;
    std::uint32_t sessions;
    std::uint32_t payload_at;
    std::uint16_t representative;
    std::uint16_t type;
    std::uint16_t groups;
    std::uint8_t service;
    std::uint8_t reserved;
};

/// view: this, sets of u16, names (group, who, members).
struct ViewHead {
    std::uint64_t ring_epoch;
    std::uint64_t index;
    std::uint32_t members;
    std::uint32_t sets;
    std::uint16_t representative;
    std::uint16_t my_vs_set;
    std::uint8_t cause;
    bool kind_lost;
    std::uint16_t reserved;
};

template <typename Head>
Head head_of(const RecordView& record) {
    Head head;
    std::memcpy(&head, record.body, sizeof head);
    return head;
}

/// Where the names of a delivery end.
std::size_t payload_at(const Delivery& delivery) {
    std::size_t bytes = sizeof(DeliveryHead) + delivery.sessions.size_bytes();
    bytes += name_bytes(delivery.sender.size());
    for (const std::string_view group : delivery.groups) bytes += name_bytes(group.size());
    return align_up(bytes, kPayloadAlign);
}

template <typename T>
std::byte* write_all(std::byte* at, std::span<const T> items) {
    if (!items.empty()) std::memcpy(at, items.data(), items.size_bytes());
    return at + items.size_bytes();
}

template <typename T>
std::span<const T> read_all(const std::byte* at, std::size_t count) {
    return {static_cast<const T*>(static_cast<const void*>(at)), count};
}

std::string_view take_name(NameReader& names) {
    std::string_view name;
    TORC_CHECK(names.take(name));
    return name;
}

NameReader names_from(const RecordView& record, std::size_t offset) {
    return {record.body + offset, record.header.body_bytes - offset};
}

}  // namespace

std::size_t event_bytes(const Delivery& delivery) {
    return payload_at(delivery) + delivery.payload.size();
}

void write_event(std::byte* at, const Delivery& delivery) {
    const std::size_t payload = payload_at(delivery);
    const DeliveryHead head{delivery.ring.epoch,
                            delivery.seq.raw,
                            delivery.index,
                            static_cast<std::uint32_t>(delivery.sessions.size()),
                            static_cast<std::uint32_t>(payload),
                            raw(delivery.ring.representative),
                            delivery.type,
                            static_cast<std::uint16_t>(delivery.groups.size()),
                            static_cast<std::uint8_t>(delivery.service),
                            0};
    std::memcpy(at, &head, sizeof head);
    std::byte* names = write_all(at + sizeof head, delivery.sessions);
    names = write_name(names, delivery.sender);
    for (const std::string_view group : delivery.groups) names = write_name(names, group);
    write_all(at + payload, delivery.payload);
}

const Delivery& EventReader::delivery(const RecordView& record) {
    const auto head = head_of<DeliveryHead>(record);
    TORC_CHECK(head.groups <= groups_.size());
    delivery_.sessions = read_all<SessionId>(record.body + sizeof head, head.sessions);
    NameReader names = names_from(record, sizeof head + delivery_.sessions.size_bytes());
    delivery_.sender = take_name(names);
    for (std::size_t i = 0; i < head.groups; ++i) groups_[i] = take_name(names);
    delivery_.groups = {groups_.data(), head.groups};
    delivery_.service = static_cast<Service>(head.service);
    delivery_.type = head.type;
    delivery_.ring = {head.ring_epoch, NodeIndex{head.representative}};
    delivery_.seq = Seq{head.seq};
    delivery_.index = head.index;
    delivery_.repeats = record.header.flags == kRepeats;
    delivery_.payload = {record.body + head.payload_at, record.header.body_bytes - head.payload_at};
    return delivery_;
}

std::size_t event_bytes(const ViewEvent& event) {
    std::size_t bytes = sizeof(ViewHead) + event.vs_set_of.size_bytes();
    bytes += name_bytes(event.group.size()) + name_bytes(event.who.size());
    for (const std::string_view member : event.members) bytes += name_bytes(member.size());
    return bytes;
}

void write_event(std::byte* at, const ViewEvent& event) {
    const ViewHead head{event.ring.epoch,
                        event.index,
                        static_cast<std::uint32_t>(event.members.size()),
                        static_cast<std::uint32_t>(event.vs_set_of.size()),
                        raw(event.ring.representative),
                        event.my_vs_set,
                        static_cast<std::uint8_t>(event.cause),
                        event.kind_lost,
                        0};
    std::memcpy(at, &head, sizeof head);
    at = write_all(at + sizeof head, event.vs_set_of);
    at = write_name(write_name(at, event.group), event.who);
    for (const std::string_view member : event.members) at = write_name(at, member);
}

const ViewEvent& EventReader::view(const RecordView& record) {
    const auto head = head_of<ViewHead>(record);
    view_.session = event_session(record.header);
    view_.vs_set_of = read_all<std::uint16_t>(record.body + sizeof head, head.sets);
    NameReader names = names_from(record, sizeof head + view_.vs_set_of.size_bytes());
    view_.group = take_name(names);
    view_.who = take_name(names);
    members_.clear();
    for (std::uint32_t i = 0; i < head.members; ++i) members_.push_back(take_name(names));
    view_.members = members_;
    view_.cause = static_cast<engine::ViewCause>(head.cause);
    view_.ring = {head.ring_epoch, NodeIndex{head.representative}};
    view_.index = head.index;
    view_.my_vs_set = head.my_vs_set;
    view_.kind_lost = head.kind_lost;
    return view_;
}

std::size_t event_bytes(const FlushRequest& request) { return name_bytes(request.group.size()); }

void write_event(std::byte* at, const FlushRequest& request) { write_name(at, request.group); }

FlushRequest EventReader::flush(const RecordView& record) const {
    NameReader names = names_from(record, 0);
    return {event_session(record.header), take_name(names)};
}

}  // namespace torc::client_shm
