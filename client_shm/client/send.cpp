// Joining, leaving and sending: one record of the submit ring each, written in place.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "client_shm/client/session.hpp"
#include "client_shm/names.hpp"

namespace torc::client_shm {
namespace {

/// What a send asks for, checked.
struct Request {
    const char* const* groups{nullptr};
    std::size_t group_count{0};
    const char* subgroup{nullptr};  ///< a flush group in front of `groups`, its members
    std::size_t name_max{0};
    std::size_t names_bytes{0};
    std::size_t payload_bytes{0};
    std::uint8_t service{0};
    std::uint8_t flags{0};
    std::uint16_t type{0};

    std::size_t names() const { return group_count + (subgroup != nullptr ? 1 : 0); }
    const char* name(std::size_t at) const {
        if (subgroup == nullptr) return groups[at];
        return at == 0 ? subgroup : groups[at - 1];
    }
    std::size_t payload_at() const {
        return align_up(sizeof(SendBody) + names_bytes, kPayloadAlign);
    }
};

/// A name, or so much of it that it is seen to be too long.
std::string_view bounded(const char* name, std::size_t max) {
    return {name, strnlen(name, max + 1)};
}

int check_names(Request& request) {
    if (request.groups == nullptr || request.group_count == 0) return TORC_ERROR_ARGUMENT;
    if (request.names() > kGroupsPerMessageMax) return TORC_ERROR_TOO_LARGE;
    for (std::size_t i = 0; i < request.names(); ++i) {
        if (request.name(i) == nullptr) return TORC_ERROR_ARGUMENT;
        const std::string_view name = bounded(request.name(i), request.name_max);
        if (!is_destination_name(name, request.name_max)) return TORC_ERROR_NAME;
        if (request.subgroup != nullptr && (name.front() == '#') != (i > 0)) return TORC_ERROR_NAME;
        request.names_bytes += name_bytes(name.size());
    }
    return TORC_OK;
}

int check_request(const torc_session& session, unsigned service, Request& request) {
    if (const int code = usable(session); code != TORC_OK) return code;
    const unsigned plain = service & ~static_cast<unsigned>(TORC_SELF_DISCARD);
    if (plain > TORC_SAFE) return TORC_ERROR_ARGUMENT;
    if (request.payload_bytes > session.message_bytes_max) return TORC_ERROR_TOO_LARGE;
    request.service = static_cast<std::uint8_t>(plain);
    request.flags = (service & TORC_SELF_DISCARD) != 0 ? kSendSelfDiscard : std::uint8_t{0};
    if (request.subgroup != nullptr) request.flags |= kSendSubgroup;
    request.name_max = session.group_name_max;
    return check_names(request);
}

int take_send_lock(torc_session& session, Deadline& deadline) {
    if (!session.single_threaded && session.send_lock.try_acquire()) return TORC_OK;
    if (session.reserving.load(std::memory_order_relaxed) &&
        (session.single_threaded ||
         session.reserver.load(std::memory_order_relaxed) == pthread_self())) {
        return TORC_ERROR_STATE;
    }
    if (session.single_threaded) return TORC_OK;
    return session.send_lock.acquire(deadline) ? TORC_OK : TORC_WOULD_BLOCK;
}

void drop_send_lock(torc_session& session) {
    if (!session.single_threaded) session.send_lock.release();
}

/// Gives the reserved room and the send lock back.
int give_up(torc_session& session, int code) {
    session.submit.abort();
    drop_send_lock(session);
    return code;
}

/// Takes the send lock and makes room for a body. On TORC_OK the lock is held.
int reserve_record(torc_session& session, std::uint64_t body_bytes, Deadline& deadline) {
    for (;;) {
        if (const int code = take_send_lock(session, deadline); code != TORC_OK) return code;
        const RingStatus status = session.submit.reserve(body_bytes);
        if (status == RingStatus::ok) {
            const int code = check_ended_sending(session);
            return code == TORC_OK ? TORC_OK : give_up(session, code);
        }
        drop_send_lock(session);
        if (status == RingStatus::too_large) return TORC_ERROR_TOO_LARGE;
        if (status != RingStatus::full) return end_session(session, TORC_ERROR_VIOLATION);
        if (deadline.immediate()) {
            const int code = check_ended(session, true);
            return code == TORC_OK ? TORC_WOULD_BLOCK : code;
        }
        const int code =
            wait_until(session, session.sending, has_room, record_bytes(body_bytes), deadline);
        if (code != TORC_OK) return code;
    }
}

/// Ends the reserved record. It is seen once it is published.
void end_record(torc_session& session, RecordType type, std::uint16_t flags,
                std::size_t body_bytes) {
    const std::uint64_t operation = session.operations.load(std::memory_order_relaxed) + 1;
    session.operations.store(operation, std::memory_order_relaxed);
    session.submit.commit({static_cast<std::uint32_t>(body_bytes), type, flags, operation});
}

/// Ends the reserved record, makes it visible and gives the send lock back.
void commit_record(torc_session& session, RecordType type, std::uint16_t flags,
                   std::size_t body_bytes) {
    end_record(session, type, flags, body_bytes);
    session.submit.publish();
    ring_core(session);
    drop_send_lock(session);
}

SendBody body_of(const Request& request) {
    return {request.service, request.flags, request.type,
            static_cast<std::uint16_t>(request.names()),
            static_cast<std::uint16_t>(request.names_bytes)};
}

/// Whether the last record was a send that begins as this one would.
bool has_same_head(const torc_session& session, const Request& request) {
    const SentHead& sent = session.sent_head;
    const SendBody body = body_of(request);
    if (!sent.known || std::memcmp(sent.at, &body, sizeof body) != 0) return false;
    const std::byte* at = sent.at + sizeof body;
    const std::byte* const end = at + request.names_bytes;
    for (std::size_t i = 0; i < request.names(); ++i) {
        // As long as the sum of all is the same, no name reaches behind what is remembered.
        const std::string_view name = bounded(request.name(i), request.name_max);
        if (name.size() > request.name_max || at + name_bytes(name.size()) > end) return false;
        if (std::to_integer<std::size_t>(*at) != name.size()) return false;
        if (std::memcmp(at + 1, name.data(), name.size()) != 0) return false;
        at += name_bytes(name.size());
    }
    return true;
}

bool is_closed(torc_session& session, const Request& request) {
    if (!session.flush_groups.any()) return false;
    for (std::size_t i = 0; i < request.names(); ++i) {
        const std::string_view name = bounded(request.name(i), request.name_max);
        if (session.flush_groups.is_closed(name)) return true;
    }
    return false;
}

/// What a send that is being written begins with.
struct Head {
    std::byte* payload{nullptr};  ///< where that goes
    std::uint16_t flags{0};       ///< of the record
    std::uint32_t bytes{0};       ///< in front of the payload
};

void remember_head(SentHead& sent, const std::byte* start, std::size_t bytes) {
    sent.bytes = 0;
    if (bytes > sizeof sent.at) return;
    std::memcpy(sent.at, start, bytes);
    sent.bytes = static_cast<std::uint32_t>(bytes);
}

/// Everything in front of the payload, where room for all of it is reserved. Until `note_sent` the
/// next message cannot begin like the last one, should this one not be sent.
int write_send_head(torc_session& session, const Request& request, Head& head) {
    if (is_closed(session, request)) return TORC_ERROR_FLUSHED;
    std::byte* const start = session.submit.body();
    if (has_same_head(session, request)) {
        head = {start, kSameHead, 0};
        return TORC_OK;
    }
    session.sent_head.known = false;
    const SendBody body = body_of(request);
    std::memcpy(start, &body, sizeof body);
    std::byte* at = start + sizeof body;
    std::byte* const names_end = at + request.names_bytes;
    for (std::size_t i = 0; i < request.names(); ++i) {
        // The caller's strings may change under us; the room was made for what was measured.
        const std::string_view name = bounded(request.name(i), request.name_max);
        if (name.size() > request.name_max) return TORC_ERROR_NAME;
        if (at + name_bytes(name.size()) > names_end) return TORC_ERROR_NAME;
        at = write_name(at, name);
    }
    if (at != names_end) return TORC_ERROR_NAME;
    remember_head(session.sent_head, start, sizeof body + request.names_bytes);
    head = {start + request.payload_at(), 0, static_cast<std::uint32_t>(request.payload_at())};
    return TORC_OK;
}

/// The send whose head was written, or found to be the same, is in the ring.
void note_sent(SentHead& sent) { sent.known = sent.bytes > 0; }

/// Under the send lock: what a flush group has to know of the operation that comes next.
int note_flush(torc_session& session, RecordType type, std::string_view group) {
    const std::uint64_t operation = session.operations.load(std::memory_order_relaxed) + 1;
    FlushGroups& groups = session.flush_groups;
    if (type == RecordType::flush_join && !groups.on_join(group, operation)) {
        return TORC_ERROR_MEMORY;
    }
    if (type == RecordType::flush_ok && !groups.on_flush_ok(group)) return TORC_ERROR_STATE;
    return TORC_OK;
}

int send_name(torc_session* session, RecordType type, const char* group, std::int64_t timeout_ns) {
    if (session == nullptr || group == nullptr) return TORC_ERROR_ARGUMENT;
    if (const int code = usable(*session); code != TORC_OK) return code;
    char copy[TORC_LONG_GROUP_NAME_MAX + 1];
    const std::string_view given = bounded(group, session->group_name_max);
    std::memcpy(copy, given.data(), given.size());
    const std::string_view name(copy, given.size());
    if (!is_destination_name(name, session->group_name_max) || name.front() == '#') {
        return TORC_ERROR_NAME;
    }
    Deadline deadline(timeout_ns);
    const std::size_t body_bytes = name_bytes(name.size());
    int code = reserve_record(*session, body_bytes, deadline);
    if (code != TORC_OK) return code;
    code = note_flush(*session, type, name);
    if (code != TORC_OK) return give_up(*session, code);
    write_name(session->submit.body(), name);
    session->sent_head.known = false;
    commit_record(*session, type, 0, body_bytes);
    return TORC_OK;
}

/// Copies a checked request's pieces into the ring and commits.
int send_pieces(torc_session& session, const Request& request, const iovec* pieces,
                std::size_t piece_count, std::int64_t timeout_ns) {
    Deadline deadline(timeout_ns);
    int code = reserve_record(session, request.payload_at() + request.payload_bytes, deadline);
    if (code != TORC_OK) return code;
    Head head;
    code = write_send_head(session, request, head);
    if (code != TORC_OK) return give_up(session, code);
    std::byte* at = head.payload;
    for (std::size_t i = 0; i < piece_count; ++i) {
        if (pieces[i].iov_len == 0) continue;
        std::memcpy(at, pieces[i].iov_base, pieces[i].iov_len);
        at += pieces[i].iov_len;
    }
    note_sent(session.sent_head);
    commit_record(session, RecordType::send, head.flags, head.bytes + request.payload_bytes);
    return TORC_OK;
}

/// Bytes of a burst after which the daemon may see what is written: it begins while we go on.
constexpr std::uint64_t kShownBytes = 8 * 1024;

/// Writes one message of a burst, where room is reserved for it.
int write_one(torc_session& session, const Request& request, const iovec& message) {
    Head head{session.submit.body(), kSameHead, 0};
    if (!session.sent_head.known) {
        const int code = write_send_head(session, request, head);
        if (code != TORC_OK) return code;
    }
    if (message.iov_len > 0) std::memcpy(head.payload, message.iov_base, message.iov_len);
    note_sent(session.sent_head);
    end_record(session, RecordType::send, head.flags, head.bytes + message.iov_len);
    return TORC_OK;
}

/// Under the send lock, with room for the first: sends as many as there is room for, gives the lock
/// back. Adds to `sent`.
int send_burst(torc_session& session, const Request& request, const iovec* messages,
               std::size_t count, std::size_t& sent) {
    if (!has_same_head(session, request)) session.sent_head.known = false;
    int code = is_closed(session, request) ? TORC_ERROR_FLUSHED : TORC_OK;
    std::uint64_t shown = session.submit.tail();
    std::size_t i = 0;
    while (code == TORC_OK && i < count) {
        // Behind the first: `full` only ends this burst.
        const std::uint64_t most = request.payload_at() + messages[i].iov_len;
        if (session.submit.reserve(most) != RingStatus::ok) break;
        code = write_one(session, request, messages[i]);
        if (code != TORC_OK) break;
        ++i;
        if (session.submit.tail() - shown < kShownBytes) continue;
        session.submit.publish();
        shown = session.submit.tail();
    }
    session.submit.abort();
    if (i > 0) {
        session.submit.publish();
        ring_core(session);
    }
    drop_send_lock(session);
    sent += i;
    return code;
}

int check_messages(const iovec* messages, std::size_t count, std::size_t& largest) {
    largest = 0;
    if (count > 0 && messages == nullptr) return TORC_ERROR_ARGUMENT;
    for (std::size_t i = 0; i < count; ++i) {
        if (messages[i].iov_len > 0 && messages[i].iov_base == nullptr) return TORC_ERROR_ARGUMENT;
        largest = std::max(largest, messages[i].iov_len);
    }
    return TORC_OK;
}

int sum_pieces(const iovec* pieces, std::size_t count, std::size_t& total) {
    total = 0;
    if (count > 0 && pieces == nullptr) return TORC_ERROR_ARGUMENT;
    for (std::size_t i = 0; i < count; ++i) {
        if (pieces[i].iov_len > 0 && pieces[i].iov_base == nullptr) return TORC_ERROR_ARGUMENT;
        if (pieces[i].iov_len > kMessageBytesMax - total) return TORC_ERROR_TOO_LARGE;
        total += pieces[i].iov_len;
    }
    return TORC_OK;
}

}  // namespace
}  // namespace torc::client_shm

