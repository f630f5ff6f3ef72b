#include "daemon/status_writer.hpp"

#include <algorithm>
#include <utility>

#include <unistd.h>

namespace torc::daemon {
namespace {

telemetry::MemberStatus configured(const config::NodeEntry& entry, NodeIndex me) {
    telemetry::MemberStatus member;
    telemetry::set_name(member.name, entry.name);
    member.address = entry.address;
    member.index = raw(entry.index);
    member.flags = telemetry::kMemberConfigured;
    if (entry.index == me) member.flags |= telemetry::kMemberSelf;
    return member;
}

std::uint64_t read(const client_shm::Counter& counter) {
    return counter.load(std::memory_order_relaxed);
}

/// What both sides of a session write into its memory, seen from a third thread. The client's
/// numbers are not believed: whatever they say, the lag is no more than what is there.
void describe(const client_shm::SessionSlot& slot, const client_shm::Peer& peer,
              telemetry::SessionStatus& status) {
    const auto& ours = *slot.deliver.header<const client_shm::DeliverHeader>();
    const auto& theirs = *slot.submit.header<const client_shm::SubmitHeader>();
    telemetry::set_name(status.name, slot.name);
    status.id = raw(slot.id);
    status.open = 1;
    status.pid = static_cast<std::uint32_t>(peer.pid);
    status.uid = peer.uid;
    status.messages_in = read(ours.taken);
    status.messages_ordered = read(ours.ordered);
    status.messages_refused = read(ours.refused);
    status.deliver_capacity = slot.deliver.capacity();
    const std::uint64_t head = read(theirs.deliver_head);
    const std::uint64_t released = read(theirs.released);
    const std::uint64_t in_log = read(theirs.log_released);
    const std::uint64_t tail = read(ours.deliver_tail);
    const std::uint64_t log_written = read(ours.log_written);
    status.messages_out = read(ours.written);
    const std::uint64_t waits =
        tail - std::min(head, tail) + log_written - std::min(in_log, log_written);
    status.deliver_used = std::min(waits, status.deliver_capacity);
    status.deliver_unread = status.messages_out - std::min(released, status.messages_out);
}

}  // namespace

Result<std::unique_ptr<StatusWriter>> StatusWriter::open(const std::string& runtime_dir,
                                                         const config::ClusterSettings& cluster,
                                                         NodeIndex me, Incarnation incarnation) {
    telemetry::PageOwner owner;
    owner.pid = static_cast<std::uint32_t>(::getpid());
    owner.incarnation = raw(incarnation);
    owner.config_fingerprint = config::fingerprint(cluster);
    auto file = telemetry::CountersFile::create(
        telemetry::counters_path(runtime_dir, cluster.nodes[raw(me)].name), owner);
    if (!file) return tl::unexpected(file.error());
    return std::unique_ptr<StatusWriter>(new StatusWriter(std::move(*file), cluster, me));
}

StatusWriter::StatusWriter(telemetry::CountersFile file, const config::ClusterSettings& cluster,
                           NodeIndex me)
    : file_(std::move(file)),
      counters_(file_.counters(telemetry::Writer::ring_core)),
      block_(std::make_unique<telemetry::StatusBlock>()) {
    telemetry::set_name(block_->cluster, cluster.name);
    telemetry::set_name(block_->node, cluster.nodes[raw(me)].name);
    for (const config::NodeEntry& entry : cluster.nodes) {
        block_->member_list[raw(entry.index)] = configured(entry, me);
    }
    block_->members = static_cast<std::uint32_t>(cluster.nodes.size());
}

void StatusWriter::write(const CoreStatus& core, Instant now) {
    telemetry::StatusBlock& block = *block_;
    if (block.ring_epoch != core.ring.epoch) {
        block.ring_since_ns = static_cast<std::uint64_t>(ns_of(now));
    }
    block.ring_epoch = core.ring.epoch;
    block.ring_representative = raw(core.ring.representative);
    block.state = static_cast<std::uint8_t>(core.state);
    block.cause = static_cast<std::uint8_t>(core.cause);
    block.high = core.high.raw;
    block.aru = core.aru.raw;
    block.stable = core.stable.raw;
    block.delivered = core.delivered.raw;
    for (telemetry::MemberStatus& member : block.member_list) {
        member.flags &= static_cast<std::uint16_t>(~telemetry::kMemberInRing);
    }
    for (const Member& member : core.members) {
        telemetry::MemberStatus& status = block.member_list[raw(member.index)];
        status.flags |= telemetry::kMemberInRing;
        status.incarnation = raw(member.incarnation);
    }
    telemetry::publish(file_.page().status, block);
    telemetry::beat(file_.page(), static_cast<std::uint64_t>(ns_of(now)));
}

void StatusWriter::write_sessions(const client_shm::SessionTable& table,
                                  const client_shm::Acceptor& acceptor) {
    telemetry::CounterSet counted = file_.counters(telemetry::Writer::control_thread);
    counted.set(telemetry::CounterId::sessions_hung_up, acceptor.counters().hung_up);
    counted.set(telemetry::CounterId::sessions_refused, acceptor.counters().refused);
    std::uint64_t lag = 0;
    std::uint64_t lag_bytes = 0;
    table.for_each_slot([&](std::size_t place, const client_shm::SessionSlot& slot) {
        if (!slot.in_use && !shown_[place]) return;
        shown_[place] = slot.in_use;
        telemetry::SessionStatus status;
        if (slot.in_use) describe(slot, acceptor.peer(slot.id), status);
        lag = std::max(lag, status.deliver_unread);
        lag_bytes = std::max(lag_bytes, status.deliver_used);
        telemetry::publish(file_.page().sessions[place], status);
    });
    counted.set(telemetry::CounterId::reader_lag, lag);
    counted.set(telemetry::CounterId::reader_lag_bytes, lag_bytes);
}

}  // namespace torc::daemon
