// Digest of a world: its hosts, what is under way between them, what the script still has.
#include "tests/explore/digest.hpp"

#include "tests/explore/world.hpp"

namespace torc::explore {

void add(Hasher& hash, const Node& node) {
    hash.add(node.boots_, node.alive());
    if (!node.alive()) return;
    hash.add(node.leaving_, node.dying_, node.id_, node.messages_, node.has_view_, node.flushed_,
             node.engine_->large_speaker_, node.ops_.size());
    for (const auto& op : node.ops_) {
        hash.add(op.kind, op.service, op.message);
        hash.add(std::span<const std::byte>{op.payload});
    }
    add(hash, node.engine_->ring_);
    add(hash, node.engine_->former_, node.cluster_.nodes.size());
    add(hash, node.engine_->groups_);
}

std::uint64_t digest_of(const World& world, bool blind) {
    Hasher hash(world.now_, 4 * world.script_.cluster.timers.merge_probe, blind);
    for (const World::Host& host : world.hosts_) {
        hash.add(std::max(host.stalled_until, world.now_),
                 std::max(host.timer_not_before, world.now_), host.timer_put_off, host.boots_at,
                 host.state);
        add(hash, *host.node);
    }
    hash.add(world.copies_.size());
    for (const World::Copy& copy : world.copies_) {
        hash.add(copy.at, copy.from, copy.to, copy.boot, copy.fault, copy.astray);
        hash.add(std::span<const std::byte>{*copy.packet});
    }
    hash.add(world.next_step_, world.side_);
    if (world.next_step_ < world.script_.steps.size()) {
        hash.add_exact(World::kStart + world.script_.steps[world.next_step_].at);
    }
    add(hash, world.oracle_, world);
    return hash.value();
}

}  // namespace torc::explore
