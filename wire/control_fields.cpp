// Fields that several control messages share.
#include "wire/control_fields.hpp"

#include "base/node_set.hpp"

namespace torc::wire {

void put_member(Writer& writer, const Member& member) {
    writer.u16(raw(member.index));
    writer.u64(raw(member.incarnation));
}

Member get_member(Reader& reader) {
    const std::uint16_t index = reader.u16();
    const std::uint64_t incarnation = reader.u64();
    reader.require(is_node(index) && incarnation != 0);
    return Member{NodeIndex{index}, Incarnation{incarnation}};
}

void put_ring(Writer& writer, const RingId& ring) {
    writer.u64(ring.epoch);
    writer.u16(raw(ring.representative));
}

RingId get_ring(Reader& reader, bool may_be_none) {
    const std::uint64_t epoch = reader.u64();
    const std::uint16_t representative = reader.u16();
    reader.require(may_be_none ? is_node_or_none(representative) : is_node(representative));
    return RingId{epoch, NodeIndex{representative}};
}

void put_attempt(Writer& writer, const AttemptId& attempt) {
    writer.u64(attempt.epoch);
    writer.u16(raw(attempt.coordinator));
    writer.u64(attempt.nonce);
}

AttemptId get_attempt(Reader& reader) {
    AttemptId attempt;
    attempt.epoch = reader.u64();
    const std::uint16_t coordinator = reader.u16();
    reader.require(is_node(coordinator));
    attempt.coordinator = NodeIndex{coordinator};
    attempt.nonce = reader.u64();
    return attempt;
}

void put_bitmap(Writer& writer, const HaveBitmap& bitmap) {
    writer.u16(static_cast<std::uint16_t>(bitmap.size()));
    for (std::size_t word = 0; word < (bitmap.size() + 63) / 64; ++word) {
        writer.u64(bitmap.word(word));
    }
}

void get_bitmap(Reader& reader, std::uint64_t bits, HaveBitmap& bitmap) {
    const std::size_t size = reader.u16();
    reader.require(size == bits && size <= kWindowFrames);
    if (!reader.ok()) return;
    bitmap.resize(size);
    for (std::size_t word = 0; word < (size + 63) / 64; ++word) {
        const std::uint64_t value = reader.u64();
        const std::size_t used = size - word * 64;
        reader.require(used >= 64 || value >> used == 0);
        if (!reader.ok()) return;
        bitmap.set_word(word, value);
    }
}

void put_hears(Writer& writer, const HearsList& hears) {
    writer.u16(static_cast<std::uint16_t>(hears.size()));
    for (const Hears& entry : hears) {
        writer.u16(raw(entry.index));
        writer.u32(entry.incarnation_low);
        writer.u32(entry.ctl_low);
    }
}

void get_hears(Reader& reader, HearsList& hears) {
    const std::size_t count = reader.u16();
    reader.require(count <= HearsList::capacity());
    NodeSet seen;
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
        Hears entry;
        entry.index = NodeIndex{reader.u16()};
        entry.incarnation_low = reader.u32();
        entry.ctl_low = reader.u32();
        reader.require(is_node(raw(entry.index)) && !seen.contains(entry.index));
        if (!reader.ok()) return;
        seen.add(entry.index);
        hears.push_back(entry);
    }
}

void get_ring_members(Reader& reader, MemberList& members) {
    get_members(reader, members);
    reader.require(!members.empty());
    for (std::size_t i = 1; i < members.size(); ++i) {
        reader.require(members[i - 1].index < members[i].index);
    }
}

}  // namespace torc::wire
