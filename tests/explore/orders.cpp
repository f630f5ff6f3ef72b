// Every order of a few moves: from a chosen state on the course of a script, time stands still but
// for timers that are made to fire, and each next move is any that is possible: deliver the oldest
// copy between two nodes, lose it, fire a node's timer, kill a node (one at most). When the moves
// are used up the run goes on as usual until it has come to rest and is judged.
#include "tests/explore/branches.hpp"
#include "tests/explore/digest.hpp"
#include "tests/explore/explorer.hpp"
#include "tests/explore/world.hpp"

namespace torc::explore {
namespace {

class OrderExplorer : public Chooser {
public:
    OrderExplorer(const Exploration& exploration, Ledger& ledger, Branches& branches)
        : exploration_(exploration),
          ledger_(ledger),
          branches_(branches),
          left_(exploration.moves) {}

    Fault choose(const Point&) override { return Fault::none; }

    /// In a child that has moves left it comes back once a move; the parent of all branches from a
    /// state does not come back.
    void steer(World& world) override {
        if (left_ == 0) return;
        if (left_ == exploration_.moves && !world.is_start(exploration_.from)) return;
        while (left_ != 0) {
            if (exploration_.prune && is_seen(world)) finish(true);
            if (!take_some_move(world)) finish(false);
        }
    }

    /// Behind the moves: equal states end alike, whatever way led there.
    bool is_known(const World& world) override {
        if (!exploration_.prune || left_ != 0) return false;
        return is_seen(world);
    }

    void rested(const World& world) override {
        if (left_ != 0) throw sim::Violation("the script never comes to the start of the moves");
        ledger_.note_rest(digest_of(world, false), world.time_to_rest());
    }

    void run() {
        World world(exploration_.script, *this);
        world_ = &world;
        try {
            if (!world.run()) ledger_.counts().known.fetch_add(1, std::memory_order_relaxed);
        } catch (const std::exception& violation) {
            branches_.report(violation.what());
        }
        finish(false);
    }

private:
    bool is_seen(const World& world) {
        ledger_.counts().looked_at.fetch_add(1, std::memory_order_relaxed);
        const std::uint64_t digest = digest_of(world, false);
        for (unsigned more = left_ + 1; more <= exploration_.moves; ++more) {
            if (ledger_.seen.contains(sim::mix(digest, more))) return true;
        }
        return !ledger_.seen.insert(sim::mix(digest, left_));
    }

    /// False in a parent that has had all moves tried.
    bool take_some_move(World& world) {
        const std::vector<Move> moves = world.moves();
        ledger_.counts().points.fetch_add(1, std::memory_order_relaxed);
        for (const Move& move : moves) {
            if (branches_.is_over()) return false;
            if (!branches_.fork_off(to_text(move), exploration_.jobs)) continue;
            events_before_ = world.events();
            --left_;
            world.make(move);
            return true;
        }
        if (!moves.empty()) return false;
        left_ = 0;  // nothing can happen any more: everybody is gone
        return true;
    }

    [[noreturn]] void finish(bool known) {
        Counts& counts = ledger_.counts();
        if (known) counts.known.fetch_add(1, std::memory_order_relaxed);
        counts.events.fetch_add(world_->events() - events_before_, std::memory_order_relaxed);
        branches_.end();
    }

    const Exploration& exploration_;
    Ledger& ledger_;
    Branches& branches_;
    unsigned left_;
    const World* world_{nullptr};
    std::uint64_t events_before_{0};
};

}  // namespace

Findings explore_orders(const Exploration& exploration) {
    Ledger ledger(exploration.table_bits);
    Branches branches(ledger, exploration.replay_prefix, exploration.manner);
    in_processes(branches, [&] { OrderExplorer(exploration, ledger, branches).run(); });
    return ledger.findings();
}

}  // namespace torc::explore