using namespace torc::client_shm;

int torc_join(torc_session* session, const char* group, int64_t timeout_ns) {
    return send_name(session, RecordType::join, group, timeout_ns);
}

int torc_leave(torc_session* session, const char* group, int64_t timeout_ns) {
    return send_name(session, RecordType::leave, group, timeout_ns);
}

int torc_flush_join(torc_session* session, const char* group, int64_t timeout_ns) {
    return send_name(session, RecordType::flush_join, group, timeout_ns);
}

int torc_flush_ok(torc_session* session, const char* group, int64_t timeout_ns) {
    return send_name(session, RecordType::flush_ok, group, timeout_ns);
}

int torc_send(torc_session* session, unsigned service, const char* group, uint16_t type,
              const void* data, size_t size, int64_t timeout_ns) {
    return torc_multigroup_send(session, service, &group, 1, type, data, size, timeout_ns);
}

int torc_multigroup_send(torc_session* session, unsigned service, const char* const* groups,
                         size_t group_count, uint16_t type, const void* data, size_t size,
                         int64_t timeout_ns) {
    const iovec piece{const_cast<void*>(data), size};
    return torc_send_scatter(session, service, groups, group_count, type, &piece, 1, timeout_ns);
}

int torc_send_scatter(torc_session* session, unsigned service, const char* const* groups,
                      size_t group_count, uint16_t type, const struct iovec* pieces,
                      size_t piece_count, int64_t timeout_ns) {
    if (session == nullptr) return TORC_ERROR_ARGUMENT;
    Request request;
    request.groups = groups;
    request.group_count = group_count;
    request.type = type;
    if (const int code = sum_pieces(pieces, piece_count, request.payload_bytes); code != TORC_OK) {
        return code;
    }
    if (const int code = check_request(*session, service, request); code != TORC_OK) return code;
    return send_pieces(*session, request, pieces, piece_count, timeout_ns);
}

