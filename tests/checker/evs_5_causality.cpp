// 5: what a message may depend on is delivered before it.
//  * FIFO and above: all that its sender sent before it of FIFO and above, in that order.
//  * Causal and above: also all ordered messages that its sender had delivered when it sent.
#include "tests/checker/daemons.hpp"

namespace torc::check {
namespace {

class Causality {
public:
    Causality(const Daemons& story, Verdict& verdict) : story_(story), verdict_(verdict) {}

    void run() {
        for (const Stay& stay : story_.stays) {
            senders_order(stay);
            senders_gaps(stay);
            causal_gaps(stay);
        }
    }

private:
    void senders_order(const Stay& stay) {
        std::map<std::uint32_t, std::uint32_t> last;
        for (const std::uint32_t number : stay.delivered) {
            const Message& message = story_.messages[number];
            if (message.service < Service::fifo) continue;
            const auto [at, fresh] = last.try_emplace(message.sender, message.rank);
            if (!fresh && message.rank < at->second) {
                verdict_.add("5", story_.name(stay) + ": delivers " + story_.name(message) +
                                      " behind a later one of that sender");
            }
            at->second = message.rank;
        }
    }

    /// From the end: once something of a sender was delivered, nothing of it before may be missing.
    void senders_gaps(const Stay& stay) {
        const std::vector<std::uint32_t>& row = story_.rings[stay.ring].messages;
        std::map<std::uint32_t, std::uint32_t> later;
        for (auto at = row.rbegin(); at != row.rend(); ++at) {
            const Message& message = story_.messages[*at];
            if (message.service < Service::fifo || message.sent_by == kNone) continue;
            if (stay.holds(message.rank)) {
                later[message.sender] = *at;
            } else if (const auto held = later.find(message.sender); held != later.end()) {
                verdict_.add("5", story_.name(stay) + ": delivers " +
                                      story_.name(story_.messages[held->second]) + " without " +
                                      story_.name(message) + " of the same sender");
            }
        }
    }

    /// Ordered messages are numbered by their ranks, so what a sender knew is told by the last of
    /// it: it must not reach to where the first is missing here.
    void causal_gaps(const Stay& stay) {
        const Message* missing = nullptr;
        for (const std::uint32_t number : story_.rings[stay.ring].messages) {
            const Message& message = story_.messages[number];
            if (!is_ordered(message) || message.sent_by == kNone) continue;
            if (!stay.holds(message.rank)) {
                if (missing == nullptr) missing = &message;
                continue;
            }
            if (missing == nullptr || message.known == kNone) continue;
            if (story_.messages[message.known].rank < missing->rank) continue;
            verdict_.add("5", story_.name(stay) + ": delivers " + story_.name(message) +
                                  " without " + story_.name(*missing) +
                                  ", which its sender had delivered before");
        }
    }

    const Daemons& story_;
    Verdict& verdict_;
};

}  // namespace

void check_causality(const Trace&, const Daemons& story, Verdict& verdict) {
    Causality(story, verdict).run();
}

}  // namespace torc::check
