#include "client_shm/client/parse.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "client_shm/names.hpp"

namespace torc::client_shm {
namespace {

/// Steps over `count` names. False if they do not stand there.
bool skip_names(NameReader& reader, std::uint32_t count) {
    std::string_view name;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (!reader.take(name)) return false;
    }
    return true;
}

void note_names(Parsed& parsed, const std::byte* names, std::size_t bytes) {
    parsed.names = names;
    parsed.names_bytes = bytes;
    parsed.message.names_size = bytes + kNamesAlign - 1;
}

/// The message leads to the head that is known.
void note_kept(Parsed& parsed) {
    parsed.place = parsed.heads.place();
    parsed.names = parsed.heads.names();
    parsed.names_bytes = parsed.heads.names_bytes();
}

bool parse_follower(Parsed& parsed) {
    if (!parsed.heads.known()) return false;
    fill_follower(parsed.message, parsed.record, parsed.heads);
    note_kept(parsed);
    return true;
}

/// How far behind the sender's name the groups begin; 0 if the names are not what the body says.
std::size_t find_groups(const std::byte* names, const MessageBody& body) {
    NameReader reader(names, body.names_bytes);
    std::string_view sender;
    if (body.group_count == 0 || !reader.take(sender)) return 0;
    const std::size_t groups_at = body.names_bytes - reader.left();
    return skip_names(reader, body.group_count) && reader.left() == 0 ? groups_at : 0;
}

/// What a head says, for all its messages.
void fill_from_head(torc_message& out, const MessageBody& body, const std::byte* names,
                    std::size_t groups_at) {
    const auto* const text = static_cast<const char*>(static_cast<const void*>(names));
    const char* const groups = text + groups_at;
    out.kind = TORC_MESSAGE;
    out.service = body.service;
    out.cause = 0;
    out.type = body.type;
    out.sender = text + 1;
    out.group = groups + 1;
    out.groups = {groups, body.group_count,
                  static_cast<std::uint32_t>(body.names_bytes - groups_at)};
    out.ring_epoch = body.ring_epoch;
    out.ring_representative = body.representative;
    out.seq = body.seq;
    out.index = body.index;
}

bool parse_message(Parsed& parsed) {
    const RecordView& record = parsed.record;
    if (is_follower(record.header)) return parse_follower(parsed);
    if (record.header.flags != 0) return false;
    MessageBody body;
    if (record.header.body_bytes < sizeof body) return false;
    std::memcpy(&body, record.body, sizeof body);
    const std::size_t payload_at = align_up(sizeof body + body.names_bytes, kPayloadAlign);
    if (payload_at > record.header.body_bytes) return false;
    const std::byte* names = record.body + sizeof body;
    const bool is_kept = payload_at <= kSharedHeadBytesMax;
    if (is_kept) {
        names = parsed.heads.copy_names(names, body.names_bytes);
    } else {
        parsed.heads.forget();
    }
    const std::size_t groups_at = find_groups(names, body);
    if (groups_at == 0) return false;
    if (is_kept) {
        fill_from_head(parsed.heads.learn(), body, names, groups_at);
        fill_from_kept(parsed.message, parsed.heads);
        note_kept(parsed);
    } else {
        fill_from_head(parsed.message, body, names, groups_at);
        clear_behind_order(parsed.message);
        note_names(parsed, names, body.names_bytes);
    }
    note_payload(parsed.message, record, payload_at);
    return true;
}

bool parse_view(Parsed& parsed, torc_kind kind) {
    const RecordView& record = parsed.record;
    ViewBody body;
    if (record.header.body_bytes < sizeof body) return false;
    std::memcpy(&body, record.body, sizeof body);
    const std::size_t sets_at =
        align_up(sizeof body + std::size_t{body.names_bytes}, kPayloadAlign);
    const std::size_t sets_bytes =
        kind == TORC_VIEW ? std::size_t{body.member_count} * sizeof(std::uint16_t) : 0;
    if (sets_at + sets_bytes != record.header.body_bytes) return false;
    NameReader reader(record.body + sizeof body, body.names_bytes);
    std::string_view group;
    std::string_view who;
    if (!reader.take(group) || !reader.take(who)) return false;
    const std::size_t members_bytes = reader.left();
    if (!skip_names(reader, body.member_count) || reader.left() != 0) return false;

    torc_message& out = parsed.message;
    note_names(parsed, record.body + sizeof body, record.header.body_bytes - sizeof body);
    out.kind = kind;
    out.group = group.data();
    out.sender = who.data();
    out.members = {who.data() + who.size() + 1, body.member_count,
                   static_cast<std::uint32_t>(members_bytes)};
    if (kind == TORC_VIEW) {
        out.cause = body.cause;
        out.vs_sets =
            static_cast<const std::uint16_t*>(static_cast<const void*>(record.body + sets_at));
        out.my_vs_set = body.my_vs_set;
    }
    out.reason = body.reason;
    out.ring_epoch = body.ring_epoch;
    out.ring_representative = body.representative;
    out.index = body.index;
    return true;
}

bool parse_warning(Parsed& parsed) {
    WarningBody body;
    if (parsed.record.header.body_bytes != sizeof body) return false;
    std::memcpy(&body, parsed.record.body, sizeof body);
    parsed.message.kind = TORC_WARNING;
    parsed.message.fill_bytes = body.fill_bytes;
    parsed.message.capacity_bytes = body.capacity_bytes;
    parsed.message.waiting_messages = body.messages;
    parsed.message.waiting_messages_limit = body.messages_limit;
    return true;
}

bool parse_refused(Parsed& parsed) {
    RefusedBody body;
    if (parsed.record.header.body_bytes != sizeof body) return false;
    std::memcpy(&body, parsed.record.body, sizeof body);
    parsed.message.kind = TORC_REFUSED;
    parsed.message.reason = static_cast<std::int32_t>(body.reason);
    parsed.message.operation = parsed.record.header.operation;
    return true;
}

std::size_t room_in(const torc_target& target) {
    std::size_t room = 0;
    for (std::size_t i = 0; i < target.piece_count; ++i) room += target.pieces[i].iov_len;
    return room;
}

/// As much of the payload as there is room for.
void copy_payload(const torc_message& message, const torc_target& target) {
    const auto* from = static_cast<const std::byte*>(message.data);
    std::size_t left = message.size;
    for (std::size_t i = 0; i < target.piece_count && left > 0; ++i) {
        const std::size_t bytes = std::min(left, target.pieces[i].iov_len);
        if (bytes > 0) std::memcpy(target.pieces[i].iov_base, from, bytes);
        from += bytes;
        left -= bytes;
    }
}

void forget_names(torc_message& message) {
    message.sender = message.group = nullptr;
    message.groups = message.members = {};
    message.vs_sets = nullptr;
}

template <typename T>
void turn(const T*& pointer, const std::byte* from, const std::byte* to) {
    if (pointer == nullptr) return;
    const auto* at = static_cast<const std::byte*>(static_cast<const void*>(pointer));
    pointer = static_cast<const T*>(static_cast<const void*>(to + (at - from)));
}

void copy_names(Parsed& parsed, const torc_target& target) {
    auto* to = static_cast<std::byte*>(target.names);
    to += (kNamesAlign - reinterpret_cast<std::uintptr_t>(to) % kNamesAlign) % kNamesAlign;
    std::memcpy(to, parsed.names, parsed.names_bytes);
    torc_message& message = parsed.message;
    turn(message.sender, parsed.names, to);
    turn(message.group, parsed.names, to);
    turn(message.groups.at, parsed.names, to);
    turn(message.members.at, parsed.names, to);
    turn(message.vs_sets, parsed.names, to);
}

}  // namespace

