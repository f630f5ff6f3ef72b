// 3: who sends in a configuration and does not fail before leaving it delivers its own messages
// there or in the transitional one behind. Who rests in one has left nothing undelivered.
#include "tests/checker/daemons.hpp"

namespace torc::check {

void check_self_delivery(const Trace&, const Daemons& story, Verdict& verdict) {
    for (const Stay& stay : story.stays) {
        const bool rests = story.at_rest && !story.processes[stay.process].failed;
        if (!stay.moved_on() && !rests) continue;
        for (const std::uint32_t number : stay.sent) {
            const Message& message = story.messages[number];
            if (stay.holds(message.rank)) continue;
            verdict.add("3", story.name(stay) + ": never delivers its own " + story.name(message));
        }
    }
}

}  // namespace torc::check
