#include "groups/envelope.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "groups/name.hpp"
#include "wire/data.hpp"

namespace torc::groups {

static_assert(kEnvelopeBytesMax <= wire::kEnvelopeRoom);

namespace {

std::string_view text(std::span<const std::byte> bytes) {
    return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

/// Copies a name, which may be empty; gives the place behind it.
std::byte* put(std::byte* at, std::string_view name) {
    return std::copy_n(std::as_bytes(std::span(name)).data(), name.size(), at);
}

/// Takes `length` bytes off the front; false if there are fewer.
bool take(std::span<const std::byte>& rest, std::size_t length, std::string_view& taken) {
    if (rest.size() < length) return false;
    taken = text(rest.first(length));
    rest = rest.subspan(length);
    return true;
}

bool fits_kind(const Envelope& envelope) {
    switch (envelope.kind) {
        case EnvelopeKind::message:
            if ((envelope.flags & kSubgroup) != 0) return is_subgroup(envelope.groups.span());
            return !envelope.groups.empty();
        case EnvelopeKind::join:
        case EnvelopeKind::leave:
        case EnvelopeKind::flush_ok:
            return envelope.groups.size() == 1 && is_group_name(envelope.groups[0]);
        case EnvelopeKind::disconnect:
        case EnvelopeKind::sync:
            return envelope.groups.empty();
    }
    return false;
}

}  // namespace

bool is_subgroup(std::span<const std::string_view> destinations) {
    return destinations.size() > 1 && is_group_name(destinations.front()) &&
           std::all_of(destinations.begin() + 1, destinations.end(),
                       [](std::string_view name) { return name.starts_with('#'); });
}

std::size_t write_envelope(EnvelopeKind kind, std::uint8_t flags, std::uint16_t type,
                           std::string_view session_name, std::span<const std::string_view> groups,
                           std::span<std::byte> room, std::uint16_t views) {
    TORC_CHECK(room.size() >= kEnvelopeBytesMax && session_name.size() <= kNameMax &&
               groups.size() <= kGroupsPerMessageMax);
    EnvelopeHeader header;
    header.kind = static_cast<std::uint8_t>(kind);
    header.flags = flags;
    header.type = type;
    header.name_length = static_cast<std::uint8_t>(session_name.size());
    header.groups = static_cast<std::uint8_t>(groups.size());
    header.views = views;
    std::byte* at = room.data();
    std::memcpy(at, &header, sizeof header);
    at += sizeof header;
    at = put(at, session_name);
    for (const std::string_view group : groups) {
        TORC_CHECK(group.size() <= kGroupNameMax);
        *at++ = static_cast<std::byte>(group.size());
        at = put(at, group);
    }
    return static_cast<std::size_t>(at - room.data());
}

bool read_envelope(std::span<const std::byte> bytes, Envelope& envelope) {
    EnvelopeHeader header;
    if (bytes.size() < sizeof header) return false;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.kind < static_cast<std::uint8_t>(EnvelopeKind::message) ||
        header.kind > static_cast<std::uint8_t>(EnvelopeKind::flush_ok) ||
        header.groups > kGroupsPerMessageMax) {
        return false;
    }
    std::span<const std::byte> rest = bytes.subspan(sizeof header);
    envelope.kind = static_cast<EnvelopeKind>(header.kind);
    envelope.flags = header.flags;
    envelope.type = header.type;
    envelope.views = header.views;
    if (!take(rest, header.name_length, envelope.session_name)) return false;
    envelope.groups.clear();
    for (std::size_t i = 0; i < header.groups; ++i) {
        std::string_view length;
        std::string_view group;
        if (!take(rest, 1, length)) return false;
        if (!take(rest, static_cast<std::uint8_t>(length[0]), group)) return false;
        if (!is_destination(group)) return false;
        envelope.groups.push_back(group);
    }
    envelope.payload = rest;
    const bool named = envelope.kind == EnvelopeKind::sync ? envelope.session_name.empty()
                                                           : is_session_name(envelope.session_name);
    return named && fits_kind(envelope);
}

}  // namespace torc::groups
