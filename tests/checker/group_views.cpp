// G1 Self-Inclusion, G2 Local Monotonicity, G3 Initial View Event, G4 View Agreement: who gets a
// view is in it; ids rise; the first view of a group comes by joining; a view has one content, and
// one made by a join or a departure differs from the one before by exactly that one member. (A
// flush group's view may be made by several changes; its cause is the weightiest of network, join,
// disconnect and leave.)
#include <algorithm>

#include "tests/checker/sessions.hpp"

namespace torc::check {
namespace {

class Views {
public:
    Views(const Trace& trace, const Sessions& story, Verdict& verdict)
        : trace_(trace), story_(story), verdict_(verdict) {}

    void run() {
        for (const ViewStory& view : story_.views) shape(view);
        for (const Standing& standing : story_.standings) {
            self(standing);
            if (standing.before == kNothing) {
                first(standing);
            } else {
                step(story_.standings[standing.before], standing);
            }
        }
    }

private:
    using Numbers = std::vector<std::uint32_t>;
    const ViewStory& view_of(const Standing& standing) const { return story_.views[standing.view]; }
    std::string at(const Standing& standing) const {
        return story_.name(trace_, standing.session) + ": " +
               story_.name(trace_, view_of(standing));
    }

    void shape(const ViewStory& view) {
        if (!view.has_sets()) return;
        if (trace_.numbers(view.members).size() == trace_.numbers(view.sets).size()) return;
        verdict_.add(view.flush ? "F5" : "G4",
                     story_.name(trace_, view) + " does not give each member its set");
    }

    void self(const Standing& standing) {
        const Numbers& members = trace_.numbers(view_of(standing).members);
        const Name me = story_.sessions[standing.session].who.name;
        const auto found = std::find(members.begin(), members.end(), me);
        if (found == members.end()) {
            return verdict_.add("G1", at(standing) + " does not list it");
        }
        if (!view_of(standing).has_sets()) return;
        const Numbers& sets = trace_.numbers(view_of(standing).sets);
        const auto place = static_cast<std::size_t>(found - members.begin());
        if (place < sets.size() && sets[place] != standing.mine) {
            verdict_.add("G4", at(standing) + " lists it in another set than it says");
        }
    }

    void first(const Standing& standing) {
        const ViewStory& view = view_of(standing);
        if (view.cause == Cause::join || (view.flush && view.cause == Cause::network)) return;
        verdict_.add("G3", at(standing) + " is its first, but no join");
    }

    void step(const Standing& before, const Standing& standing) {
        const ViewStory& from = view_of(before);
        const ViewStory& to = view_of(standing);
        if (std::pair(to.ring.epoch, to.index) <= std::pair(from.ring.epoch, from.index)) {
            verdict_.add("G2", at(standing) + " does not rise above " + story_.name(trace_, from));
        }
        if (to.cause == Cause::network) return;
        const bool joins = to.cause == Cause::join;
        if (to.flush && joins) return;  // may stand for changes of all kinds
        if (to.flush && includes(trace_.numbers(from.members), trace_.numbers(to.members))) return;
        if (differ_by_one(trace_.numbers((joins ? from : to).members),
                          trace_.numbers((joins ? to : from).members))) {
            return;
        }
        verdict_.add("G4", at(standing) + " does not follow from " + story_.name(trace_, from) +
                               " by one member");
    }

    /// Some went, nobody came.
    static bool includes(const Numbers& all, const Numbers& some) {
        return some.size() < all.size() &&
               std::all_of(
                   some.begin(), some.end(),
                   [&](std::uint32_t member) {
                       return std::find(all.begin(), all.end(), member) != all.end();
                   });
    }

    static bool differ_by_one(const Numbers& less, const Numbers& more) {
        if (less.size() + 1 != more.size()) return false;
        const auto [one, other] = std::mismatch(less.begin(), less.end(), more.begin());
        return std::equal(one, less.end(), other + 1);
    }

    const Trace& trace_;
    const Sessions& story_;
    Verdict& verdict_;
};

}  // namespace

void check_views(const Trace& trace, const Sessions& story, Verdict& verdict) {
    Views(trace, story, verdict).run();
}

}  // namespace torc::check
