// At rest. G16 Self-Delivery: a session that is still open heard everything of reliable and above
// that it said to itself or to a group that it was in and stayed in, or was told that it is
// refused. G17 Membership Precision: the last view of a group is the same for all open sessions in
// it, and lists them and nobody else. G18 Multicast Liveness: and they heard the same ordered
// messages in it. F8 Flush Liveness: nobody waits for a view.
#include <algorithm>
#include <set>

#include "tests/checker/sessions.hpp"

namespace torc::check {
namespace {

using EventKind = SessionStory::Event::Kind;
using End = SessionStory::End;

class AtRest {
public:
    AtRest(const Trace& trace, const Sessions& story, Verdict& verdict)
        : trace_(trace), story_(story), verdict_(verdict) {}

    void run() {
        std::map<Name, std::set<std::uint32_t>> last;  // by group: standings
        for (std::uint32_t i = 0; i < story_.sessions.size(); ++i) {
            if (story_.sessions[i].end != End::open) continue;
            self_delivery(i);
            for (const std::uint32_t number : story_.sessions[i].standings) {
                const Standing& standing = story_.standings[number];
                if (standing.moved_on()) continue;
                last[story_.views[standing.view].group].insert(number);
                if (standing.asked != 0) waits(standing);
            }
        }
        for (const auto& [group, standings] : last) precision(standings);
    }

private:
    /// Groups that the session is in from its standing on without a break to the end.
    bool stays(std::uint32_t number) const {
        while (story_.standings[number].after != kNothing) number = story_.standings[number].after;
        return !story_.standings[number].left;
    }

    /// Names that reach the session when it speaks, as it was then.
    std::set<Name> reached(std::uint32_t session, std::size_t event) const {
        const SessionStory& story = story_.sessions[session];
        std::set<Name> names{story.who.name};
        std::map<Name, std::uint32_t> current;
        std::size_t views = 0;
        for (std::size_t i = 0; i < event; ++i) {
            if (story.events[i].kind == EventKind::view) ++views;
        }
        for (std::size_t i = 0; i < views; ++i) {
            const std::uint32_t number = story.standings[i];
            current[story_.views[story_.standings[number].view].group] = number;
        }
        for (const auto& [group, number] : current) {
            if (stays(number)) names.insert(group);
        }
        return names;
    }

    void self_delivery(std::uint32_t session) {
        const SessionStory& story = story_.sessions[session];
        std::set<std::uint32_t> heard;
        for (const auto& [kind, what] : story.events) {
            if (kind == EventKind::heard) heard.insert(what);
        }
        for (std::size_t i = 0; i < story.events.size(); ++i) {
            const auto& [kind, what] = story.events[i];
            if (kind != EventKind::said || heard.contains(what)) continue;
            const Utterance& message = story_.messages[what];
            if (message.service == Service::unreliable || message.refused) continue;
            const std::set<Name> names = reached(session, i);
            const std::vector<std::uint32_t>& groups = trace_.numbers(message.groups);
            // The group of a subgroup cast says only whose view is meant.
            if (std::none_of(groups.begin() + (message.subgroup ? 1 : 0), groups.end(),
                             [&names](Name group) { return names.contains(group); })) {
                continue;
            }
            verdict_.add("G16", story_.name(trace_, session) + ": never hears its own " +
                                    story_.name(message));
        }
    }

    void waits(const Standing& standing) {
        verdict_.add("F8", story_.name(trace_, standing.session) + ": was asked to flush " +
                               story_.name(trace_, story_.views[standing.view]) +
                               ", and at rest no view has come");
    }

    void precision(const std::set<std::uint32_t>& standings) {
        const Standing& first = story_.standings[*standings.begin()];
        std::vector<Name> present;
        for (const std::uint32_t number : standings) {
            const Standing& standing = story_.standings[number];
            present.push_back(story_.sessions[standing.session].who.name);
            if (standing.view == first.view && standing.heard != first.heard) {
                verdict_.add("G18", story_.name(trace_, standing.session) + " and " +
                                        story_.name(trace_, first.session) + " rest in " +
                                        story_.name(trace_, story_.views[first.view]) +
                                        ", but did not hear the same in it");
            }
            if (standing.view == first.view) continue;
            verdict_.add("G17", story_.name(trace_, standing.session) + " rests in " +
                                    story_.name(trace_, story_.views[standing.view]) + ", " +
                                    story_.name(trace_, first.session) + " in " +
                                    story_.name(trace_, story_.views[first.view]));
        }
        std::vector<Name> listed = trace_.numbers(story_.views[first.view].members);
        std::sort(listed.begin(), listed.end());
        std::sort(present.begin(), present.end());
        if (listed == present) return;
        verdict_.add("G17", story_.name(trace_, story_.views[first.view]) +
                                ", in which the group rests, does not list just who is there");
    }

    const Trace& trace_;
    const Sessions& story_;
    Verdict& verdict_;
};

}  // namespace

void check_group_rest(const Trace& trace, const Sessions& story, Verdict& verdict) {
    AtRest(trace, story, verdict).run();
}

}  // namespace torc::check