bool parse(Parsed& parsed) {
    if (parsed.record.header.type == RecordType::message) return parse_message(parsed);
    parsed.heads.forget();
    if (parsed.record.header.flags != 0) return false;
    parsed.message = {};
    switch (parsed.record.header.type) {
        case RecordType::view:
            return parse_view(parsed, TORC_VIEW);
        case RecordType::transitional:
            return parse_view(parsed, TORC_TRANSITIONAL);
        case RecordType::self_leave:
            return parse_view(parsed, TORC_SELF_LEAVE);
        case RecordType::flush_request:
            return parse_view(parsed, TORC_FLUSH_REQUEST);
        case RecordType::warning:
            return parse_warning(parsed);
        case RecordType::refused:
            return parse_refused(parsed);
        case RecordType::join:
        case RecordType::leave:
        case RecordType::send:
        case RecordType::close:
        case RecordType::flush_join:
        case RecordType::flush_ok:
        case RecordType::message:  // above
        case RecordType::run:      // its messages are parsed, one by one
            break;
    }
    return false;
}

bool copy_out(Parsed& parsed, const torc_target& target) {
    torc_message& message = parsed.message;
    const bool may_cut = (target.flags & TORC_TRUNCATE) != 0;
    const bool names_fit = message.names_size <= target.names_size;
    const bool names_wanted = target.names != nullptr && parsed.names != nullptr;
    if (!may_cut && (message.size > room_in(target) || (names_wanted && !names_fit))) return false;
    copy_payload(message, target);
    message.data = nullptr;
    if (names_wanted && names_fit) {
        copy_names(parsed, target);
    } else {
        forget_names(message);
    }
    return true;
}

bool is_target(const torc_target& target) {
    if ((target.flags & ~std::uint32_t{TORC_TRUNCATE}) != 0 || target.reserved != 0) return false;
    if (target.piece_count > 0 && target.pieces == nullptr) return false;
    for (std::size_t i = 0; i < target.piece_count; ++i) {
        if (target.pieces[i].iov_len > 0 && target.pieces[i].iov_base == nullptr) return false;
    }
    return true;
}

}  // namespace torc::client_shm
