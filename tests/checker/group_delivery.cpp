// G7 Same View Delivery: whoever hears an ordered message of a group before any transitional signal
// hears it in the same view as others that share both views with it. G11 FIFO: from one session,
// messages of FIFO and above come in the order in which it said them, and no ordered one is missing
// that it heard itself in the same view.
#include <unordered_map>

#include "tests/checker/sessions.hpp"

namespace torc::check {
namespace {

using EventKind = SessionStory::Event::Kind;

class Delivery {
public:
    Delivery(const Trace& trace, const Sessions& story, Verdict& verdict)
        : trace_(trace),
          story_(story),
          verdict_(verdict),
          stamp_(story.messages.size(), kNothing) {}

    void run() {
        for (std::uint32_t i = 0; i < story_.sessions.size(); ++i) senders_order(i);
        for (std::uint32_t i = 0; i < story_.standings.size(); ++i) same_view(i);
        own_lists();
        for (std::uint32_t i = 0; i < story_.standings.size(); ++i) senders_gaps(i);
    }

private:
    void senders_order(std::uint32_t listener) {
        std::unordered_map<std::uint32_t, std::uint32_t> last;
        for (const auto& [kind, number] : story_.sessions[listener].events) {
            if (kind != EventKind::heard) continue;
            const Utterance& message = story_.messages[number];
            if (message.service < Service::fifo || message.said_by == kNobody) continue;
            const auto [at, fresh] = last.try_emplace(message.said_by, message.place);
            if (!fresh && message.place < at->second) {
                verdict_.add("G11", story_.name(trace_, listener) + ": hears " +
                                        story_.name(message) + " behind a later one of its sender");
            }
            at->second = message.place;
        }
    }

    bool lists(const ViewStory& view, std::uint32_t session) const {
        const Name name = story_.sessions[session].who.name;
        for (const Name member : trace_.numbers(view.members)) {
            if (member == name) return true;
        }
        return false;
    }

    void same_view(std::uint32_t number) {
        const Standing& here = story_.standings[number];
        const ViewStory& view = story_.views[here.view];
        for (std::size_t i = 0; i < here.before_signal(); ++i) {
            const std::uint64_t key = std::uint64_t{here.heard[i]} << 32 | view.group;
            const auto [first, fresh] = first_.try_emplace(key, number);
            if (fresh) continue;
            const Standing& there = story_.standings[first->second];
            if (there.view == here.view) continue;
            if (!lists(view, there.session) || !lists(story_.views[there.view], here.session)) {
                continue;
            }
            verdict_.add("G7", story_.name(trace_, here.session) + ": hears " +
                                   story_.name(story_.messages[here.heard[i]]) + " in " +
                                   story_.name(trace_, view) + ", " +
                                   story_.name(trace_, there.session) + " in " +
                                   story_.name(trace_, story_.views[there.view]));
        }
    }

    /// For each standing, what its session said and heard itself in it, in the order of saying.
    void own_lists() {
        own_.resize(story_.standings.size());
        for (std::uint32_t i = 0; i < story_.standings.size(); ++i) {
            const Standing& here = story_.standings[i];
            for (std::size_t place = 0; place < here.heard.size(); ++place) {
                const Utterance& message = story_.messages[here.heard[place]];
                if (message.said_by != here.session || may_be_refused_elsewhere(here, place)) {
                    continue;
                }
                own_[i].push_back(here.heard[place]);
            }
        }
    }

    /// Behind the signal its sender's daemon may lack what another has in front of the message, say
    /// that another group it names is a flush group in which its sender is not.
    bool may_be_refused_elsewhere(const Standing& here, std::size_t place) const {
        const std::uint32_t number = here.heard[place];
        if (story_.views[here.view].flush) return here.unclear.contains(number);
        return place >= here.before_signal() && story_.messages[number].flush;
    }

    void senders_gaps(std::uint32_t number) {
        const Standing& here = story_.standings[number];
        const ViewStory& view = story_.views[here.view];
        std::unordered_map<std::uint32_t, std::pair<std::uint32_t, std::size_t>> senders;
        for (const std::uint32_t standing : view.standings) {
            if (standing != number) senders[story_.standings[standing].session] = {standing, 0};
        }
        for (const std::uint32_t heard : here.heard) {
            const Utterance& message = story_.messages[heard];
            const auto sender = senders.find(message.said_by);
            if (sender != senders.end() && !here.unclear.contains(heard)) {
                auto& [standing, checked] = sender->second;
                const std::vector<std::uint32_t>& own = own_[standing];
                while (checked < own.size() &&
                       story_.messages[own[checked]].place < message.place) {
                    if (stamp_[own[checked]] != number) gap(here, message, own[checked]);
                    ++checked;
                }
            }
            stamp_[heard] = number;
        }
    }

    void gap(const Standing& here, const Utterance& message, std::uint32_t missing) {
        verdict_.add("G11", story_.name(trace_, here.session) + ": hears " + story_.name(message) +
                                " without " + story_.name(story_.messages[missing]) +
                                " of the same sender before it");
    }

    const Trace& trace_;
    const Sessions& story_;
    Verdict& verdict_;
    std::unordered_map<std::uint64_t, std::uint32_t> first_;  ///< message, group: standing
    std::vector<std::vector<std::uint32_t>> own_;
    std::vector<std::uint32_t> stamp_;  ///< by message: standing that heard it last
};

}  // namespace

void check_group_delivery(const Trace& trace, const Sessions& story, Verdict& verdict) {
    Delivery(trace, story, verdict).run();
}

}  // namespace torc::check
