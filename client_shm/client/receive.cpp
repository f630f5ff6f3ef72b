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
        session.heads.forget();  // what a run's messages have in common stands in the run
    }
    return walk.peek(record) ? RingStatus::ok : RingStatus::corrupt;
}

/// Under the receive lock: the next record, not stepped over. Gives TORC_OK, TORC_WOULD_BLOCK or
/// the session's end.
int look(torc_session& session, RecordView& record) {
    switch (next_record(session, record)) {
        case RingStatus::ok:
            return TORC_OK;
        case RingStatus::empty:
            return TORC_WOULD_BLOCK;
        case RingStatus::corrupt:
        case RingStatus::full:
        case RingStatus::too_large:
            break;
    }
    return end_session(session, TORC_ERROR_VIOLATION);
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
/// Takes: the message as it lies in the ring.
void take(torc_session& session, const RecordView& record, std::uint8_t place,
          const torc_message& message) {
    RunWalk& walk = session.walk;
    std::uint64_t log_bytes = 0;
    if (walk.is_inside()) {
        log_bytes = walk.advance(record);
        if (!walk.is_inside()) {
            session.deliver.advance(walk.run());
            session.heads.forget();
        }
    } else {
        session.deliver.advance(record);
    }
    session.received.store(session.deliver.cursor(), std::memory_order_relaxed);
    session.records.store(message.position, std::memory_order_relaxed);
    session.held.add(message.position, session.deliver.cursor(), log_bytes, place, session.heads);
    session.empty_looks = 0;
    if (session.flush_groups.any()) note_flush(session.flush_groups, message);
}

/// HeldRecords::release or release_through.
using ReleaseFn = bool (HeldRecords::*)(std::uint64_t, std::uint64_t&, KeptHeads&);

/// False if it is not held.
template <ReleaseFn way>
bool give_back(torc_session& session, std::uint64_t number) {
    const HeldRecords& held = session.held;
    const std::uint64_t released = held.released();
    std::uint64_t head = session.deliver.head();
    if (!(session.held.*way)(number, head, session.heads)) return false;
    if (held.released() != released) {
        SubmitHeader& header = *session.submit_header;
        header.released.store(held.released(), std::memory_order_relaxed);
        header.log_released.store(held.log_released(), std::memory_order_relaxed);
    }
    if (head != session.deliver.head()) session.deliver.publish(head);
    return true;
}

std::uint64_t next_number(const torc_session& session) {
    return session.records.load(std::memory_order_relaxed) + 1;
}

/// Under the receive lock, as a view into the ring.
int try_receive(torc_session& session, torc_message& message, const torc_target*) {
    if (session.held.full()) return TORC_ERROR_STATE;
    RecordView record;
    if (const int code = look(session, record); code != TORC_OK) return code;
    std::uint8_t place = session.heads.place();
    if (is_follower(record.header) && session.heads.known()) {
        fill_follower(message, record, session.heads);
    } else {
        Parsed parsed(record, message, session.heads);
        if (!parse(parsed)) return end_session(session, TORC_ERROR_VIOLATION);
        place = parsed.place;
    }
    message.position = next_number(session);
    take(session, record, place, message);
    return TORC_OK;
}

/// Under the receive lock, as a copy.
int try_receive_into(torc_session& session, torc_message& message, const torc_target* target) {
    RecordView record;
    if (const int code = look(session, record); code != TORC_OK) return code;
    torc_message copied;
    Parsed parsed(record, copied, session.heads);
    if (!parse(parsed)) return end_session(session, TORC_ERROR_VIOLATION);
    copied.position = next_number(session);
    const torc_message in_ring = copied;
    if (!copy_out(parsed, *target)) {
        message.kind = copied.kind;
        message.size = copied.size;
        message.names_size = copied.names_size;
        return TORC_ERROR_TOO_SMALL;
    }
    take(session, record, parsed.place, in_ring);
    give_back<&HeldRecords::release>(session, in_ring.position);
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

// One for each way, and all of it in one piece: a message costs less than the calls would.

template <ReleaseFn way>
int release(torc_session* session, const torc_message* message) {
    if (session == nullptr || message == nullptr) return TORC_ERROR_ARGUMENT;
    if (forked(*session)) return TORC_ERROR_FORKED;
    take_receive_lock(*session);
    const bool known = give_back<way>(*session, message->position);
    drop_receive_lock(*session);
    return known ? TORC_OK : TORC_ERROR_STATE;
}

template <TryFn attempt>
[[gnu::flatten]] int receive(torc_session& session, torc_message& message,
                             const torc_target* target, std::int64_t timeout_ns) {
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

void HeldRecords::merge_with_next(std::uint32_t at) {
    stretches_[at].end = stretches_[at + 1].end;
    stretches_[at].records += stretches_[at + 1].records;
    stretches_[at].log_bytes += stretches_[at + 1].log_bytes;
    --end_;
    std::memmove(stretches_ + at + 1, stretches_ + at + 2, (end_ - at - 1) * sizeof(Stretch));
}

void HeldRecords::move_to_front() {
    std::memmove(stretches_, stretches_ + first_, (end_ - first_) * sizeof(Stretch));
    end_ -= first_;
    first_ = 0;
}

void HeldRecords::drop_first(std::uint64_t& head) {
    const Stretch& first = stretches_[first_];
    head = first.end;
    released_ += first.records;
    log_released_ += first.log_bytes;
    if (++first_ == end_) first_ = end_ = 0;
}

bool HeldRecords::release(std::uint64_t number, std::uint64_t& head, KeptHeads& heads) {
    std::uint32_t at = first_;
    while (at < end_ && !is_held(at, number)) ++at;
    if (at == end_) return false;
    heads.drop(stretches_[at].place);
    --held_;
    if (at == first_) {
        drop_first(head);
        if (first_ < end_ && stretches_[first_].released) drop_first(head);
        return true;
    }
    stretches_[at].released = true;
    if (at + 1 < end_ && stretches_[at + 1].released) merge_with_next(at);
    if (stretches_[at - 1].released) merge_with_next(at - 1);
    return true;
}

bool HeldRecords::release_through(std::uint64_t number, std::uint64_t& head, KeptHeads& heads) {
    std::uint32_t behind = end_;  // it; mostly the latest
    while (behind > first_ && !is_held(behind - 1, number)) --behind;
    if (behind == first_) return false;
    for (std::uint32_t left = behind - first_; left > 0; --left) {
        const Stretch& first = stretches_[first_];
        if (!first.released) {
            heads.drop(first.place);
            --held_;
        }
        drop_first(head);
    }
    if (first_ < end_ && stretches_[first_].released) drop_first(head);
    return true;
}

}  // namespace torc::client_shm

using namespace torc::client_shm;

int torc_receive(torc_session* session, torc_message* message, int64_t timeout_ns) {
    if (session == nullptr || message == nullptr) return TORC_ERROR_ARGUMENT;
    return receive<try_receive>(*session, *message, nullptr, timeout_ns);
}

int torc_receive_into(torc_session* session, torc_message* message, const torc_target* target,
                      int64_t timeout_ns) {
    if (session == nullptr || message == nullptr || target == nullptr || !is_target(*target)) {
        return TORC_ERROR_ARGUMENT;
    }
    return receive<try_receive_into>(*session, *message, target, timeout_ns);
}

int torc_release(torc_session* session, const torc_message* message) {
    return release<&HeldRecords::release>(session, message);
}

int torc_release_through(torc_session* session, const torc_message* message) {
    return release<&HeldRecords::release_through>(session, message);
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
