// Body of MERGE.
#include "wire/control_fields.hpp"
#include "wire/membership.hpp"

namespace torc::wire {

std::size_t encode_body(const Merge& merge, std::span<std::byte> room) {
    Writer writer(room);
    put_ring(writer, merge.ring);
    writer.u64(merge.max_epoch_seen);
    put_members(writer, merge.members);
    put_hears(writer, merge.hears);
    return writer.finish();
}

std::optional<Merge> decode_merge(const Control& control, std::span<const std::byte> body) {
    std::optional<Merge> merge(std::in_place);
    Reader reader(body);
    merge->control = control;
    merge->ring = get_ring(reader);
    merge->max_epoch_seen = reader.u64();
    get_ring_members(reader, merge->members);
    get_hears(reader, merge->hears);
    if (!reader.finished()) merge.reset();
    return merge;
}

}  // namespace torc::wire
