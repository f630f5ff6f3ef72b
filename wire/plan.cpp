// Body of PLAN: a head, and one order for each old ring.
#include "base/node_set.hpp"
#include "wire/control_fields.hpp"
#include "wire/membership.hpp"

namespace torc::wire {

namespace {

void get_head(Reader& reader, PlanHead& head) {
    head.attempt = get_attempt(reader);
    head.ring = get_ring(reader);
    head.lease_wait_ns = reader.u64();
    head.orders = reader.u16();
    get_ring_members(reader, head.members);
    // Every old ring has at least one member that moves on.
    reader.require(head.orders <= head.members.size());
}

void get_order(Reader& reader, RecoveryOrder& order) {
    order.old_ring = get_ring(reader);
    order.transitional = get_ring(reader);
    order.low_aru = Seq{reader.u64()};
    order.stable_max = Seq{reader.u64()};
    order.high_max = Seq{reader.u64()};
    reader.require(order.low_aru <= order.high_max && order.stable_max <= order.high_max);
    get_ring_members(reader, order.together);
    get_bitmap(reader, distance(order.low_aru, order.high_max), order.final_holes);
    get_members(reader, order.obligations);
}

/// Nobody moves on from two rings, or without being a member of the new one.
void claim(Reader& reader, const MemberList& together, const MemberList& members, NodeSet& taken) {
    for (const Member& member : together) {
        reader.require(members.contains(member) && !taken.contains(member.index));
        if (!reader.ok()) return;
        taken.add(member.index);
    }
}

}  // namespace

std::size_t encode_body(const PlanHead& head, std::span<std::byte> room) {
    Writer writer(room);
    put_attempt(writer, head.attempt);
    put_ring(writer, head.ring);
    writer.u64(head.lease_wait_ns);
    writer.u16(head.orders);
    put_members(writer, head.members);
    return writer.finish();
}

std::size_t encode_order(const RecoveryOrder& order, std::span<std::byte> room) {
    Writer writer(room);
    put_ring(writer, order.old_ring);
    put_ring(writer, order.transitional);
    writer.u64(order.low_aru.raw);
    writer.u64(order.stable_max.raw);
    writer.u64(order.high_max.raw);
    put_members(writer, order.together);
    put_bitmap(writer, order.final_holes);
    put_members(writer, order.obligations);
    return writer.finish();
}

std::optional<PlanHead> decode_plan(const Control& control, std::span<const std::byte> body) {
    std::optional<PlanHead> head(std::in_place);
    Reader reader(body);
    head->control = control;
    get_head(reader, *head);
    NodeSet taken;
    for (std::size_t i = 0; i < head->orders && reader.ok(); ++i) {
        RecoveryOrder order;
        get_order(reader, order);
        claim(reader, order.together, head->members, taken);
    }
    if (!reader.finished()) head.reset();
    return head;
}

std::optional<RecoveryOrder> decode_order(std::span<const std::byte> body, std::size_t position) {
    Reader reader(body);
    PlanHead head;
    get_head(reader, head);
    if (position >= head.orders) return std::nullopt;
    std::optional<RecoveryOrder> order;
    for (std::size_t i = 0; i <= position && reader.ok(); ++i) {
        order.emplace();
        get_order(reader, *order);
    }
    if (!reader.ok()) order.reset();
    return order;
}

}  // namespace torc::wire
