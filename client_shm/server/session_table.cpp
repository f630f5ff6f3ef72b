#include "client_shm/server/session_table.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <sys/eventfd.h>

#include <unistd.h>

#include "base/check.hpp"
#include "client_shm/names.hpp"

namespace torc::client_shm {

void ring_bell(int eventfd) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(eventfd, &one, sizeof one);
}

void clear_bell(int eventfd) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t taken = read(eventfd, &count, sizeof count);
}

Result<std::unique_ptr<SessionTable>> SessionTable::make(const TableOptions& options) {
    if (options.sessions == 0 || options.sessions > kSessionsMax) {
        return failure("sessions must be 1.." + std::to_string(kSessionsMax));
    }
    if (options.message_bytes > kMessageBytesMax || !is_session_name(options.daemon)) {
        return failure("client memory: message_bytes or daemon name out of bounds");
    }
    std::unique_ptr<SessionTable> table(new SessionTable(options));
    table->options_.ring_bytes = capacity_for(options.ring_bytes, options.message_bytes);
    table->slots_.resize(options.sessions);
    SegmentIdentity identity{kSegmentMagic, kLayoutVersion, SegmentKind::daemon, 0, 0, 0};
    Result<Segment> page = Segment::make(identity, SegmentWriter::daemon);
    if (!page) return tl::unexpected(page.error());
    table->daemon_page_ = std::move(*page);
    table->core_bell_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    table->control_bell_.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!table->core_bell_ || !table->control_bell_) {
        return failure(std::string("eventfd: ") + std::strerror(errno), "raise LimitNOFILE");
    }
    return table;
}

const SessionSlot* SessionTable::find(std::string_view name) const {
    const auto found = std::find_if(slots_.begin(), slots_.end(), [name](const SessionSlot& slot) {
        return slot.in_use && !slot.lingers && slot.name == name;
    });
    return found == slots_.end() ? nullptr : &*found;
}

SessionSlot* SessionTable::open(std::string_view name, Reason& reason, const LogReader& reader) {
    if (!name.empty() && !is_session_name(name)) {
        reason = Reason::bad_name;
        return nullptr;
    }
    if (name_in_use(name)) {
        reason = Reason::name_taken;
        return nullptr;
    }
    if (in_use_ == slots_.size()) {
        reason = Reason::limit;
        return nullptr;
    }
    while (slots_[next_slot_].in_use) next_slot_ = (next_slot_ + 1) % slots_.size();
    SessionSlot& slot = slots_[next_slot_];
    slot.id = {static_cast<std::uint16_t>(next_slot_),
               static_cast<std::uint16_t>(slot.id.generation + 1)};
    slot.name = name;
    while (slot.name.empty() || (name.empty() && name_in_use(slot.name))) {
        slot.name = "s" + std::to_string(++names_picked_);
    }
    if (!make_memory(slot)) {
        reset(slot);
        reason = Reason::no_memory;
        return nullptr;
    }
    slot.log = join_log(reader);
    slot.in_use = true;
    ++in_use_;
    next_slot_ = (next_slot_ + 1) % slots_.size();
    reason = Reason::none;
    TORC_CHECK(to_core_.push({ToCore::Kind::opened, slot.id, Reason::none}));
    ring_bell(core_bell_.get());
    return &slot;
}

bool SessionTable::make_memory(SessionSlot& slot) {
    SegmentIdentity identity{kSegmentMagic,       kLayoutVersion, SegmentKind::submit,
                             options_.ring_bytes, raw(slot.id),   0};
    Result<Segment> submit = Segment::make(identity, SegmentWriter::client);
    if (!submit) return false;
    identity.kind = SegmentKind::deliver;
    Result<Segment> deliver = Segment::make(identity, SegmentWriter::daemon);
    if (!deliver) return false;
    slot.receive_bell.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    slot.space_bell.reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!slot.receive_bell || !slot.space_bell) return false;
    slot.submit = std::move(*submit);
    slot.deliver = std::move(*deliver);
    slot.deliver.header<DeliverHeader>()->state.store(
        static_cast<std::uint32_t>(SessionState::open), std::memory_order_release);
    return true;
}

