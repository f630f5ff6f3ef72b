#include "tests/checker/sessions.hpp"

#include <algorithm>

namespace torc::check {
namespace {

using End = SessionStory::End;
using EventKind = SessionStory::Event::Kind;

/// What must be known before anything that was heard can be judged, because files of several
/// sessions may stand in any order: all that was said, from where, and with which service it came.
class Collector {
public:
    Collector(const Trace& trace, Sessions& story, Verdict& verdict)
        : trace_(trace), story_(story), verdict_(verdict) {}

    void operator()(const Said& record);
    void operator()(const View& record);
    void operator()(const Flushed& record);
    template <typename Other>
    void operator()(const Other&) {}

    /// Once all is said: flush groups may raise the service of what names them.
    void raise(const Heard& record);
    void refuse(const Refused& record);
    /// It names a group that is, some time, a flush group.
    bool may_be_raised(const Utterance& message) const;

    std::unordered_map<std::uint64_t, std::uint32_t> messages;  ///< by number of the sender

private:
    const Trace& trace_;
    Sessions& story_;
    Verdict& verdict_;
    std::map<std::pair<Session, Name>, Origin> origins_;
    std::vector<bool> is_flush_;  ///< by name
};

void Collector::operator()(const Said& record) {
    const auto number = static_cast<std::uint32_t>(story_.messages.size());
    if (!messages.try_emplace(record.message, number).second) {
        return verdict_.add("G5", "message " + std::to_string(record.message) + " said twice");
    }
    Utterance& message = story_.messages.emplace_back();
    message.id = record.message;
    message.speaker = record.session.name;
    message.service = record.service;
    message.groups = record.groups;
    message.subgroup = record.subgroup;
    if (origins_.empty()) return;
    for (const Name group : trace_.numbers(record.groups)) {
        const auto origin = origins_.find({record.session, group});
        if (origin != origins_.end()) message.origins.push_back(origin->second);
    }
}

void Collector::operator()(const View& record) {
    if (record.cause == Cause::self_leave) {
        origins_.erase({record.session, record.group});
    } else if (record.flush) {
        is_flush_.resize(trace_.names());
        is_flush_[record.group] = true;
        origins_[{record.session, record.group}] = {record.group, record.ring, record.index, false};
    }
}

void Collector::operator()(const Flushed& record) {
    const auto origin = origins_.find({record.session, record.group});
    if (origin != origins_.end()) origin->second.flushed = true;
}

bool Collector::may_be_raised(const Utterance& message) const {
    const std::vector<std::uint32_t>& groups = trace_.numbers(message.groups);
    return std::any_of(groups.begin(), groups.end(),
                       [this](Name group) { return group < is_flush_.size() && is_flush_[group]; });
}

void Collector::raise(const Heard& record) {
    const auto found = messages.find(record.message);
    if (found == messages.end()) return;
    Utterance& message = story_.messages[found->second];
    if (record.service > message.service && may_be_raised(message)) {
        message.service = record.service;
    }
}

void Collector::refuse(const Refused& record) {
    const auto found = messages.find(record.message);
    if (found != messages.end()) story_.messages[found->second].refused = true;
}

/// What each session did.
class Walker {
public:
    Walker(const Trace& trace, Sessions& story, Verdict& verdict,
           const std::unordered_map<std::uint64_t, std::uint32_t>& messages)
        : trace_(trace), story_(story), verdict_(verdict), messages_(messages) {}

    void operator()(const Opened& record);
    void operator()(const Closed& record) { end(record.session, End::closed); }
    void operator()(const Lost& record) { end(record.session, End::lost); }
    void operator()(const Said& record);
    void operator()(const Heard& record);
    void operator()(const Refused& record);
    void operator()(const Asked& record);
    void operator()(const Flushed& record);
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
    bool is_for(const Utterance& message, std::size_t place, std::uint32_t session) const;
    bool is_of_view(const Utterance& message, const Standing& here) const;
    bool is_ambiguous(const Utterance& message, const Standing& here) const;
    void not_entitled(std::uint32_t session, const Utterance& message);
    Standing* standing_of(std::uint32_t session, Name group);

