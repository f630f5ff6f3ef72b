// Joining, leaving and sending: one record of the submit ring each, written in place.
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
    std::size_t names_bytes{0};
    std::size_t payload_bytes{0};
    std::uint8_t service{0};
    std::uint8_t flags{0};
    std::uint16_t type{0};

    std::size_t payload_at() const {
        return align_up(sizeof(SendBody) + names_bytes, kPayloadAlign);
    }
};

/// Length of a name, looking at no more bytes than a name may have.
std::size_t bounded_length(const char* name) { return strnlen(name, kGroupNameMax + 1); }

int check_names(Request& request) {
    if (request.groups == nullptr || request.group_count == 0) return TORC_ERROR_ARGUMENT;
    if (request.group_count > kGroupsPerMessageMax) return TORC_ERROR_TOO_LARGE;
    for (std::size_t i = 0; i < request.group_count; ++i) {
        const char* group = request.groups[i];
        if (group == nullptr) return TORC_ERROR_ARGUMENT;
        const std::string_view name(group, bounded_length(group));
        if (!is_destination_name(name)) return TORC_ERROR_NAME;
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

/// Takes the send lock and makes room for a body. On TORC_OK the lock is held.
int reserve_record(torc_session& session, std::uint64_t body_bytes, Deadline& deadline) {
    for (;;) {
        if (const int code = take_send_lock(session, deadline); code != TORC_OK) return code;
        const RingStatus status = session.submit.reserve(body_bytes);
        if (status == RingStatus::ok) {
            const int code = check_ended(session, false);
            if (code == TORC_OK) return TORC_OK;
            session.submit.abort();
            drop_send_lock(session);
            return code;
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

/// Makes the reserved record visible and gives the send lock back.
void commit_record(torc_session& session, RecordType type, std::size_t body_bytes) {
    const std::uint64_t operation = session.operations.load(std::memory_order_relaxed) + 1;
    session.operations.store(operation, std::memory_order_relaxed);
    session.submit.commit({static_cast<std::uint32_t>(body_bytes), type, 0, operation});
    session.submit.publish();
    ring_core(session);
    drop_send_lock(session);
}

/// Everything in front of the payload. Gives: where the payload goes.
std::byte* write_send_head(torc_session& session, const Request& request) {
    const SendBody body{request.service, request.flags, request.type,
                        static_cast<std::uint16_t>(request.group_count),
                        static_cast<std::uint16_t>(request.names_bytes)};
    std::byte* const start = session.submit.body();
    std::memcpy(start, &body, sizeof body);
    std::byte* at = start + sizeof body;
    std::byte* const names_end = at + request.names_bytes;
    for (std::size_t i = 0; i < request.group_count; ++i) {
        const char* group = request.groups[i];
        // The caller's strings may change under us; the room was made for what was measured.
        const std::string_view name(group, bounded_length(group));
        if (name.size() > kGroupNameMax || at + name_bytes(name.size()) > names_end) return nullptr;
        at = write_name(at, name);
    }
    return at == names_end ? start + request.payload_at() : nullptr;
}

int send_name(torc_session* session, RecordType type, const char* group, std::int64_t timeout_ns) {
    if (session == nullptr || group == nullptr) return TORC_ERROR_ARGUMENT;
    if (const int code = usable(*session); code != TORC_OK) return code;
    char copy[kGroupNameMax + 1];
    const std::size_t size = bounded_length(group);
    std::memcpy(copy, group, size);
    const std::string_view name(copy, size);
    if (!is_destination_name(name) || name.front() == '#') return TORC_ERROR_NAME;
    Deadline deadline(timeout_ns);
    const std::size_t body_bytes = name_bytes(size);
    if (const int code = reserve_record(*session, body_bytes, deadline); code != TORC_OK) {
        return code;
    }
    write_name(session->submit.body(), name);
    commit_record(*session, type, body_bytes);
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
    Deadline deadline(timeout_ns);
    const std::size_t body_bytes = request.payload_at() + request.payload_bytes;
    if (const int code = reserve_record(*session, body_bytes, deadline); code != TORC_OK) {
        return code;
    }
    std::byte* at = write_send_head(*session, request);
    if (at == nullptr) {
        session->submit.abort();
        drop_send_lock(*session);
        return TORC_ERROR_NAME;
    }
    for (std::size_t i = 0; i < piece_count; ++i) {
        if (pieces[i].iov_len == 0) continue;
        std::memcpy(at, pieces[i].iov_base, pieces[i].iov_len);
        at += pieces[i].iov_len;
    }
    commit_record(*session, RecordType::send, body_bytes);
    return TORC_OK;
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
    const int code = reserve_record(*session, request.payload_at() + size, deadline);
    if (code != TORC_OK) return code;
    std::byte* at = write_send_head(*session, request);
    if (at == nullptr) {
        session->submit.abort();
        drop_send_lock(*session);
        return TORC_ERROR_NAME;
    }
    session->reserver.store(pthread_self(), std::memory_order_relaxed);
    session->reserving.store(true, std::memory_order_relaxed);
    session->reserved_head_bytes = static_cast<std::uint32_t>(request.payload_at());
    *reservation = {at, size, ++session->reservation};
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
    if (const int code = check_ended(*session, false); code != TORC_OK) {
        session->submit.abort();
        drop_send_lock(*session);
        return code;
    }
    commit_record(*session, RecordType::send, body_bytes);
    return TORC_OK;
}

int torc_abort(torc_session* session, const torc_reservation* reservation) {
    if (const int code = match(session, reservation); code != TORC_OK) return code;
    session->reserving.store(false, std::memory_order_relaxed);
    session->submit.abort();
    drop_send_lock(*session);
    return TORC_OK;
}