/// The log of those who may read what the other may. Gives: nullptr if there shall be none, or
/// there is no memory for it: copies do as well.
DeliveryLog* SessionTable::join_log(const LogReader& reader) {
    if (!reader.takes_runs || options_.log_sharing == config::LogSharing::off) return nullptr;
    const bool by_user = options_.log_sharing == config::LogSharing::user;
    if (by_user && reader.uid == kOverflowUid) return nullptr;
    const uid_t uid = by_user ? reader.uid : 0;
    for (SharedLog& shared : logs_) {
        if (shared.uid != uid) continue;
        ++shared.sessions;
        return shared.log.get();
    }
    if (logs_.size() == kLogsMax) return nullptr;
    auto made = DeliveryLog::make(log_blocks_for(options_.ring_bytes));
    if (!made) return nullptr;
    logs_.push_back({uid, 1, std::move(*made)});
    return logs_.back().log.get();
}

void SessionTable::leave_log(DeliveryLog* log) {
    const auto shared = std::find_if(logs_.begin(), logs_.end(), [log](const SharedLog& candidate) {
        return candidate.log.get() == log;
    });
    TORC_CHECK(shared != logs_.end());
    if (--shared->sessions == 0) logs_.erase(shared);
}

void SessionTable::reset(SessionSlot& slot) {
    if (slot.log != nullptr) leave_log(slot.log);
    slot.log = nullptr;
    slot.submit = Segment{};
    slot.deliver = Segment{};
    slot.receive_bell.reset();
    slot.space_bell.reset();
    slot.name.clear();
    slot.in_use = false;
    slot.end_asked = false;
    slot.lingers = false;
}

void SessionTable::hang_up(SessionId session) {
    TORC_CHECK(to_core_.push({ToCore::Kind::hung_up, session, Reason::none}));
    ring_bell(core_bell_.get());
}

void SessionTable::let_go(SessionId session) {
    TORC_CHECK(to_core_.push({ToCore::Kind::let_go, session, Reason::none}));
    ring_bell(core_bell_.get());
}

void SessionTable::end(SessionId session, Reason reason) {
    SessionSlot& asked = slot(session);
    if (!asked.in_use || asked.id != session || asked.end_asked) return;
    asked.end_asked = true;
    TORC_CHECK(to_core_.push({ToCore::Kind::end, session, reason}));
    ring_bell(core_bell_.get());
}

std::optional<ToControl> SessionTable::take() {
    const std::optional<ToControl> message = to_control_.pop();
    if (message && message->kind == ToControl::Kind::lingers) {
        slots_[message->session.slot].lingers = true;
    }
    if (message && message->kind == ToControl::Kind::released) {
        SessionSlot& slot = slots_[message->session.slot];
        TORC_CHECK(slot.in_use && slot.id == message->session);
        reset(slot);
        --in_use_;
    }
    return message;
}

void SessionTable::clear_control_bell() const { clear_bell(control_bell_.get()); }

void SessionTable::opened(SessionId session) {
    TORC_CHECK(to_control_.push({ToControl::Kind::opened, session, Reason::none, false}));
    news_for_control_ = true;
}

void SessionTable::kick(SessionId session, Reason reason, bool lingers) {
    TORC_CHECK(to_control_.push({ToControl::Kind::kick, session, reason, lingers}));
    news_for_control_ = true;
}

void SessionTable::linger(SessionId session) {
    TORC_CHECK(to_control_.push({ToControl::Kind::lingers, session, Reason::none, false}));
    news_for_control_ = true;
}

void SessionTable::release(SessionId session) {
    TORC_CHECK(to_control_.push({ToControl::Kind::released, session, Reason::none, false}));
    news_for_control_ = true;
}

void SessionTable::flush_to_control() {
    if (!news_for_control_) return;
    news_for_control_ = false;
    ring_bell(control_bell_.get());
}

}  // namespace torc::client_shm
