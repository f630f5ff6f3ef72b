// G15 Safe Indication: who hears a SAFE message before a signal knows that every member of that
// view that goes on from it hears the message in it too. (Who leaves a flush group goes in the
// middle of a view, which goes on for the others.)
#include "tests/checker/sessions.hpp"

namespace torc::check {

void check_group_safe(const Trace& trace, const Sessions& story, Verdict& verdict) {
    std::vector<std::uint32_t> indicated_in(story.messages.size(), kNothing);
    std::vector<std::uint32_t> indicated;
    std::vector<std::uint32_t> heard_by(story.messages.size(), kNothing);
    for (std::uint32_t view = 0; view < story.views.size(); ++view) {
        indicated.clear();
        for (const std::uint32_t number : story.views[view].standings) {
            const Standing& standing = story.standings[number];
            for (std::size_t i = 0; i < standing.before_signal(); ++i) {
                const std::uint32_t message = standing.heard[i];
                if (story.messages[message].service != Service::safe) continue;
                if (indicated_in[message] == view) continue;
                indicated_in[message] = view;
                indicated.push_back(message);
            }
        }
        for (const std::uint32_t number : story.views[view].standings) {
            const Standing& standing = story.standings[number];
            const bool leaves_others_in_it = story.views[view].flush && standing.after == kNothing;
            if (!standing.moved_on() || leaves_others_in_it) continue;
            for (const std::uint32_t message : standing.heard) heard_by[message] = number;
            for (const std::uint32_t message : indicated) {
                if (heard_by[message] == number) continue;
                verdict.add("G15", story.name(trace, standing.session) + ": goes on from " +
                                       story.name(trace, story.views[view]) + " without SAFE " +
                                       story.name(story.messages[message]));
            }
        }
    }
}

}  // namespace torc::check
