// 1.1 causes come before effects. 1.3 what is delivered was sent, by whom it says, in that ring.
// 1.4 is judged where the messages are read (daemons.cpp).
#include <deque>
#include <set>
#include <tuple>

#include "tests/checker/daemons.hpp"

namespace torc::check {
namespace {

/// Lets the processes go as far as they can, each in its own order, where a delivery waits for its
/// send. Who still waits at the end waits in a circle.
class Replay {
public:
    explicit Replay(const Trace& trace) {
        std::map<Process, std::size_t> queue_of;
        for (const Record& record : trace.records) {
            const auto* sent = std::get_if<Sent>(&record);
            const auto* delivered = std::get_if<Delivered>(&record);
            if (sent == nullptr && delivered == nullptr) continue;
            const Process at = sent != nullptr ? sent->at : delivered->at;
            const auto [queue, fresh] = queue_of.try_emplace(at, queues_.size());
            if (fresh) queues_.emplace_back();
            queues_[queue->second].push_back(sent != nullptr ? event_of(*sent, true)
                                                             : event_of(*delivered, false));
        }
    }

    void run(Verdict& verdict) {
        for (const auto& queue : queues_) {
            for (const Event& event : queue) {
                if (event.sends) sent_sometime_.insert(event.place);
            }
        }
        bool progress = true;
        while (progress) {
            progress = false;
            for (auto& queue : queues_) progress = advance(queue) || progress;
        }
        for (const auto& queue : queues_) {
            if (queue.empty()) continue;
            const auto& [ring, seq, index] = queue.front().place;
            verdict.add("1.1", "delivery of seq " + std::to_string(seq) + " in ring " +
                                   text_of(ring) + " comes before its own cause");
        }
    }

private:
    using Place = std::tuple<Ring, std::uint64_t, std::uint32_t>;
    struct Event {
        bool sends;
        Place place;
    };

    template <typename Source>
    static Event event_of(const Source& record, bool sends) {
        return {sends, {record.ring, record.seq, record.index}};
    }
    bool advance(std::deque<Event>& queue) {
        const std::size_t before = queue.size();
        while (!queue.empty()) {
            const Event& event = queue.front();
            // Never sent at all is 1.3's business, and no circle.
            const bool waits = !event.sends && std::get<1>(event.place) != 0 &&
                               sent_sometime_.contains(event.place) && !done_.contains(event.place);
            if (waits) break;
            if (event.sends) done_.insert(event.place);
            queue.pop_front();
        }
        return queue.size() != before;
    }

    std::vector<std::deque<Event>> queues_;
    std::set<Place> sent_sometime_;
    std::set<Place> done_;
};

/// Unreliable messages have no place; a body that nobody sent in that ring is still a forgery.
void check_unreliable(const Trace& trace, Verdict& verdict) {
    std::set<std::tuple<Ring, std::uint32_t, std::uint64_t>> sent;
    for (const Record& record : trace.records) {
        const auto* said = std::get_if<Sent>(&record);
        if (said != nullptr && said->seq == 0) sent.insert({said->ring, said->at.node, said->hash});
    }
    for (const Record& record : trace.records) {
        const auto* heard = std::get_if<Delivered>(&record);
        if (heard == nullptr || heard->seq != 0) continue;
        if (sent.contains({heard->ring, heard->sender, heard->hash})) continue;
        verdict.add("1.3", "node " + std::to_string(heard->at.node) +
                               ": unreliable message that node " + std::to_string(heard->sender) +
                               " never sent in ring " + text_of(heard->ring));
    }
}

}  // namespace

void check_causes(const Trace& trace, const Daemons& story, Verdict& verdict) {
    if (story.causes_first) return;  // the trace itself is an order in which all is well
    Replay(trace).run(verdict);
}

void check_integrity(const Trace& trace, const Daemons& story, Verdict& verdict) {
    for (const Stay& stay : story.stays) {
        for (const std::uint32_t number : stay.delivered) {
            const Message& message = story.messages[number];
            if (message.sent_by != kNone) continue;
            verdict.add("1.3", story.name(stay) + ": delivers " + story.name(message) +
                                   ", which was never sent");
        }
    }
    check_unreliable(trace, verdict);
}

}  // namespace torc::check
