#include "tests/checker/daemons.hpp"

#include <algorithm>

#include "tests/checker/place_table.hpp"

namespace torc::check {
namespace {

/// Walks the records once and builds the story.
class Walker {
public:
    Walker(Daemons& story, Verdict& verdict)
        : story_(story), verdict_(verdict), places_(story.messages) {}

    void operator()(const Boot& record);
    void operator()(const Fail& record);
    void operator()(const Sent& record);
    void operator()(const Delivered& record);
    void operator()(const Transitional& record);
    void operator()(const Regular& record);
    void operator()(const Rest&) { story_.at_rest = true; }
    template <typename Other>
    void operator()(const Other&) {}  // level 2

    void finish();

private:
    struct Now {
        bool transitional{false};
        std::uint32_t stay{kNone};
        std::uint32_t last_ordered{kNone};
    };

    /// The process, or kNone (and a finding) if nothing may happen there.
    std::uint32_t acting(Process who);
    std::uint32_t ring_number(const Ring& ring);
    /// The stay that an event of this ring belongs to, or kNone and a finding.
    std::uint32_t stay_for(std::uint32_t process, const Ring& ring, const char* what);
    std::uint32_t message_at(const Process& at, std::uint32_t ring, const Delivered& record);
    void order_ring(RingStory& ring);
    void mark_holdings(Stay& stay);
    std::string name(Process who) const {
        return "node " + std::to_string(who.node) + " boot " + std::to_string(who.boot);
    }