int torc_send_many(torc_session* session, unsigned service, const char* const* groups,
                   size_t group_count, uint16_t type, const struct iovec* messages, size_t count,
                   size_t* sent, int64_t timeout_ns) {
    if (session == nullptr || sent == nullptr) return TORC_ERROR_ARGUMENT;
    *sent = 0;
    Request request;
    request.groups = groups;
    request.group_count = group_count;
    request.type = type;
    int code = check_messages(messages, count, request.payload_bytes);
    if (code == TORC_OK) code = check_request(*session, service, request);
    Deadline deadline(timeout_ns);
    while (code == TORC_OK && *sent < count) {
        code = reserve_record(*session, request.payload_at() + messages[*sent].iov_len, deadline);
        if (code != TORC_OK) return code;
        code = send_burst(*session, request, messages + *sent, count - *sent, *sent);
    }
    return code;
}

int torc_subgroup_send(torc_session* session, unsigned service, const char* group,
                       const char* const* members, size_t member_count, uint16_t type,
                       const void* data, size_t size, int64_t timeout_ns) {
    if (session == nullptr || group == nullptr) return TORC_ERROR_ARGUMENT;
    Request request;
    request.subgroup = group;
    request.groups = members;
    request.group_count = member_count;
    request.type = type;
    const iovec piece{const_cast<void*>(data), size};
    if (const int code = sum_pieces(&piece, 1, request.payload_bytes); code != TORC_OK) return code;
    if (const int code = check_request(*session, service, request); code != TORC_OK) return code;
    return send_pieces(*session, request, &piece, 1, timeout_ns);
}

