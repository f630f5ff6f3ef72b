// G12 Causal: who hears an ordered message has heard before it what its sender had heard in that
// view when it spoke. G13 Strong Total Order: there is one order of all ordered messages and views
// that every session's own order, and causality, agrees with (which contains the weak one). G14
// Reliable Total Order: before a signal, what two sessions hear in a view is the same row, one
// perhaps shorter (rows.hpp tells the exception).
#include <unordered_map>

#include "tests/checker/precedence.hpp"
#include "tests/checker/rows.hpp"
#include "tests/checker/sessions.hpp"

namespace torc::check {
namespace {

using EventKind = SessionStory::Event::Kind;

class GroupOrder {
public:
    GroupOrder(const Trace& trace, const Sessions& story, Verdict& verdict)
        : trace_(trace),
          story_(story),
          verdict_(verdict),
          stamp_(story.messages.size(), kNothing) {}

    void run() {
        for (const ViewStory& view : story_.views) one_row(view);
        for (std::uint32_t i = 0; i < story_.standings.size(); ++i) causes(i);
        one_order();
    }

private:
    void one_row(const ViewStory& view) {
        const Standing* longest = nullptr;
        for (const std::uint32_t number : view.standings) {
            const Standing& here = story_.standings[number];
            if (longest == nullptr) {
                longest = &here;
                continue;
            }
            if (!Rows(story_, trace_.numbers(view.members), row_of(here), row_of(*longest))
                     .agree()) {
                verdict_.add("G14", story_.name(trace_, here.session) + " and " +
                                        story_.name(trace_, longest->session) +
                                        " hear different rows of messages in " +
                                        story_.name(trace_, view));
            }
            if (here.before_signal() > longest->before_signal()) longest = &here;
        }
    }
    static Rows::Row row_of(const Standing& standing) {
        return Rows::Row(standing.heard).first(standing.before_signal());
    }

    /// What a sender knew only grows, so each of its messages is looked at from there on.
    void causes(std::uint32_t number) {
        const Standing& here = story_.standings[number];
        std::unordered_map<std::uint32_t, std::size_t> checked;  // by the sender's standing
        for (const std::uint32_t heard : here.heard) {
            stamp_[heard] = number;
            const Utterance& message = story_.messages[heard];
            if (message.said_by == here.session || here.unclear.contains(heard)) continue;
            const auto known = story_.known.find(heard);
            if (known == story_.known.end()) continue;
            for (const Knowledge& knowledge : known->second) {
                const Standing& there = story_.standings[knowledge.standing];
                if (there.view != here.view) continue;
                std::size_t& from = checked[knowledge.standing];
                for (; from < knowledge.heard; ++from) {
                    const std::uint32_t cause = there.heard[from];
                    if (stamp_[cause] == number || there.unclear.contains(cause)) continue;
                    verdict_.add("G12", story_.name(trace_, here.session) + ": hears " +
                                            story_.name(message) + " without " +
                                            story_.name(story_.messages[cause]) +
                                            " before it, which its sender had heard");
                }
            }
        }
    }

    /// Nodes: messages, then views.
    void one_order() {
        const std::size_t messages = story_.messages.size();
        Precedence order(messages + story_.views.size());
        for (const SessionStory& session : story_.sessions) {
            std::uint32_t last = kNothing;
            std::uint32_t last_said = kNothing;
            for (const auto& [kind, what] : session.events) {
                if (kind != EventKind::view && !is_ordered(story_.messages[what])) continue;
                const auto node =
                    kind == EventKind::view ? static_cast<std::uint32_t>(messages + what) : what;
                if (last != kNothing && last != node) order.add(last, node);
                if (kind != EventKind::said) {
                    last = node;
                    continue;
                }
                if (last_said != kNothing) order.add(last_said, node);
                last_said = node;
            }
        }
        const std::vector<std::uint32_t> circle = order.find_circle();
        if (circle.empty()) return;
        std::string text = "no order agrees with all:";
        for (const std::uint32_t node : circle) text += " " + name_of(node) + ",";
        verdict_.add("G13", text + " in a circle of " + std::to_string(circle.size()));
    }

    std::string name_of(std::uint32_t node) const {
        const std::size_t messages = story_.messages.size();
        return node < messages ? story_.name(story_.messages[node])
                               : story_.name(trace_, story_.views[node - messages]);
    }

    const Trace& trace_;
    const Sessions& story_;
    Verdict& verdict_;
    std::vector<std::uint32_t> stamp_;
};

}  // namespace

void check_group_order(const Trace& trace, const Sessions& story, Verdict& verdict) {
    GroupOrder(trace, story, verdict).run();
}

}  // namespace torc::check
