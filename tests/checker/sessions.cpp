#include "tests/checker/sessions.hpp"

#include <algorithm>

namespace torc::check {
namespace {

using End = SessionStory::End;
using EventKind = SessionStory::Event::Kind;

/// Two walks: first all that was said, then what each session did with it.
class Walker {
public:
    Walker(const Trace& trace, Sessions& story, Verdict& verdict)
        : trace_(trace), story_(story), verdict_(verdict) {}

    void collect(const Said& record);

    void operator()(const Opened& record);
    void operator()(const Closed& record) { end(record.session, End::closed); }
    void operator()(const Lost& record) { end(record.session, End::lost); }
    void operator()(const Said& record);
    void operator()(const Heard& record);
    void operator()(const Signal& record);
    void operator()(const View& record);
    void operator()(const Rest&) { story_.at_rest = true; }
    template <typename Other>
    void operator()(const Other&) {}  // level 1

private:
    struct Now {
        std::map<Name, std::uint32_t> standings;  ///< by group
        std::vector<bool> heard;                  ///< by message
    };

    std::uint32_t acting(Session session, const char* what);
    void end(Session session, End how);
    std::uint32_t view_number(const View& record);
    std::string name(std::uint32_t session) const { return story_.name(trace_, session); }
    void take(std::uint32_t session, std::uint32_t number);