int torc_reserve(torc_session* session, unsigned service, const char* const* groups,
                 size_t group_count, uint16_t type, size_t size, torc_reservation* reservation,
                 int64_t timeout_ns) {
    if (session == nullptr || reservation == nullptr) return TORC_ERROR_ARGUMENT;
    Request request;
    request.groups = groups;
    request.group_count = group_count;
    request.type = type;
    request.payload_bytes = size;
    if (const int code = check_request(*session, service, request); code != TORC_OK) return code;
    Deadline deadline(timeout_ns);
    int code = reserve_record(*session, request.payload_at() + size, deadline);
    if (code != TORC_OK) return code;
    Head head;
    code = write_send_head(*session, request, head);
    if (code != TORC_OK) return give_up(*session, code);
    session->reserver.store(pthread_self(), std::memory_order_relaxed);
    session->reserving.store(true, std::memory_order_relaxed);
    session->reserved_head_bytes = head.bytes;
    session->reserved_flags = head.flags;
    *reservation = {head.payload, size, ++session->reservation};
    return TORC_OK;  // the send lock stays ours until commit or abort
}

namespace {

/// The session must hold exactly this reservation.
int match(const torc_session* session, const torc_reservation* reservation) {
    if (session == nullptr || reservation == nullptr) return TORC_ERROR_ARGUMENT;
    if (forked(*session)) return TORC_ERROR_FORKED;
    const bool matches = session->reserving.load(std::memory_order_relaxed) &&
                         reservation->position == session->reservation;
    return matches ? TORC_OK : TORC_ERROR_STATE;
}

}  // namespace

int torc_commit(torc_session* session, const torc_reservation* reservation, size_t size) {
    if (const int code = match(session, reservation); code != TORC_OK) return code;
    const std::uint64_t body_bytes = session->reserved_head_bytes + std::uint64_t{size};
    if (size > reservation->size || body_bytes > session->submit.reserved()) {
        return TORC_ERROR_TOO_LARGE;  // the reservation stands: commit less, or abort
    }
    session->reserving.store(false, std::memory_order_relaxed);
    const int code = check_ended(*session, true);  // the daemon had all the time to die
    if (code != TORC_OK) return give_up(*session, code);
    note_sent(session->sent_head);
    commit_record(*session, RecordType::send, session->reserved_flags, body_bytes);
    return TORC_OK;
}

int torc_abort(torc_session* session, const torc_reservation* reservation) {
    if (const int code = match(session, reservation); code != TORC_OK) return code;
    session->reserving.store(false, std::memory_order_relaxed);
    session->submit.abort();
    drop_send_lock(*session);
    return TORC_OK;
}
