// Placed faults: at each point where one may be placed the run forks, while any are left to place.
#include "tests/explore/explorer.hpp"

#include <span>

#include "tests/explore/branches.hpp"
#include "tests/explore/digest.hpp"
#include "tests/explore/world.hpp"

namespace torc::explore {
namespace {

constexpr Fault kCopyFaults[] = {Fault::drop,      Fault::late,        Fault::very_late,
                                 Fault::duplicate, Fault::sender_dies, Fault::receiver_dies};
constexpr Fault kWide[] = {Fault::drop,          Fault::late,
                           Fault::very_late,     Fault::duplicate,
                           Fault::until_plan,    Fault::until_install,
                           Fault::sender_dies,   Fault::sender_restarts,
                           Fault::receiver_dies, Fault::receiver_restarts};
constexpr Fault kKills[] = {Fault::sender_dies, Fault::sender_restarts, Fault::receiver_dies,
                            Fault::receiver_restarts};
constexpr Fault kTimerFaults[] = {Fault::timer_late, Fault::stall};

std::span<const Fault> faults_at(const Point& point, const Exploration& exploration) {
    const Scope scope = exploration.scope;
    if (exploration.only_at != 0) {
        const bool meant = point.kind == Point::Kind::copy;
        if (!meant || (exploration.only_at >> point.frame & 1) == 0) return {};
    }
    if (scope == Scope::kills) {
        // Whatever a daemon says outside the operational state belongs to a change of the ring;
        // so do the messages of membership of one that is in it still.
        if (point.kind != Point::Kind::copy) return {};
        if (!point.forming && point.frame < kFirstControl) return {};
        return kKills;
    }
    if (point.kind == Point::Kind::timer) return kTimerFaults;
    return scope == Scope::wide ? std::span<const Fault>{kWide} : kCopyFaults;
}

/// A landmark on the way, and what was done between it and the next.
struct Passed {
    std::uint64_t digest;
    std::uint64_t said;
};

class FaultExplorer : public Chooser {
public:
    FaultExplorer(const Exploration& exploration, Ledger& ledger, Branches& branches)
        : exploration_(exploration),
          ledger_(ledger),
          branches_(branches),
          left_(exploration.faults) {}

    Fault choose(const Point& point) override {
        if (left_ == 0) return Fault::none;
        for (const Fault fault : faults_at(point, exploration_)) {
            if (branches_.is_over()) return Fault::none;
            if (!branches_.fork_off(to_text({{point.number, fault}}), exploration_.jobs)) continue;
            --left_;
            passed_.clear();
            events_before_ = world_->events();
            return fault;
        }
        return Fault::none;
    }

    bool is_known(const World& world) override {
        if (exploration_.check_digest) {
            pass(world);
            return false;
        }
        if (!exploration_.prune) return false;
        ledger_.counts().looked_at.fetch_add(1, std::memory_order_relaxed);
        const std::uint64_t digest = digest_of(world, exploration_.blind_digest);
        for (unsigned more = left_ + 1; more <= exploration_.faults; ++more) {
            if (ledger_.seen.contains(sim::mix(digest, more))) return true;
        }
        return !ledger_.seen.insert(sim::mix(digest, left_));
    }

    void rested(const World& world) override {
        ledger_.note_rest(digest_of(world, false), world.time_to_rest());
        if (!exploration_.check_digest) return;
        pass(world);
        compare_futures();
    }

    void run() {
        World world(exploration_.script, *this);
        world_ = &world;
        Counts& counts = ledger_.counts();
        try {
            if (!world.run()) counts.known.fetch_add(1, std::memory_order_relaxed);
        } catch (const std::exception& violation) {
            branches_.report(violation.what());
        }
        counts.events.fetch_add(world.events() - events_before_, std::memory_order_relaxed);
        if (left_ == exploration_.faults) counts.base_points = world.points();
        branches_.end();
    }

private:
    void pass(const World& world) {
        if (!passed_.empty()) passed_.back().said = world.said();
        passed_.push_back({digest_of(world, exploration_.blind_digest), 0});
    }

    /// Backwards, so that the future of a landmark is that of the next with one stretch before it.
    void compare_futures() {
        Counts& counts = ledger_.counts();
        std::uint64_t future = passed_.back().digest;
        passed_.pop_back();
        for (auto at = passed_.rbegin(); at != passed_.rend(); ++at) {
            future = sim::mix(future, at->said);
            counts.looked_at.fetch_add(1, std::memory_order_relaxed);
            const FutureMap::Note note = ledger_.futures.note(at->digest, future);
            if (note == FutureMap::Note::fresh) ledger_.seen.insert(at->digest);
            if (note == FutureMap::Note::same) counts.compared.fetch_add(1);
            if (note == FutureMap::Note::differs) {
                throw sim::Violation("equal digests, different futures, at landmark " +
                                     std::to_string(passed_.rend() - at));
            }
        }
    }

    const Exploration& exploration_;
    Ledger& ledger_;
    Branches& branches_;
    unsigned left_;
    std::vector<Passed> passed_;
    const World* world_{nullptr};
    std::uint64_t events_before_{0};  ///< those that the parent counts
};

}  // namespace

Findings explore_faults(const Exploration& exploration) {
    Ledger ledger(exploration.table_bits);
    Branches branches(ledger, exploration.replay_prefix, exploration.manner);
    in_processes(branches, [&] { FaultExplorer(exploration, ledger, branches).run(); });
    return ledger.findings();
}

}  // namespace torc::explore
