// 4: those who move together from one regular configuration to the next delivered the same set of
// messages in between, of every class that has a place, and the ordered ones in the same order.
// 8: those who rest in one ring delivered the same set in it (not of EVS: its liveness, bounded).
// 4+: and had the transitional signal at the same place among the ordered ones. EVS does not demand
// that; this system gives it.
#include <algorithm>

#include "tests/checker/daemons.hpp"

namespace torc::check {
namespace {

class Atomicity {
public:
    Atomicity(const Daemons& story, Verdict& verdict) : story_(story), verdict_(verdict) {}

    void run() {
        for (const Stay& stay : story_.stays) {
            if (rests(stay)) {
                const auto [first, fresh] = resting_.try_emplace(stay.ring, &stay);
                if (!fresh && first->second->has != stay.has) {
                    verdict_.add("8", story_.name(*first->second) + " and " + story_.name(stay) +
                                          " rest in one ring, but only one of them delivered " +
                                          story_.name(difference(*first->second, stay)));
                }
            }
            if (!stay.moved_on() || stay.transitional == kNone) continue;
            const auto [first, fresh] = first_.try_emplace({stay.ring, stay.transitional}, &stay);
            if (!fresh) compare(*first->second, stay);
        }
    }

private:
    bool rests(const Stay& stay) const {
        return story_.at_rest && !stay.moved_on() && stay.transitional == kNone &&
               !story_.processes[stay.process].failed;
    }

    std::vector<std::uint32_t> ordered(const Stay& stay, std::size_t until) const {
        std::vector<std::uint32_t> row;
        for (std::size_t i = 0; i < until; ++i) {
            if (is_ordered(story_.messages[stay.delivered[i]])) row.push_back(stay.delivered[i]);
        }
        return row;
    }

    void compare(const Stay& one, const Stay& other) {
        const std::string both = story_.name(one) + " and " + story_.name(other);
        if (one.has != other.has) {
            verdict_.add("4", both + " moved together, but only one of them delivered " +
                                  story_.name(difference(one, other)));
        }
        if (ordered(one, one.delivered.size()) != ordered(other, other.delivered.size())) {
            verdict_.add("4", both + " moved together, but not with the same ordered messages");
        }
        if (ordered(one, one.split) != ordered(other, other.split)) {
            verdict_.add("4+", both + " moved together, with the signal at different places");
        }
    }

    const Message& difference(const Stay& one, const Stay& other) const {
        for (const std::uint32_t number : story_.rings[one.ring].messages) {
            const Message& message = story_.messages[number];
            if (one.holds(message.rank) != other.holds(message.rank)) return message;
        }
        return story_.messages.front();  // not reached: the bits differ in some rank
    }

    const Daemons& story_;
    Verdict& verdict_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, const Stay*> first_;
    std::map<std::uint32_t, const Stay*> resting_;  ///< by ring
};

}  // namespace

void check_atomicity(const Trace&, const Daemons& story, Verdict& verdict) {
    Atomicity(story, verdict).run();
}

}  // namespace torc::check
