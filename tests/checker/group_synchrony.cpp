// G8 Virtual Synchrony: who goes from one view to the same next one together heard the same ordered
// messages in between, in the same order. G9 Transitional Set: those of one set of a view that
// gives sets came from one view, and all of the set were in it; who came from one view in different
// sets was told before (signal). G10 Agreement on Successors: whom a view says to have come along,
// and who gets that view, gets it behind the same one. (It may lose the others again before it gets
// the view.)
#include <algorithm>

#include "tests/checker/sessions.hpp"

namespace torc::check {
namespace {

class Synchrony {
public:
    Synchrony(const Trace& trace, const Sessions& story, Verdict& verdict)
        : trace_(trace), story_(story), verdict_(verdict) {}

    void run() {
        for (const ViewStory& view : story_.views) {
            together(view);
            if (view.has_sets()) sets(view);
        }
    }

private:
    using Numbers = std::vector<std::uint32_t>;
    std::string name(const Standing& standing) const {
        return story_.name(trace_, standing.session);
    }

    void together(const ViewStory& view) {
        std::map<std::pair<std::uint32_t, std::uint32_t>, const Standing*> first;
        for (const std::uint32_t number : view.standings) {
            const Standing& standing = story_.standings[number];
            if (standing.before == kNothing) continue;
            const Standing& before = story_.standings[standing.before];
            const std::uint32_t set = view.has_sets() ? standing.mine : 0;
            const auto [at, fresh] = first.try_emplace({before.view, set}, &before);
            if (fresh || clear_ones(*at->second) == clear_ones(before)) continue;
            verdict_.add("G8", name(before) + " and " + name(*at->second) + " came to " +
                                   story_.name(trace_, view) + " together, but " +
                                   difference(*at->second, before));
        }
    }

    static Numbers clear_ones(const Standing& standing) {
        Numbers heard = standing.heard;
        std::erase_if(heard,
                      [&](std::uint32_t number) { return standing.unclear.contains(number); });
        return heard;
    }

    std::string difference(const Standing& one, const Standing& other) const {
        const Numbers here = clear_ones(one);
        const Numbers there = clear_ones(other);
        const auto [a, b] = std::mismatch(here.begin(), here.end(), there.begin(), there.end());
        const std::uint32_t number = a != here.end() ? *a : *b;
        return "heard different messages or orders from " + story_.name(story_.messages[number]) +
               " on (" + std::to_string(here.size()) + " and " + std::to_string(there.size()) + ")";
    }

    void sets(const ViewStory& view) {
        std::map<std::uint32_t, const Standing*> origin;  // by set
        std::map<std::uint32_t, const Standing*> parted;  // by the view before
        for (const std::uint32_t number : view.standings) {
            const Standing& standing = story_.standings[number];
            if (standing.before == kNothing) continue;
            const Standing& before = story_.standings[standing.before];
            one_origin(view, standing, before, origin);
            told_of_parting(view, standing, before, parted);
            members_of_set(view, standing, before);
        }
    }

    void one_origin(const ViewStory& view, const Standing& standing, const Standing& before,
                    std::map<std::uint32_t, const Standing*>& origin) {
        const auto [at, fresh] = origin.try_emplace(standing.mine, &before);
        if (fresh || at->second->view == before.view) return;
        verdict_.add("G9", name(standing) + " and " + name(*at->second) + " are in one set of " +
                               story_.name(trace_, view) + ", but came from different views");
    }

    void told_of_parting(const ViewStory& view, const Standing& standing, const Standing& before,
                         std::map<std::uint32_t, const Standing*>& parted) {
        const auto [at, fresh] = parted.try_emplace(before.view, &standing);
        if (fresh || at->second->mine == standing.mine) return;
        const Standing& other = *at->second;
        for (const Standing* one : {&standing, &other}) {
            if (story_.standings[one->before].signalled) continue;
            verdict_.add("G9", name(*one) + ": no signal, although in " +
                                   story_.name(trace_, view) + " " + name(standing) + " and " +
                                   name(other) + " of its view stand in different sets");
        }
    }

    void members_of_set(const ViewStory& view, const Standing& standing, const Standing& before) {
        const Numbers& members = trace_.numbers(view.members);
        const Numbers& sets = trace_.numbers(view.sets);
        const Numbers& were = trace_.numbers(story_.views[before.view].members);
        for (std::size_t i = 0; i < std::min(members.size(), sets.size()); ++i) {
            if (sets[i] != standing.mine) continue;
            if (std::find(were.begin(), were.end(), members[i]) == were.end()) {
                verdict_.add("G9", name(standing) + ": " + trace_.text(members[i]) +
                                       " is in its set of " + story_.name(trace_, view) +
                                       ", but was not in its view before");
                continue;
            }
            same_successor(view, standing, before, members[i]);
        }
    }

    void same_successor(const ViewStory& view, const Standing& standing, const Standing& before,
                        Name member) {
        const Standing* const here = story_.in_view(view, member);
        if (here == nullptr) return;
        const bool same =
            here->before != kNothing && story_.standings[here->before].view == before.view;
        if (same) return;
        verdict_.add("G10", name(*here) + " came to " + story_.name(trace_, view) +
                                " from elsewhere than " + name(standing) + ", which it is said " +
                                "to have come along with");
    }

    const Trace& trace_;
    const Sessions& story_;
    Verdict& verdict_;
};

}  // namespace

void check_group_synchrony(const Trace& trace, const Sessions& story, Verdict& verdict) {
    Synchrony(trace, story, verdict).run();
}

}  // namespace torc::check
