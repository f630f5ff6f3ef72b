// The end of a run: what "at rest" means, and what must be true then.
#include <algorithm>
#include <sstream>

#include "tests/sim/flushing.hpp"
#include "tests/sim/world.hpp"

namespace torc::sim {

bool World::is_calm(const SimNode& node, std::size_t living) const {
    const engine::Engine& engine = node.engine();
    if (node.leaving() || !engine.operational() || engine.groups().merging()) return false;
    if (engine.ring().members().size() != living) return false;
    if (node.pending_ops() != 0 || engine.ring().backlog() != 0) return false;
    if (is_flushing(engine)) return false;
    return engine.ring().stable() == engine.ring().high() && oracle_.outstanding(node.life()) == 0;
}

bool World::at_rest() const {
    std::size_t living = 0;
    for (const auto& node : nodes_) living += node->alive() ? 1 : 0;
    const SimNode* first = nullptr;
    for (const auto& node : nodes_) {
        if (!node->alive()) continue;
        if (!is_calm(*node, living)) return false;
        if (first == nullptr) first = node.get();
        const ordering::Ring& ring = node->engine().ring();
        if (ring.id() != first->engine().ring().id()) return false;
        if (ring.high() != first->engine().ring().high()) return false;
    }
    return first != nullptr;
}

Instant World::back_off_until() const {
    Instant until = now_;
    for (const auto& node : nodes_) {
        if (node->alive()) until = std::max(until, node->back_off_until());
    }
    return until;
}

/// The limit counts from the end of the last back-off: until then a peer that flapped may wait.
Nanos World::come_to_rest(const char* when, Nanos limit) {
    const Instant back_off = back_off_until();
    run_until([this] { return at_rest(); }, back_off + limit);
    if (!failed_ && !at_rest()) throw Violation(std::string("not at rest ") + when + picture());
    return std::max(now_ - back_off, Nanos{});
}

/// What every client could still want to say, with nobody there to disturb it.
void World::say_fresh_things() {
    for (std::uint32_t i = 0; i < options_.nodes; ++i) {
        if (!nodes_[i]->alive()) continue;
        nodes_[i]->let_clients_talk();
        for (std::uint32_t n = 0; n < kFreshThings; ++n) {
            nodes_[i]->client_acts(now_, seats_[i].whims);
        }
        nodes_[i]->stop_clients();
        arm_timer(i);
    }
}

void World::finish() {
    healing_ = come_to_rest("after HEAL:", heal_limit(options_));
    // Late copies of the past may still disturb: only behind them is nothing to blame.
    run_until([] { return false; }, now_ + lateness_max(options_));
    const Nanos again = come_to_rest("behind the last late packet:", heal_limit(options_));
    healing_ = std::max(healing_, again);
    if (failed_) return;
    const RingId ring = first_alive().engine().ring().id();
    say_fresh_things();
    saying_ = come_to_rest("with fresh messages after HEAL:", fresh_limit(options_));
    run_until([] { return false; }, now_ + calm_time(options_));
    if (failed_) return;
    if (first_alive().engine().ring().id() != ring) {
        throw Violation("ring changed in the calm after HEAL:" + picture());
    }
    if (!at_rest()) throw Violation("unrest in the calm after HEAL:" + picture());
    check_end();
}

/// What lies did to the order and to the membership is not judged: only that nobody crashed, that
/// there is no storm, also later, and that every frame comes back.
void World::close_after_lies() {
    run_until([] { return false; }, now_ + 4 * options_.cluster.timers.recovery);
    if (failed_) return;
    for (const auto& node : nodes_) {
        if (node->alive()) node->shutdown();
    }
}

const SimNode& World::first_alive() const {
    for (const auto& node : nodes_) {
        if (node->alive()) return *node;
    }
    throw Violation("nobody is alive after HEAL");
}

void World::check_end() {
    std::vector<Life> alive;
    std::uint64_t digest = 0;
    for (const auto& node : nodes_) {
        if (!node->alive()) continue;
        const std::uint64_t mine = node->engine().groups().directory().digest();
        if (!alive.empty() && mine != digest) throw Violation("groups differ after HEAL");
        digest = mine;
        alive.push_back(node->life());
    }
    oracle_.at_rest(alive);
    recorder_.ask_checker();
    for (const auto& node : nodes_) {
        if (node->alive()) node->shutdown();
    }
}

std::string World::picture() const {
    std::ostringstream text;
    for (const auto& node : nodes_) {
        text << "\n  n" << node->life().node << " boot " << node->life().boot;
        if (!node->alive()) {
            text << " down";
            continue;
        }
        const engine::Engine& engine = node->engine();
        text << ' ' << membership::name_of(engine.former().state()) << " ("
             << membership::name_of(engine.former().last_cause()) << ") ring "
             << (engine.ring().id().epoch >> 24) << " members " << engine.ring().members().size()
             << " high " << engine.ring().high().raw << " aru " << engine.ring().aru().raw
             << " stable " << engine.ring().stable().raw << " backlog " << engine.ring().backlog()
             << " ops " << node->pending_ops() << " outstanding "
             << oracle_.outstanding(node->life()) << (engine.groups().merging() ? " merging" : "")
             << (is_flushing(engine) ? " flushing" : "") << (node->leaving() ? " leaving" : "")
             << ", ring timer in " << (engine.ring().next_deadline() - now_).count()
             << " ns, membership timer in " << (engine.former().next_deadline() - now_).count()
             << " ns, any in " << (node->next_deadline() - now_).count() << " ns";
    }
    return text.str();
}

}  // namespace torc::sim
