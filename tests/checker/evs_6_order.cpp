// 6.1 one numbering of ordered messages, the same at all: within a ring their places, across rings
// the epochs, which 2.4 lets only rise; so each process must deliver by rising places. 6.2 it
// agrees with causes: what is sent stands behind what its sender had delivered. 6.3 no gaps: if p
// delivers m and then m', and q delivers m', then q delivers m too, unless m's sender is not with q
// any more.
#include "tests/checker/daemons.hpp"

namespace torc::check {
namespace {

class Order {
public:
    Order(const Trace& trace, const Daemons& story, Verdict& verdict)
        : trace_(trace), story_(story), verdict_(verdict) {}

    void run() {
        for (const Stay& stay : story_.stays) {
            rising(stay);
            behind_causes(stay);
            gaps(stay);
        }
    }

private:
    void rising(const Stay& stay) {
        const Message* last = nullptr;
        for (const std::uint32_t number : stay.delivered) {
            const Message& message = story_.messages[number];
            if (!is_ordered(message)) continue;
            if (last != nullptr && message.rank <= last->rank) {
                verdict_.add("6.1", story_.name(stay) + ": delivers " + story_.name(message) +
                                        " behind " + story_.name(*last));
            }
            last = &message;
        }
    }

    void behind_causes(const Stay& stay) {
        for (const std::uint32_t number : stay.sent) {
            const Message& message = story_.messages[number];
            if (message.known == kNone) continue;
            if (story_.messages[message.known].rank < message.rank) continue;
            verdict_.add("6.2", story_.name(stay) + ": sends " + story_.name(message) +
                                    " when it has delivered " +
                                    story_.name(story_.messages[message.known]));
        }
    }

    /// Last ordered message that the stay delivered in the regular configuration, and in all.
    void gaps(const Stay& stay) {
        std::uint32_t last_regular = 0;
        std::uint32_t last = 0;
        for (std::size_t i = 0; i < stay.delivered.size(); ++i) {
            const Message& message = story_.messages[stay.delivered[i]];
            if (!is_ordered(message)) continue;
            last = std::max(last, message.rank + 1);
            if (i < stay.split) last_regular = std::max(last_regular, message.rank + 1);
        }
        const std::vector<std::uint32_t>& row = story_.rings[stay.ring].messages;
        for (std::uint32_t rank = 0; rank < last; ++rank) {
            const Message& message = story_.messages[row[rank]];
            if (!is_ordered(message) || stay.holds(rank)) continue;
            if (rank >= last_regular && !comes_along(stay, message.sender)) continue;
            gap(stay, message);
        }
    }

    /// In the transitional configuration of the stay, which is what it shares with others there.
    bool comes_along(const Stay& stay, std::uint32_t sender) const {
        for (const Step& step : story_.processes[stay.process].steps) {
            if (step.regular || step.number != stay.transitional) continue;
            return story_.contains(trace_, step.members, sender);
        }
        return false;
    }

    /// Only a gap if somebody delivered the message, and behind it something that this one has too.
    void gap(const Stay& stay, const Message& message) {
        for (const std::uint32_t number : story_.rings[stay.ring].stays) {
            const Stay& other = story_.stays[number];
            if (!other.holds(message.rank)) continue;
            for (const std::uint32_t later : other.delivered) {
                const Message& behind = story_.messages[later];
                if (!is_ordered(behind) || behind.rank <= message.rank) continue;
                if (!stay.holds(behind.rank)) continue;
                verdict_.add("6.3", story_.name(stay) + ": delivers " + story_.name(behind) +
                                        ", but not " + story_.name(message) + ", as " +
                                        story_.name(other) + " does");
                return;
            }
        }
    }

    const Trace& trace_;
    const Daemons& story_;
    Verdict& verdict_;
};

}  // namespace

void check_order(const Trace& trace, const Daemons& story, Verdict& verdict) {
    Order(trace, story, verdict).run();
}

}  // namespace torc::check
