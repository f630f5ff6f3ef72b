// Inside of wire/: fields that several control messages share. Readers judge what they read
// through Reader::require; a list that broke a rule is left short.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/fixed_vec.hpp"
#include "base/ids.hpp"
#include "wire/checks.hpp"
#include "wire/cursor.hpp"
#include "wire/have_bitmap.hpp"
#include "wire/membership.hpp"

namespace torc::wire {

void put_member(Writer& writer, const Member& member);
Member get_member(Reader& reader);

void put_ring(Writer& writer, const RingId& ring);
/// `may_be_none`: a representative of kNoNode is legal.
RingId get_ring(Reader& reader, bool may_be_none = false);

void put_attempt(Writer& writer, const AttemptId& attempt);
AttemptId get_attempt(Reader& reader);

/// u16 bits, then as many 64-bit words as hold them; bits past the last are 0.
void put_bitmap(Writer& writer, const HaveBitmap& bitmap);
/// `bits`: how many the other fields say there are.
void get_bitmap(Reader& reader, std::uint64_t bits, HaveBitmap& bitmap);

void put_hears(Writer& writer, const HearsList& hears);
/// Each index once, in any order.
void get_hears(Reader& reader, HearsList& hears);

/// u16 count, then the members.
template <std::size_t N>
void put_members(Writer& writer, const FixedVec<Member, N>& members) {
    writer.u16(static_cast<std::uint16_t>(members.size()));
    for (const Member& member : members) put_member(writer, member);
}

/// Ascending, none twice.
template <std::size_t N>
void get_members(Reader& reader, FixedVec<Member, N>& members) {
    const std::size_t count = reader.u16();
    reader.require(count <= N);
    for (std::size_t i = 0; i < count && reader.ok(); ++i) {
        const Member member = get_member(reader);
        reader.require(members.empty() || members.back() < member);
        if (reader.ok()) members.push_back(member);
    }
}

/// The members of a ring: at least one, ascending, each index in one incarnation only.
void get_ring_members(Reader& reader, MemberList& members);

}  // namespace torc::wire
