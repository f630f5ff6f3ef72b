// Receiving: records of the deliver ring as views, held by the program until it releases them.
#include <cstring>
#include <string_view>

#include "client_shm/client/session.hpp"
#include "client_shm/names.hpp"

namespace torc::client_shm {
namespace {

/// Looks at the socket this seldom while a program polls with timeout 0; the state word every time.
constexpr std::uint32_t kEmptyLooksPerSocketLook = 256;

/// Steps over `count` names. False if they do not stand there.
bool skip_names(NameReader& reader, std::uint32_t count) {
    std::string_view name;
    for (std::uint32_t i = 0; i < count; ++i) {
        if (!reader.take(name)) return false;
    }
    return true;
}

bool parse_message(const RecordView& record, torc_message& out) {
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

    out.kind = TORC_MESSAGE;
    out.service = body.service;
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

bool parse_view(const RecordView& record, torc_kind kind, torc_message& out) {
    ViewBody body;
    if (record.header.body_bytes < sizeof body) return false;
    std::memcpy(&body, record.body, sizeof body);
    const std::size_t sets_at =
        align_up(sizeof body + std::size_t{body.names_bytes}, kPayloadAlign);
    const bool has_sets = (body.flags & kViewHasSets) != 0;
    const std::size_t sets_bytes =
        has_sets ? std::size_t{body.member_count} * sizeof(std::uint16_t) : 0;
    if (sets_at + sets_bytes > align_up(record.header.body_bytes, kPayloadAlign)) return false;
    NameReader reader(record.body + sizeof body, body.names_bytes);
    std::string_view group;
    std::string_view who;
    if (!reader.take(group) || !reader.take(who)) return false;
    const std::size_t members_bytes = reader.left();
    if (!skip_names(reader, body.member_count) || reader.left() != 0) return false;

    out.kind = kind;
    out.cause = kind == TORC_VIEW ? body.cause : std::uint8_t{0};
    out.group = group.data();
    out.sender = who.data();
    out.members = {who.data() + who.size() + 1, body.member_count,
                   static_cast<std::uint32_t>(members_bytes)};
    out.vs_sets =
        has_sets
            ? static_cast<const std::uint16_t*>(static_cast<const void*>(record.body + sets_at))
            : nullptr;
    out.my_vs_set = body.my_vs_set;
    out.ring_epoch = body.ring_epoch;
    out.ring_representative = body.representative;
    out.index = body.index;
    return true;
}

bool parse_warning(const RecordView& record, torc_message& out) {
    WarningBody body;
    if (record.header.body_bytes != sizeof body) return false;
    std::memcpy(&body, record.body, sizeof body);
    out.kind = TORC_WARNING;
    out.fill_bytes = body.fill_bytes;
    out.capacity_bytes = body.capacity_bytes;
    return true;
}

bool parse_refused(const RecordView& record, torc_message& out) {
    RefusedBody body;
    if (record.header.body_bytes != sizeof body) return false;
    std::memcpy(&body, record.body, sizeof body);
    out.kind = TORC_REFUSED;
    out.reason = static_cast<std::int32_t>(body.reason);
    out.operation = record.header.operation;
    return true;
}

bool parse(const RecordView& record, torc_message& out) {
    switch (record.header.type) {
        case RecordType::message:
            return parse_message(record, out);
        case RecordType::view:
            return parse_view(record, TORC_VIEW, out);
        case RecordType::transitional:
            return parse_view(record, TORC_TRANSITIONAL, out);
        case RecordType::self_leave:
            return parse_view(record, TORC_SELF_LEAVE, out);
        case RecordType::warning:
            return parse_warning(record, out);
        case RecordType::refused:
            return parse_refused(record, out);
        case RecordType::join:
        case RecordType::leave:
        case RecordType::send:
        case RecordType::close:
            return false;
    }
    return false;
}

void take_receive_lock(torc_session& session) {
    if (session.single_threaded) return;
    Deadline deadline(TORC_FOREVER);  // never held while waiting
    session.receive_lock.acquire(deadline);
}

void drop_receive_lock(torc_session& session) {
    if (!session.single_threaded) session.receive_lock.release();
}

/// Under the receive lock. Gives TORC_OK, TORC_WOULD_BLOCK or an error.
int try_receive(torc_session& session, torc_message& message) {
    if (session.held.full()) return TORC_ERROR_STATE;
    RecordView record;
    switch (session.deliver.peek(record)) {
        case RingStatus::ok:
            break;
        case RingStatus::empty:
            return TORC_WOULD_BLOCK;
        case RingStatus::corrupt:
        case RingStatus::full:
        case RingStatus::too_large:
            return end_session(session, TORC_ERROR_VIOLATION);
    }
    torc_message parsed{};
    if (!parse(record, parsed)) return end_session(session, TORC_ERROR_VIOLATION);
    parsed.position = record.position;
    session.deliver.advance(record);
    session.received.store(session.deliver.cursor(), std::memory_order_relaxed);
    session.held.add(record.position, record.end());
    session.empty_looks = 0;
    message = parsed;
    return TORC_OK;
}

/// What an empty ring means: would-block, or that the session has ended. `seen` is what was known
/// of the end before the ring was found empty, so nothing published before it is missed.
int explain_empty(torc_session& session, int seen) {
    if (seen != TORC_OK) return seen;
    const bool look = ++session.empty_looks % kEmptyLooksPerSocketLook == 0;
    if (look) check_ended(session, true);  // remembered; the next call drains, then tells
    return TORC_WOULD_BLOCK;
}

}  // namespace

void HeldRecords::remove(std::uint32_t at) {
    --count_;
    std::memmove(stretches_ + at, stretches_ + at + 1, (count_ - at) * sizeof(Stretch));
}

bool HeldRecords::release(std::uint64_t position, std::uint64_t& head) {
    std::uint32_t at = 0;
    while (at < count_ && (stretches_[at].position != position || stretches_[at].released)) ++at;
    if (at == count_) return false;
    stretches_[at].released = true;
    --held_;
    if (at + 1 < count_ && stretches_[at + 1].released) {
        stretches_[at].end = stretches_[at + 1].end;
        remove(at + 1);
    }
    if (at > 0 && stretches_[at - 1].released) {
        stretches_[at - 1].end = stretches_[at].end;
        remove(at);
    }
    if (stretches_[0].released) {
        head = stretches_[0].end;
        remove(0);
    }
    return true;
}

}  // namespace torc::client_shm

using namespace torc::client_shm;

int torc_receive(torc_session* session, torc_message* message, int64_t timeout_ns) {
    if (session == nullptr || message == nullptr) return TORC_ERROR_ARGUMENT;
    if (forked(*session)) return TORC_ERROR_FORKED;
    Deadline deadline(timeout_ns);
    for (;;) {
        const int seen = check_ended(*session, false);
        take_receive_lock(*session);
        int code = try_receive(*session, *message);
        if (code == TORC_WOULD_BLOCK) code = explain_empty(*session, seen);
        drop_receive_lock(*session);
        if (code != TORC_WOULD_BLOCK || deadline.immediate()) return code;
        code = wait_until(*session, session->receiving, has_records, 0, deadline);
        if (code == TORC_WOULD_BLOCK || code == TORC_ERROR_SYSTEM) return code;
        // Else look again: an ended session gives what had arrived, then its reason.
    }
}

int torc_release(torc_session* session, const torc_message* message) {
    if (session == nullptr || message == nullptr) return TORC_ERROR_ARGUMENT;
    if (forked(*session)) return TORC_ERROR_FORKED;
    take_receive_lock(*session);
    std::uint64_t head = session->deliver.head();
    const bool known = session->held.release(message->position, head);
    if (head != session->deliver.head()) session->deliver.publish(head);
    const int code = known ? TORC_OK : TORC_ERROR_STATE;
    drop_receive_lock(*session);
    return code;
}

const char* torc_names_next(torc_names* names) {
    if (names == nullptr || names->count == 0 || names->bytes < 2) return nullptr;
    const auto size = static_cast<unsigned char>(names->at[0]);
    if (names->bytes < name_bytes(size)) return nullptr;
    const char* name = names->at + 1;
    names->at += name_bytes(size);
    names->bytes -= static_cast<std::uint32_t>(name_bytes(size));
    --names->count;
    return name;
}
