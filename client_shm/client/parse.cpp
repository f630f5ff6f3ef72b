#include "client_shm/client/parse.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "client_shm/names.hpp"

namespace torc::client_shm {
namespace {

/// Copied names begin so, wherever the program's buffer does: sets are 16-bit numbers.
constexpr std::size_t kNamesAlign = 8;

/// What only views, warnings and refusals say. Two short stretches: one long one becomes a string
/// instruction, which takes as long to start as all the rest of a parse.
void clear_behind_order(torc_message& message) {
    constexpr std::size_t kFrom = offsetof(torc_message, members);
    constexpr std::size_t kBytes = sizeof(torc_message) - kFrom;
    constexpr std::size_t kHalf = kBytes / 16 * 8;
    auto* const at = static_cast<std::byte*>(static_cast<void*>(&message)) + kFrom;
    std::memset(at, 0, kHalf);
    std::memset(at + kHalf, 0, kBytes - kHalf);
}

/// Steps over `count` names. False if they do not stand there.
bool skip_names(NameReader& reader, std::uint32_t count) {
    std::string_view name;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (!reader.take(name)) return false;
    }
    return true;
}

void note_names(Parsed& parsed, std::size_t begin, std::size_t bytes) {
    parsed.names = parsed.record.body + begin;
    parsed.names_bytes = bytes;
    parsed.message.names_size = bytes + kNamesAlign - 1;
}

bool parse_message(Parsed& parsed) {
    const RecordView& record = parsed.record;
    MessageBody body;
    if (record.header.body_bytes < sizeof body) return false;
    std::memcpy(&body, record.body, sizeof body);
    const std::size_t payload_at = align_up(sizeof body + body.names_bytes, kPayloadAlign);
    if (payload_at > record.header.body_bytes || body.group_count == 0) return false;
    NameReader reader(record.body + sizeof body, body.names_bytes);
    std::string_view sender;
    if (!reader.take(sender)) return false;
    const std::size_t groups_bytes = reader.left();
    const char* groups = sender.data() + sender.size() + 1;
    if (!skip_names(reader, body.group_count) || reader.left() != 0) return false;

    torc_message& out = parsed.message;
    clear_behind_order(out);
    note_names(parsed, sizeof body, body.names_bytes);
    out.kind = TORC_MESSAGE;
    out.service = body.service;
    out.cause = 0;
    out.type = body.type;
    out.sender = sender.data();
    out.group = groups + 1;
    out.groups = {groups, body.group_count, static_cast<std::uint32_t>(groups_bytes)};
    out.data = record.body + payload_at;
    out.size = record.header.body_bytes - payload_at;
    out.ring_epoch = body.ring_epoch;
    out.ring_representative = body.representative;
    out.seq = body.seq;
    out.index = body.index;
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
    note_names(parsed, sizeof body, record.header.body_bytes - sizeof body);
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
