// Deliveries to several sessions: the message goes once into each log that receivers share, and
// their rings get one reference for a whole run of messages, at the end of the pass or when
// something else must come behind them. Who is near a limit of its own gets copies, so that
// everything about slow readers is as without a log (docs/decisions/0013-delivery-log.md).
#include <algorithm>

#include "client_shm/server/client_plane.hpp"

namespace torc::client_shm {

/// Whether somebody reads this message from a log.
bool ClientPlane::is_shared(const engine::Delivery& delivery) {
    if (log_readers_ < 2 || run_records_ == 0 || closing_) return false;
    const bool goes_on = (delivery.repeats || fan_out_.is_for(delivery.sessions)) &&
                         fan_out_.takes(head_.ring_bytes(fan_out_.ends_with(head_.serial())));
    if (!goes_on) begin_run(delivery.sessions, head_.ring_bytes());
    return !fan_out_.parts().empty();
}

/// Room behind the last message of the log, in a fresh extent if need be.
bool ClientPlane::make_room(DeliveryLog& log, std::uint64_t bytes) {
    if (log.has_room(bytes) || log.open_extent(bytes)) return true;
    if (log.full_in_pass == pass_) return false;
    // Sessions tell what they have read only when they are asked.
    for (const std::uint16_t slot : active_) {
        if (sessions_[slot].log() == &log) sessions_[slot].refresh();
    }
    if (log.open_extent(bytes)) return true;
    log.full_in_pass = pass_;
    ++counters_.log_full;
    return false;
}

/// A session is far from its limits with a whole run more.
bool ClientPlane::has_room_for_run(Session& session, std::uint64_t bytes) {
    for (const bool asked : {false, true}) {
        if (asked && !session.refresh()) return false;
        const bool far = session.unread_bytes() + bytes <= high_bytes_ &&
                         session.unread() + run_records_ < high_unread_;
        if (far) return true;
    }
    return false;
}

void ClientPlane::begin_run(std::span<const SessionId> receivers, std::uint64_t bytes) {
    close_run();
    const std::uint64_t run_bytes = std::max(bytes, run_bytes_);
    fan_out_.begin(receivers, run_bytes, run_records_);
    for (const SessionId id : receivers) {
        Session* session = find(id);
        if (session == nullptr || session->log() == nullptr || !session->receives() ||
            !has_room_for_run(*session, run_bytes)) {
            fan_out_.add_copy(id);
            continue;
        }
        FanOut::Part& part = fan_out_.part_of(
            session->log(), [this, bytes](DeliveryLog& log) { return make_room(log, bytes); });
        if (part.has_room && session->may_refer()) {
            part.slots.push_back(id.slot);
        } else {
            fan_out_.add_copy(id);
        }
    }
    fan_out_.drop_lonely([this](std::uint16_t slot) { fan_out_.add_copy(sessions_[slot].id()); });
    for (const FanOut::Part& part : fan_out_.parts()) {
        for (const std::uint16_t slot : part.slots) sessions_[slot].enter_run();
    }
}

/// One copy for all readers of a log. Of neighbours in a run only the first has their head.
void ClientPlane::append_to_logs() {
    const bool same = fan_out_.ends_with(head_.serial());
    const std::uint64_t bytes = head_.ring_bytes(same);
    for (const FanOut::Part& part : fan_out_.parts()) {
        write_message_at(part.log->place(), head_, same);
        part.log->advance(bytes);
        counters_.deliveries += part.slots.size();
        counters_.shared += part.slots.size();
        counters_.delivered_bytes += part.slots.size() * head_.payload().size();
    }
    fan_out_.count(bytes, head_.shared_serial());
}

/// The rings of all readers refer to what was written, in its place among all they get.
void ClientPlane::close_run() {
    if (!fan_out_.is_open()) return;
    fan_out_.close();
    for (const FanOut::Part& part : fan_out_.parts()) {
        for (const std::uint16_t slot : part.slots) refer(sessions_[slot], part.run);
    }
}

void ClientPlane::refer(Session& session, const RunBody& run) {
    session.in_run = false;
    if (!session.receives()) {
        counters_.stale += run.records;
        return;
    }
    switch (write_run(session.deliver(), run)) {
        case RingStatus::ok:
            session.on_run(run);
            touch(session);
            return;
        case RingStatus::corrupt:
            end(session, Reason::violation);
            return;
        case RingStatus::full:  // not while there was room for all that it refers to
        case RingStatus::too_large:
        case RingStatus::empty:
            end(session, Reason::slow_reader);
            return;
    }
}

}  // namespace torc::client_shm