    const Trace& trace_;
    Sessions& story_;
    Verdict& verdict_;
    const std::unordered_map<std::uint64_t, std::uint32_t>& messages_;
    std::map<Session, std::uint32_t> numbers_;
    using ViewId = std::tuple<Name, Ring, std::uint64_t>;
    std::map<ViewId, std::uint32_t> views_;
    std::vector<Now> now_;
};

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

Standing* Walker::standing_of(std::uint32_t session, Name group) {
    const auto found = now_[session].standings.find(group);
    return found == now_[session].standings.end() ? nullptr : &story_.standings[found->second];
}

/// Whether it was said in the view that the session stands in, by one who could still speak there.
bool Walker::is_of_view(const Utterance& message, const Standing& here) const {
    const ViewStory& view = story_.views[here.view];
    return std::any_of(message.origins.begin(), message.origins.end(), [&](const Origin& origin) {
        return origin.group == view.group && origin.ring == view.ring &&
               origin.index == view.index && !origin.flushed;
    });
}

/// Behind a signal members of one view may have parted: then what the one says in the group is not
/// for the other, who may still hear it by another way. Nobody outside can tell the two, so nothing
/// follows from having heard such a message.
bool Walker::is_ambiguous(const Utterance& message, const Standing& here) const {
    const ViewStory& view = story_.views[here.view];
    if (!view.flush || !here.signalled || message.subgroup) return false;
    const std::vector<std::uint32_t>& names = trace_.numbers(message.groups);
    return std::any_of(names.begin(), names.end(),
                       [&](Name name) { return name != view.group && name != message.speaker; });
}

/// Of a subgroup cast only the first destination is a group; the others say who of it is meant.
bool Walker::is_for(const Utterance& message, std::size_t place, std::uint32_t session) const {
    if (!message.subgroup) return true;
    const std::vector<std::uint32_t>& names = trace_.numbers(message.groups);
    const Name me = story_.sessions[session].who.name;
    return place == 0 && std::find(names.begin() + 1, names.end(), me) != names.end();
}

void Walker::take(std::uint32_t session, std::uint32_t number) {
    const Utterance& message = story_.messages[number];
    story_.sessions[session].events.push_back({EventKind::heard, number});
    bool entitled = false;
    const std::vector<std::uint32_t>& groups = trace_.numbers(message.groups);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (!is_for(message, i, session)) continue;
        entitled = entitled || groups[i] == story_.sessions[session].who.name;
        Standing* const here = standing_of(session, groups[i]);
        if (here == nullptr) continue;
        if (story_.views[here->view].flush && !is_of_view(message, *here)) continue;
        entitled = true;
        if (is_ambiguous(message, *here)) here->unclear.insert(number);
        std::vector<std::uint32_t>& heard = message.subgroup ? here->casts : here->heard;
        // Who names a group twice still gets one copy.
        if (is_ordered(message) && (heard.empty() || heard.back() != number)) {
            heard.push_back(number);
        }
    }
    if (!entitled) not_entitled(session, message);
}

/// Which promise that breaks depends on why it ought not to have come.
void Walker::not_entitled(std::uint32_t session, const Utterance& message) {
    const std::string what = name(session) + ": hears " + story_.name(message);
    const std::vector<std::uint32_t>& groups = trace_.numbers(message.groups);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const Standing* const here = standing_of(session, groups[i]);
        if (here == nullptr || !story_.views[here->view].flush) continue;
        if (!is_for(message, i, session)) {
            return verdict_.add("F7", what + ", a subgroup cast that was not for it");
        }
        const auto origin = std::find_if(message.origins.begin(), message.origins.end(),
                                         [&](const Origin& it) { return it.group == groups[i]; });
        const std::string where = " in " + story_.name(trace_, story_.views[here->view]);
        if (origin == message.origins.end()) {
            return verdict_.add("F2", what + where + ", of one who was in no view of the group");
        }
        if (origin->flushed) {
            return verdict_.add("F2", what + where + ", of one who had flushed");
        }
        return verdict_.add("F1", what + where + ", but it was said in view " +
                                      std::to_string(origin->ring.epoch) + "." +
                                      std::to_string(origin->ring.representative) + "/" +
                                      std::to_string(origin->index));
    }
    verdict_.add("G3", what + " in no view of any group that it was for");
}

void Walker::operator()(const Refused& record) {
    const std::uint32_t session = acting(record.session, "is refused something");
    if (session == kNobody) return;
    const auto said = messages_.find(record.message);
    const bool own = said != messages_.end() && story_.messages[said->second].said_by == session;
    if (!own) verdict_.add("F6", name(session) + ": is refused what it never said");
}

void Walker::operator()(const Asked& record) {
    const std::uint32_t session = acting(record.session, "is asked to flush");
    if (session == kNobody) return;
    Standing* const here = standing_of(session, record.group);
    if (here == nullptr || !story_.views[here->view].flush) {
        return verdict_.add("F4", name(session) + ": is asked to flush " +
                                      trace_.text(record.group) + " in no view of it");
    }
    ++here->asked;
}

void Walker::operator()(const Flushed& record) {
    const std::uint32_t session = acting(record.session, "flushes");
    if (session == kNobody) return;
    Standing* const here = standing_of(session, record.group);
    if (here == nullptr || here->asked == 0) {
        return verdict_.add("F4", name(session) + ": flushes " + trace_.text(record.group) +
                                      " without being asked");
    }
    ++here->flushed;
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
                                record.flush,
                                {}});
        return next;
    }
    const ViewStory& view = story_.views[at->second];
    if (view.cause != record.cause || view.members != record.members || view.sets != record.sets ||
        view.flush != record.flush) {
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
        if (before == kNothing && record.flush) return;  // it waited for its first view
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
    Collector collector(trace, story, verdict);
    for (const Record& record : trace.records) std::visit(collector, record);
    for (const Record& record : trace.records) {
        if (const auto* heard = std::get_if<Heard>(&record)) collector.raise(*heard);
        if (const auto* refused = std::get_if<Refused>(&record)) collector.refuse(*refused);
    }
    for (Utterance& message : story.messages) message.flush = collector.may_be_raised(message);
    Walker walker(trace, story, verdict, collector.messages);
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