    const Trace& trace_;
    Sessions& story_;
    Verdict& verdict_;
    std::map<Session, std::uint32_t> numbers_;
    std::unordered_map<std::uint64_t, std::uint32_t> messages_;
    using ViewId = std::tuple<Name, Ring, std::uint64_t>;
    std::map<ViewId, std::uint32_t> views_;
    std::vector<Now> now_;
};

void Walker::collect(const Said& record) {
    const auto number = static_cast<std::uint32_t>(story_.messages.size());
    if (!messages_.try_emplace(record.message, number).second) {
        return verdict_.add("G5", "message " + std::to_string(record.message) + " said twice");
    }
    story_.messages.push_back({record.message, kNobody, record.service, record.groups, 0});
}

void Walker::operator()(const Opened& record) {
    const auto number = static_cast<std::uint32_t>(story_.sessions.size());
    if (!numbers_.try_emplace(record.session, number).second) {
        return verdict_.add("G0", name(numbers_[record.session]) + ": opened twice");
    }
    SessionStory& session = story_.sessions.emplace_back();
    session.who = record.session;
    session.at = record.at;
    now_.emplace_back();
}

std::uint32_t Walker::acting(Session session, const char* what) {
    const auto found = numbers_.find(session);
    if (found == numbers_.end()) {
        verdict_.add("G0", trace_.text(session.name) + "@" + std::to_string(session.life) + ": " +
                               what + " before it is open");
        return kNobody;
    }
    if (story_.sessions[found->second].end != End::open) {
        verdict_.add("G0", name(found->second) + ": " + what + " after its end");
        return kNobody;
    }
    return found->second;
}

void Walker::end(Session session, End how) {
    const std::uint32_t number = acting(session, "ends");
    if (number != kNobody) story_.sessions[number].end = how;
}

void Walker::operator()(const Said& record) {
    const std::uint32_t session = acting(record.session, "speaks");
    if (session == kNobody) return;
    const std::uint32_t number = messages_.at(record.message);
    Utterance& message = story_.messages[number];
    SessionStory& story = story_.sessions[session];
    if (message.said_by != kNobody) return;  // said twice: reported before
    message.said_by = session;
    message.place = static_cast<std::uint32_t>(story.said.size());
    story.said.push_back(number);
    story.events.push_back({EventKind::said, number});
    if (!is_ordered(message)) return;
    std::vector<Knowledge>& known = story_.known[number];
    for (const auto& [group, standing] : now_[session].standings) {
        known.push_back({standing, story_.standings[standing].heard.size()});
    }
}

void Walker::operator()(const Heard& record) {
    const std::uint32_t session = acting(record.session, "hears");
    if (session == kNobody) return;
    const auto said = messages_.find(record.message);
    if (said == messages_.end()) {
        return verdict_.add("G5", name(session) + ": hears message " +
                                      std::to_string(record.message) + ", which nobody said");
    }
    const Utterance& message = story_.messages[said->second];
    if (message.service != record.service || message.groups != record.groups) {
        verdict_.add("G5", name(session) + ": hears " + story_.name(message) +
                               " with another service or for others than its sender named");
    }
    std::vector<bool>& heard = now_[session].heard;
    if (heard.empty()) heard.resize(story_.messages.size());
    if (heard[said->second]) {
        return verdict_.add("G6", name(session) + ": hears twice " + story_.name(message));
    }
    heard[said->second] = true;
    take(session, said->second);
}

void Walker::take(std::uint32_t session, std::uint32_t number) {
    const Utterance& message = story_.messages[number];
    story_.sessions[session].events.push_back({EventKind::heard, number});
    bool entitled = false;
    for (const Name group : trace_.numbers(message.groups)) {
        entitled = entitled || group == story_.sessions[session].who.name;
        const auto standing = now_[session].standings.find(group);
        if (standing == now_[session].standings.end()) continue;
        entitled = true;
        std::vector<std::uint32_t>& heard = story_.standings[standing->second].heard;
        // Who names a group twice still gets one copy.
        if (is_ordered(message) && (heard.empty() || heard.back() != number)) {
            heard.push_back(number);
        }
    }
    if (entitled) return;
    verdict_.add("G3", name(session) + ": hears " + story_.name(message) +
                           " in no view of any group that it was for");
}

void Walker::operator()(const Signal& record) {
    const std::uint32_t session = acting(record.session, "is signalled");
    if (session == kNobody) return;
    const auto found = now_[session].standings.find(record.group);
    if (found == now_[session].standings.end()) {
        return verdict_.add("G3", name(session) + ": transitional signal of " +
                                      trace_.text(record.group) + " in no view of it");
    }
    Standing& standing = story_.standings[found->second];
    if (standing.signalled) return;  // cascades: the first one counts
    standing.signalled = true;
    standing.split = standing.heard.size();
}

std::uint32_t Walker::view_number(const View& record) {
    const auto next = static_cast<std::uint32_t>(story_.views.size());
    const auto [at, fresh] = views_.try_emplace({record.group, record.ring, record.index}, next);
    if (fresh) {
        story_.views.push_back({record.group,
                                record.ring,
                                record.index,
                                record.cause,
                                record.members,
                                record.sets,
                                {}});
        return next;
    }
    const ViewStory& view = story_.views[at->second];
    if (view.cause != record.cause || view.members != record.members || view.sets != record.sets) {
        verdict_.add("G4", name(numbers_.at(record.session)) + ": " + story_.name(trace_, view) +
                               " with other members, sets or cause than elsewhere");
    }
    return at->second;
}

void Walker::operator()(const View& record) {
    const std::uint32_t session = acting(record.session, "gets a view");
    if (session == kNobody) return;
    std::map<Name, std::uint32_t>& standings = now_[session].standings;
    const auto current = standings.find(record.group);
    const std::uint32_t before = current == standings.end() ? kNothing : current->second;
    if (record.cause == Cause::self_leave) {
        if (before == kNothing) {
            return verdict_.add("G3", name(session) + ": leaves " + trace_.text(record.group) +
                                          " without a view of it");
        }
        story_.standings[before].left = true;
        standings.erase(current);
        return;
    }
    const std::uint32_t view = view_number(record);
    const auto number = static_cast<std::uint32_t>(story_.standings.size());
    Standing& standing = story_.standings.emplace_back();
    standing.session = session;
    standing.view = view;
    standing.before = before;
    standing.mine = record.mine;
    if (before != kNothing) {
        story_.standings[before].after = number;
        // A join or a departure in a transitional configuration does not end it.
        standing.signalled = story_.standings[before].signalled && record.cause != Cause::network;
    }
    standings[record.group] = number;
    story_.views[view].standings.push_back(number);
    story_.sessions[session].standings.push_back(number);
    story_.sessions[session].events.push_back({EventKind::view, view});
}

}  // namespace

Sessions read_sessions(const Trace& trace, Verdict& verdict) {
    Sessions story;
    Walker walker(trace, story, verdict);
    for (const Record& record : trace.records) {
        if (const auto* said = std::get_if<Said>(&record)) walker.collect(*said);
    }
    for (const Record& record : trace.records) std::visit(walker, record);
    return story;
}

std::string Sessions::name(const Trace& trace, std::uint32_t session) const {
    const SessionStory& story = sessions[session];
    return trace.text(story.who.name) + "@" + std::to_string(story.who.life);
}

std::string Sessions::name(const Trace& trace, const ViewStory& view) const {
    return "view " + std::to_string(view.ring.epoch) + "." +
           std::to_string(view.ring.representative) + "/" + std::to_string(view.index) + " of " +
           trace.text(view.group);
}

std::string Sessions::name(const Utterance& message) const {
    return "message " + std::to_string(message.id >> 32) + ":" +
           std::to_string(message.id & 0xFFFFFFFF);
}

const Standing* Sessions::in_view(const ViewStory& view, Name member) const {
    for (const std::uint32_t standing : view.standings) {
        if (sessions[standings[standing].session].who.name == member) return &standings[standing];
    }
    return nullptr;
}

}  // namespace torc::check