    Daemons& story_;
    Verdict& verdict_;
    PlaceTable places_;
    std::map<Process, std::uint32_t> numbers_;
    std::map<Ring, std::uint32_t> ring_numbers_;
    std::map<Ring, std::uint32_t> transitional_numbers_;
    std::vector<Now> now_;
};

void Walker::operator()(const Boot& record) {
    const auto number = static_cast<std::uint32_t>(story_.processes.size());
    if (!numbers_.try_emplace(record.at, number).second) {
        return verdict_.add("1.2", name(record.at) + ": boots twice");
    }
    story_.processes.push_back({record.at, false, {}, {}});
    now_.emplace_back();
}

std::uint32_t Walker::acting(Process who) {
    const auto found = numbers_.find(who);
    if (found == numbers_.end()) {
        verdict_.add("1.2", name(who) + ": acts before it boots");
        return kNone;
    }
    if (story_.processes[found->second].failed) {
        verdict_.add("1.2", name(who) + ": acts after it failed");
        return kNone;
    }
    return found->second;
}

void Walker::operator()(const Fail& record) {
    const std::uint32_t process = acting(record.at);
    if (process != kNone) story_.processes[process].failed = true;
}

std::uint32_t Walker::ring_number(const Ring& ring) {
    const auto next = static_cast<std::uint32_t>(story_.rings.size());
    const auto [at, fresh] = ring_numbers_.try_emplace(ring, next);
    if (fresh) story_.rings.push_back({ring, 0, {}, {}});
    return at->second;
}

std::uint32_t Walker::stay_for(std::uint32_t process, const Ring& ring, const char* what) {
    const std::uint32_t stay = now_[process].stay;
    if (stay != kNone && story_.rings[story_.stays[stay].ring].id == ring) return stay;
    verdict_.add("2.2", story_.name(process) + ": " + what + " in ring " + text_of(ring) +
                            ", in which it is not");
    return kNone;
}

/// The body is given by whichever record names the place first; all others must agree.
std::uint32_t Walker::message_at(const Process& at, std::uint32_t ring, const Delivered& record) {
    bool fresh = false;
    const std::uint32_t number = places_.find(ring, record.seq, record.index, fresh);
    Message& message = story_.messages[number];
    if (fresh) {
        message.sender = record.sender;
        message.service = record.service;
        message.hash = record.hash;
    } else if (message.sender != record.sender || message.service != record.service ||
               message.hash != record.hash) {
        verdict_.add("1.3", name(at) + ": another body than elsewhere for " + story_.name(message));
    }
    return number;
}

void Walker::operator()(const Sent& record) {
    const std::uint32_t process = acting(record.at);
    if (process == kNone || record.seq == 0) return;
    const std::uint32_t stay = stay_for(process, record.ring, "sends");
    if (stay == kNone) return;
    const Now& now = now_[process];
    if (now.transitional) {
        verdict_.add("2.2", story_.name(process) + ": sends in a transitional configuration");
    }
    const std::uint32_t number = message_at(record.at, story_.stays[stay].ring,
                                            {record.at, record.ring, record.seq, record.index,
                                             record.at.node, record.service, record.hash});
    Message& message = story_.messages[number];
    if (message.sent_by != kNone) {
        return verdict_.add("1.4", story_.name(process) + ": sends " + story_.name(message) +
                                       ", sent before by " + story_.name(message.sent_by));
    }
    message.sent_by = process;
    message.known = now.last_ordered;
    story_.stays[stay].sent.push_back(number);
}

void Walker::operator()(const Delivered& record) {
    const std::uint32_t process = acting(record.at);
    if (process == kNone) return;
    const std::uint32_t stay = stay_for(process, record.ring, "delivers");
    if (stay == kNone || record.seq == 0) return;
    const std::uint32_t number = message_at(record.at, story_.stays[stay].ring, record);
    const Message& message = story_.messages[number];
    if (message.sent_by == kNone) story_.causes_first = false;
    story_.stays[stay].delivered.push_back(number);
    if (is_ordered(message)) now_[process].last_ordered = number;
}

void Walker::operator()(const Transitional& record) {
    const std::uint32_t process = acting(record.at);
    if (process == kNone) return;
    const auto next = static_cast<std::uint32_t>(story_.transitionals.size());
    const auto [at, fresh] = transitional_numbers_.try_emplace(record.ring, next);
    if (fresh) story_.transitionals.push_back(record.ring);
    story_.processes[process].steps.push_back({false, at->second, record.members});
    Now& now = now_[process];
    now.transitional = true;
    if (now.stay == kNone || story_.stays[now.stay].transitional != kNone) return;
    Stay& stay = story_.stays[now.stay];
    stay.transitional = at->second;
    stay.split = stay.delivered.size();
}

void Walker::operator()(const Regular& record) {
    const std::uint32_t process = acting(record.at);
    if (process == kNone) return;
    const std::uint32_t ring = ring_number(record.ring);
    story_.processes[process].steps.push_back({true, ring, record.members});
    if (story_.rings[ring].stays.empty()) story_.rings[ring].members = record.members;
    Now& now = now_[process];
    if (now.stay != kNone) story_.stays[now.stay].next_ring = ring;
    now = {false, static_cast<std::uint32_t>(story_.stays.size()), kNone};
    story_.stays.emplace_back();
    story_.stays.back().process = process;
    story_.stays.back().ring = ring;
    story_.rings[ring].stays.push_back(now.stay);
    story_.processes[process].stays.push_back(now.stay);
}

void Walker::order_ring(RingStory& ring) {
    std::sort(ring.messages.begin(), ring.messages.end(), [this](auto a, auto b) {
        const Message& left = story_.messages[a];
        const Message& right = story_.messages[b];
        return left.seq != right.seq ? left.seq < right.seq : left.index < right.index;
    });
    for (std::uint32_t rank = 0; rank < ring.messages.size(); ++rank) {
        story_.messages[ring.messages[rank]].rank = rank;
    }
}

void Walker::mark_holdings(Stay& stay) {
    if (stay.transitional == kNone) stay.split = stay.delivered.size();
    stay.has.assign(story_.rings[stay.ring].messages.size() / 64 + 1, 0);
    for (const std::uint32_t number : stay.delivered) {
        const Message& message = story_.messages[number];
        if (stay.holds(message.rank)) {
            verdict_.add("1.4", story_.name(stay) + ": delivers twice " + story_.name(message));
        }
        stay.has[message.rank / 64] |= std::uint64_t{1} << message.rank % 64;
    }
}

void Walker::finish() {
    for (std::uint32_t i = 0; i < story_.messages.size(); ++i) {
        story_.rings[story_.messages[i].ring].messages.push_back(i);
    }
    for (RingStory& ring : story_.rings) order_ring(ring);
    for (Stay& stay : story_.stays) mark_holdings(stay);
}

}  // namespace

Daemons read_daemons(const Trace& trace, Verdict& verdict) {
    Daemons story;
    Walker walker(story, verdict);
    for (const Record& record : trace.records) std::visit(walker, record);
    walker.finish();
    return story;
}

const Stay* Daemons::stay_of(std::uint32_t node, std::uint32_t ring) const {
    for (const std::uint32_t stay : rings[ring].stays) {
        if (processes[stays[stay].process].who.node == node) return &stays[stay];
    }
    return nullptr;
}

bool Daemons::contains(const Trace& trace, List members, std::uint32_t node) const {
    const std::vector<std::uint32_t>& list = trace.numbers(members);
    return std::find(list.begin(), list.end(), node) != list.end();
}

std::string text_of(const Ring& ring) {
    return std::to_string(ring.epoch) + "." + std::to_string(ring.representative);
}

std::string Daemons::name(std::uint32_t process) const {
    const Process who = processes[process].who;
    return "node " + std::to_string(who.node) + " boot " + std::to_string(who.boot);
}

std::string Daemons::name(const Message& message) const {
    return "seq " + std::to_string(message.seq) + "/" + std::to_string(message.index) + " of n" +
           std::to_string(message.sender) + " in ring " + text_of(rings[message.ring].id);
}

std::string Daemons::name(const Stay& stay) const { return name(stay.process); }

}  // namespace torc::check
