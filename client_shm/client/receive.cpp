// Receiving: records of the deliver ring as views, held by the program until it releases them, or
// as copies. Messages of a run lie in the log; where, is seen nowhere outside of this file.
#include <cstring>
#include <string_view>

#include "client_shm/client/parse.hpp"
#include "client_shm/client/session.hpp"
#include "client_shm/names.hpp"

namespace torc::client_shm {
namespace {

/// Looks at the socket this seldom while a program polls with timeout 0; the state word every time.
constexpr std::uint32_t kEmptyLooksPerSocketLook = 256;

void take_receive_lock(torc_session& session) {
    if (session.single_threaded) return;
    Deadline deadline(TORC_FOREVER);  // never held while waiting
    session.receive_lock.acquire(deadline);
}

void drop_receive_lock(torc_session& session) {
    if (!session.single_threaded) session.receive_lock.release();
}

/// The next record, from the ring or from the run that the ring refers to.
RingStatus next_record(torc_session& session, RecordView& record) {
    RunWalk& walk = session.walk;
    if (!walk.is_inside()) {
        const RingStatus status = session.deliver.peek(record);
        if (status != RingStatus::ok || record.header.type != RecordType::run) return status;
        if (!walk.enter(record)) return RingStatus::corrupt;
    }
    return walk.peek(record) ? RingStatus::ok : RingStatus::corrupt;
}

/// Under the receive lock: the next record, parsed and not stepped over. Gives TORC_OK,
/// TORC_WOULD_BLOCK or the session's end.
int look(torc_session& session, Parsed& parsed) {
    switch (next_record(session, parsed.record)) {
        case RingStatus::ok:
            break;
        case RingStatus::empty:
            return TORC_WOULD_BLOCK;
        case RingStatus::corrupt:
        case RingStatus::full:
        case RingStatus::too_large:
            return end_session(session, TORC_ERROR_VIOLATION);
    }
    if (!parse(parsed)) return end_session(session, TORC_ERROR_VIOLATION);
    parsed.message.position = session.records.load(std::memory_order_relaxed) + 1;
    return TORC_OK;
}

/// What a record says about a flush group, for sends to come.
void note_flush(FlushGroups& groups, const torc_message& message) {
    switch (message.kind) {
        case TORC_VIEW:
            return groups.on_view(message.group);
        case TORC_FLUSH_REQUEST:
            return groups.on_request(message.group);
        case TORC_SELF_LEAVE:
            return groups.on_self_leave(message.group);
        case TORC_REFUSED:
            return groups.on_join_refused(message.operation);
        default:
            return;
    }
}

/// Steps over a record that the program gets. Of a run the ring is free behind its last message.
void take(torc_session& session, const RecordView& record, const torc_message& message) {
    RunWalk& walk = session.walk;
    std::uint64_t log_bytes = 0;
    if (walk.is_inside()) {
        log_bytes = walk.advance(record);
        if (!walk.is_inside()) session.deliver.advance(walk.run());
    } else {
        session.deliver.advance(record);
    }
    session.received.store(session.deliver.cursor(), std::memory_order_relaxed);
    session.records.store(message.position, std::memory_order_relaxed);
    session.held.add(message.position, session.deliver.cursor(), log_bytes);
    session.empty_looks = 0;
    if (session.flush_groups.any()) note_flush(session.flush_groups, message);
}

/// False if it is not held.
bool give_back(torc_session& session, std::uint64_t number) {
    const HeldRecords& held = session.held;
    const std::uint64_t released = held.released();
    std::uint64_t head = session.deliver.head();
    if (!session.held.release(number, head)) return false;
    if (held.released() != released) {
        SubmitHeader& header = *session.submit_header;
        header.released.store(held.released(), std::memory_order_relaxed);
        header.log_released.store(held.log_released(), std::memory_order_relaxed);
    }
    if (head != session.deliver.head()) session.deliver.publish(head);
    return true;
}

/// Under the receive lock, as a view into the ring.
int try_receive(torc_session& session, torc_message& message, const torc_target*) {
    if (session.held.full()) return TORC_ERROR_STATE;
    Parsed parsed(message);
    if (const int code = look(session, parsed); code != TORC_OK) return code;
    take(session, parsed.record, message);
    return TORC_OK;
}

/// Under the receive lock, as a copy.
int try_receive_into(torc_session& session, torc_message& message, const torc_target* target) {
    torc_message copied;
    Parsed parsed(copied);
    if (const int code = look(session, parsed); code != TORC_OK) return code;
    const torc_message in_ring = copied;
    if (!copy_out(parsed, *target)) {
        message.kind = copied.kind;
        message.size = copied.size;
        message.names_size = copied.names_size;
        return TORC_ERROR_TOO_SMALL;
    }
    take(session, parsed.record, in_ring);
    give_back(session, in_ring.position);
    message = copied;
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

using TryFn = int (*)(torc_session&, torc_message&, const torc_target*);

int receive(torc_session& session, torc_message& message, const torc_target* target, TryFn attempt,
            std::int64_t timeout_ns) {
    if (forked(session)) return TORC_ERROR_FORKED;
    Deadline deadline(timeout_ns);
    for (;;) {
        const int seen = check_ended(session, false);
        take_receive_lock(session);
        int code = attempt(session, message, target);
        if (code == TORC_WOULD_BLOCK) code = explain_empty(session, seen);
        drop_receive_lock(session);
        if (code != TORC_WOULD_BLOCK || deadline.immediate()) return code;
        code = wait_until(session, session.receiving, has_records, 0, deadline);
        if (code == TORC_WOULD_BLOCK || code == TORC_ERROR_SYSTEM) return code;
        // Else look again: an ended session gives what had arrived, then its reason.
    }
}

}  // namespace

void HeldRecords::remove(std::uint32_t at) {
    --count_;
    std::memmove(stretches_ + at, stretches_ + at + 1, (count_ - at) * sizeof(Stretch));
}

void HeldRecords::merge_with_next(std::uint32_t at) {
    stretches_[at].end = stretches_[at + 1].end;
    stretches_[at].records += stretches_[at + 1].records;
    stretches_[at].log_bytes += stretches_[at + 1].log_bytes;
    remove(at + 1);
}

bool HeldRecords::release(std::uint64_t number, std::uint64_t& head) {
    std::uint32_t at = 0;
    while (at < count_ && (stretches_[at].number != number || stretches_[at].released)) ++at;
    if (at == count_) return false;
    stretches_[at].released = true;
    --held_;
    if (at + 1 < count_ && stretches_[at + 1].released) merge_with_next(at);
    if (at > 0 && stretches_[at - 1].released) merge_with_next(at - 1);
    if (stretches_[0].released) {
        head = stretches_[0].end;
        released_ += stretches_[0].records;
        log_released_ += stretches_[0].log_bytes;
        remove(0);
    }
    return true;
}

}  // namespace torc::client_shm

using namespace torc::client_shm;

int torc_receive(torc_session* session, torc_message* message, int64_t timeout_ns) {
    if (session == nullptr || message == nullptr) return TORC_ERROR_ARGUMENT;
    return receive(*session, *message, nullptr, try_receive, timeout_ns);
}

int torc_receive_into(torc_session* session, torc_message* message, const torc_target* target,
                      int64_t timeout_ns) {
    if (session == nullptr || message == nullptr || target == nullptr || !is_target(*target)) {
        return TORC_ERROR_ARGUMENT;
    }
    return receive(*session, *message, target, try_receive_into, timeout_ns);
}

int torc_release(torc_session* session, const torc_message* message) {
    if (session == nullptr || message == nullptr) return TORC_ERROR_ARGUMENT;
    if (forked(*session)) return TORC_ERROR_FORKED;
    take_receive_lock(*session);
    const bool known = give_back(*session, message->position);
    drop_receive_lock(*session);
    return known ? TORC_OK : TORC_ERROR_STATE;
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
