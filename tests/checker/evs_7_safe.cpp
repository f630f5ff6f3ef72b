// 7.1: SAFE delivered in a configuration, regular or transitional: every member of it delivers the
// message too, unless it fails. 7.2: SAFE delivered in a regular configuration: every member of it
// has got that configuration.
#include "tests/checker/daemons.hpp"

namespace torc::check {
namespace {

class Safe {
public:
    Safe(const Trace& trace, const Daemons& story, Verdict& verdict)
        : trace_(trace), story_(story), verdict_(verdict) {}

    void run() {
        for (const Stay& stay : story_.stays) {
            bool any_regular = false;
            for (std::size_t i = 0; i < stay.delivered.size(); ++i) {
                const Message& message = story_.messages[stay.delivered[i]];
                if (message.service != Service::safe) continue;
                if (i < stay.split) {
                    any_regular = true;
                    all_deliver(stay, story_.rings[stay.ring].members, message);
                } else {
                    all_deliver(stay, transitional_members(stay), message);
                }
            }
            if (any_regular) all_have_ring(stay);
        }
    }

private:
    List transitional_members(const Stay& stay) const {
        for (const Step& step : story_.processes[stay.process].steps) {
            if (!step.regular && step.number == stay.transitional) return step.members;
        }
        return 0;
    }

    void all_deliver(const Stay& stay, List members, const Message& message) {
        for (const std::uint32_t node : trace_.numbers(members)) {
            const Stay* const there = story_.stay_of(node, stay.ring);
            if (there == nullptr || there->holds(message.rank)) continue;
            const bool rests = story_.at_rest && !story_.processes[there->process].failed;
            if (!there->moved_on() && !rests) continue;
            verdict_.add("7.1", story_.name(*there) + ": never delivers SAFE " +
                                    story_.name(message) + ", as " + story_.name(stay) + " does");
        }
    }

    void all_have_ring(const Stay& stay) {
        for (const std::uint32_t node : trace_.numbers(story_.rings[stay.ring].members)) {
            if (story_.stay_of(node, stay.ring) != nullptr) continue;
            verdict_.add("7.2", story_.name(stay) + ": delivers SAFE messages in ring " +
                                    text_of(story_.rings[stay.ring].id) + ", which n" +
                                    std::to_string(node) + " never got");
        }
    }

    const Trace& trace_;
    const Daemons& story_;
    Verdict& verdict_;
};

}  // namespace

void check_safe(const Trace& trace, const Daemons& story, Verdict& verdict) {
    Safe(trace, story, verdict).run();
}

}  // namespace torc::check
