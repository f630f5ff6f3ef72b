// Flush groups (view synchrony): a view comes when all that have one have said that they are
// through with it. F3 Flush Before View: who goes on from a view had flushed. F4 One Request: in a
// view a session is asked at most once and answers at most once. F5 Who Came Along: every view
// gives the sets, a joiner is alone in its own, and the kind of the group stays what it is. F7
// Subgroup: of those that go on together, all that a subgroup cast names heard it, or none.
//
// F1 and F2 are judged where messages are given to views (sessions.cpp), F6 in group_refusals.cpp,
// F8 at rest. What holds for all groups, above all G8, holds for these by the sets of every view.
#include <algorithm>
#include <set>

#include "tests/checker/sessions.hpp"

namespace torc::check {
namespace {

class Flush {
public:
    Flush(const Trace& trace, const Sessions& story, Verdict& verdict)
        : trace_(trace), story_(story), verdict_(verdict) {}

    void run() {
        for (const Standing& standing : story_.standings) {
            requests(standing);
            if (standing.before != kNothing) step(story_.standings[standing.before], standing);
        }
        for (const ViewStory& view : story_.views) {
            if (!view.flush) continue;
            joiners_alone(view);
            casts_of_those_together(view);
        }
    }

private:
    using Numbers = std::vector<std::uint32_t>;
    std::string name(const Standing& standing) const {
        return story_.name(trace_, standing.session);
    }
    std::string view_name(const Standing& standing) const {
        return story_.name(trace_, story_.views[standing.view]);
    }

    void requests(const Standing& standing) {
        if (standing.asked > 1) {
            verdict_.add("F4", name(standing) + ": is asked " + std::to_string(standing.asked) +
                                   " times to flush " + view_name(standing));
        }
        if (standing.flushed > 1) {
            verdict_.add("F4", name(standing) + ": flushes twice " + view_name(standing));
        }
    }

    void step(const Standing& before, const Standing& standing) {
        const bool flush = story_.views[standing.view].flush;
        if (flush != story_.views[before.view].flush) {
            verdict_.add("F5", name(standing) + ": " + view_name(standing) +
                                   " is of a group of another kind than " + view_name(before));
        }
        if (!flush || before.flushed != 0) return;
        verdict_.add("F3", name(standing) + ": goes on to " + view_name(standing) +
                               " without having flushed " + view_name(before));
    }

    void joiners_alone(const ViewStory& view) {
        const Numbers& sets = trace_.numbers(view.sets);
        for (const std::uint32_t number : view.standings) {
            const Standing& standing = story_.standings[number];
            if (standing.before != kNothing) continue;
            if (std::count(sets.begin(), sets.end(), standing.mine) == 1) continue;
            verdict_.add("F5", name(standing) + ": comes to " + view_name(standing) +
                                   " from nowhere, but not alone in its set");
        }
    }

    /// By the view they come from and the set in which they go on.
    void casts_of_those_together(const ViewStory& view) {
        std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<const Standing*>> together;
        for (const std::uint32_t number : view.standings) {
            const Standing& standing = story_.standings[number];
            if (standing.before == kNothing) continue;
            const Standing& before = story_.standings[standing.before];
            together[{before.view, standing.mine}].push_back(&before);
        }
        for (const auto& [where, standings] : together) {
            std::set<std::uint32_t> casts;
            for (const Standing* standing : standings) {
                casts.insert(standing->casts.begin(), standing->casts.end());
            }
            for (const Standing* standing : standings) heard_all(*standing, casts);
        }
    }

    void heard_all(const Standing& standing, const std::set<std::uint32_t>& casts) {
        const Name me = story_.sessions[standing.session].who.name;
        for (const std::uint32_t cast : casts) {
            const Numbers& names = trace_.numbers(story_.messages[cast].groups);
            const bool named = std::find(names.begin() + 1, names.end(), me) != names.end();
            const Numbers& heard = standing.casts;
            if (!named || std::find(heard.begin(), heard.end(), cast) != heard.end()) continue;
            verdict_.add("F7", name(standing) + ": goes on from " + view_name(standing) +
                                   " without " + story_.name(story_.messages[cast]) +
                                   ", a subgroup cast for it that others who come along heard");
        }
    }

    const Trace& trace_;
    const Sessions& story_;
    Verdict& verdict_;
};

}  // namespace

void check_group_flush(const Trace& trace, const Sessions& story, Verdict& verdict) {
    Flush(trace, story, verdict).run();
}

}  // namespace torc::check
