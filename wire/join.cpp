// Body of JOIN.
#include "wire/control_fields.hpp"
#include "wire/membership.hpp"

namespace torc::wire {

std::size_t encode_body(const Join& join, std::span<std::byte> room) {
    Writer writer(room);
    writer.u64(join.max_epoch_seen);
    put_ring(writer, join.old_ring);
    writer.u8(join.flags);
    writer.u8(0);
    writer.u16(raw(join.suspect));
    put_members(writer, join.proc_set);
    put_members(writer, join.fail_set);
    put_hears(writer, join.hears);
    return writer.finish();
}

std::optional<Join> decode_join(const Control& control, std::span<const std::byte> body) {
    std::optional<Join> join(std::in_place);
    Reader reader(body);
    join->control = control;
    join->max_epoch_seen = reader.u64();
    join->old_ring = get_ring(reader, true);
    join->flags = reader.u8();
    reader.u8();  // reserved
    join->suspect = NodeIndex{reader.u16()};
    reader.require(is_node_or_none(raw(join->suspect)));
    get_members(reader, join->proc_set);
    get_members(reader, join->fail_set);
    get_hears(reader, join->hears);
    if (!reader.finished()) join.reset();
    return join;
}

}  // namespace torc::wire
