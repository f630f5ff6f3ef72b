// 2.1 who is in a configuration comes to it (at rest). 2.3 an id has one list of members, and who
// gets it is in it. 2.4 between two regular configurations there is exactly one transitional, of
// members of both, and those in it came from the one and went to the other.
#include <algorithm>
#include <set>

#include "tests/checker/daemons.hpp"

namespace torc::check {
namespace {

class Configurations {
public:
    Configurations(const Trace& trace, const Daemons& story, Verdict& verdict)
        : trace_(trace), story_(story), verdict_(verdict) {}

    void run() {
        for (const ProcessStory& process : story_.processes) {
            members_of_steps(process);
            row_of_steps(process);
        }
        for (const RingStory& ring : story_.rings) one_process_a_node(ring);
        for (const Stay& stay : story_.stays) passage(stay);
        if (story_.at_rest) rest();
    }

private:
    std::string name(const ProcessStory& process) const {
        return story_.name(static_cast<std::uint32_t>(&process - story_.processes.data()));
    }
    const Ring& id_of(const Step& step) const {
        return step.regular ? story_.rings[step.number].id : story_.transitionals[step.number];
    }

    void members_of_steps(const ProcessStory& process) {
        for (const Step& step : process.steps) {
            if (!story_.contains(trace_, step.members, process.who.node)) {
                verdict_.add("2.3", name(process) + ": not in its own configuration " +
                                        text_of(id_of(step)));
            }
            auto& lists = step.regular ? regular_lists_ : transitional_lists_;
            if (lists.try_emplace(step.number, step.members).first->second != step.members) {
                verdict_.add("2.3", name(process) + ": configuration " + text_of(id_of(step)) +
                                        " with other members than elsewhere");
            }
        }
    }

    /// Regular ones by turns with transitional ones, ids rising.
    void row_of_steps(const ProcessStory& process) {
        const Step* regular = nullptr;
        const Step* between = nullptr;
        for (const Step& step : process.steps) {
            if (!step.regular) {
                if (between != nullptr) {
                    verdict_.add("2.4", name(process) + ": two transitional configurations, " +
                                            text_of(id_of(*between)) + " and " +
                                            text_of(id_of(step)));
                }
                between = &step;
                continue;
            }
            if (regular != nullptr) pair(process, *regular, between, step);
            regular = &step;
            between = nullptr;
        }
    }

    void pair(const ProcessStory& process, const Step& from, const Step* between, const Step& to) {
        const std::string where = " between " + text_of(id_of(from)) + " and " + text_of(id_of(to));
        if (id_of(to).epoch <= id_of(from).epoch) {
            verdict_.add("2.4", name(process) + ": ids do not rise" + where);
        }
        if (between == nullptr) {
            verdict_.add("2.4", name(process) + ": no transitional configuration" + where);
            return;
        }
        for (const std::uint32_t member : trace_.numbers(between->members)) {
            if (story_.contains(trace_, from.members, member) &&
                story_.contains(trace_, to.members, member)) {
                continue;
            }
            verdict_.add("2.4", name(process) + ": n" + std::to_string(member) +
                                    " is in the transitional configuration, but not on both sides" +
                                    where);
        }
    }

    void one_process_a_node(const RingStory& ring) {
        std::set<std::uint32_t> nodes;
        for (const std::uint32_t stay : ring.stays) {
            const std::uint32_t process = story_.stays[stay].process;
            if (nodes.insert(story_.processes[process].who.node).second) continue;
            verdict_.add("2.3", story_.name(process) + ": in ring " + text_of(ring.id) +
                                    " twice, or with another boot of its node");
        }
    }

    /// Whoever gets a transitional configuration gets it between the same two, and whoever of its
    /// members arrives in the second came that way.
    void passage(const Stay& stay) {
        if (!stay.moved_on() || stay.transitional == kNone) return;
        const std::pair ends{stay.ring, stay.next_ring};
        const std::string way = "from ring " + text_of(story_.rings[stay.ring].id) + " to " +
                                text_of(story_.rings[stay.next_ring].id);
        if (ends_.try_emplace(stay.transitional, ends).first->second != ends) {
            verdict_.add("2.4", story_.name(stay) + ": transitional configuration " +
                                    text_of(story_.transitionals[stay.transitional]) +
                                    " leads elsewhere than for others, " + way);
        }
        const auto members = transitional_lists_.find(stay.transitional);
        if (members == transitional_lists_.end()) return;
        for (const std::uint32_t node : trace_.numbers(members->second)) {
            const Stay* there = story_.stay_of(node, stay.next_ring);
            if (there == nullptr) continue;
            const Stay* before = before_of(*there);
            const bool together = before != nullptr && before->ring == stay.ring &&
                                  before->transitional == stay.transitional;
            if (together) continue;
            verdict_.add("2.4", story_.name(*there) + ": did not come " + way + " together with " +
                                    story_.name(stay) + ", which says so");
        }
    }

    const Stay* before_of(const Stay& stay) const {
        const std::vector<std::uint32_t>& stays = story_.processes[stay.process].stays;
        const auto number = static_cast<std::uint32_t>(&stay - story_.stays.data());
        const auto at = std::find(stays.begin(), stays.end(), number);
        return at == stays.begin() ? nullptr : &story_.stays[*(at - 1)];
    }

    void rest() {
        for (const ProcessStory& process : story_.processes) {
            if (process.failed) continue;
            if (process.steps.empty() || !process.steps.back().regular) {
                verdict_.add("2.1", name(process) + ": at rest in no regular configuration");
                continue;
            }
            const Step& last = process.steps.back();
            for (const std::uint32_t node : trace_.numbers(last.members)) {
                if (rests_in(node, last.number)) continue;
                verdict_.add("2.1", name(process) + ": at rest in ring " + text_of(id_of(last)) +
                                        ", but its member n" + std::to_string(node) + " is not");
            }
        }
    }

    bool rests_in(std::uint32_t node, std::uint32_t ring) const {
        return std::any_of(
            story_.processes.begin(), story_.processes.end(), [&](const ProcessStory& process) {
                return process.who.node == node && !process.failed && !process.steps.empty() &&
                       process.steps.back().regular && process.steps.back().number == ring;
            });
    }

    const Trace& trace_;
    const Daemons& story_;
    Verdict& verdict_;
    std::map<std::uint32_t, List> regular_lists_;
    std::map<std::uint32_t, List> transitional_lists_;
    std::map<std::uint32_t, std::pair<std::uint32_t, std::uint32_t>> ends_;
};

}  // namespace

void check_configurations(const Trace& trace, const Daemons& story, Verdict& verdict) {
    Configurations(trace, story, verdict).run();
}

}  // namespace torc::check
