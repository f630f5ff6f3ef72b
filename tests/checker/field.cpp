#include "tests/checker/field.hpp"

#include <algorithm>

namespace torc::check {

Field::Field(const Trace& trace) : trace_(trace) {
    for (std::size_t at = 0; at < trace.records.size(); ++at) place(at, trace.records[at]);
}

void Field::place(std::size_t at, const Record& record) {
    if (const auto* regular = std::get_if<Regular>(&record)) {
        const auto current = stay_of_.find(regular->at);
        if (current != stay_of_.end()) stays_[current->second].next = at;
        stay_of_[regular->at] = stays_.size();
        stays_.push_back({regular->at, regular->ring, at, kNowhere, kNowhere, at, {}, {}});
    } else if (const auto* transitional = std::get_if<Transitional>(&record)) {
        const auto current = stay_of_.find(transitional->at);
        if (current != stay_of_.end()) stays_[current->second].transitional = at;
    } else if (const auto* delivered = std::get_if<Delivered>(&record)) {
        if (delivered->seq != 0) stays_[stay_of_.at(delivered->at)].delivered.push_back(at);
        stays_[stay_of_.at(delivered->at)].last = at;
    } else if (const auto* sent = std::get_if<Sent>(&record)) {
        if (sent->seq == 0) return;
        stays_[stay_of_.at(sent->at)].sent.push_back(at);
        sent_[{sent->ring, sent->seq, sent->index}] = at;
    } else if (const auto* failed = std::get_if<Fail>(&record)) {
        failed_[failed->at] = at;
    } else if (const auto* said = std::get_if<Said>(&record)) {
        said_[said->message] = at;
    } else if (const auto* view = std::get_if<View>(&record)) {
        place_view(at, *view);
    } else if (const auto* heard = std::get_if<Heard>(&record)) {
        place_heard(at, *heard);
    } else if (const auto* signal = std::get_if<Signal>(&record)) {
        GroupStanding& standing = standings_[standing_of_.at({signal->session, signal->group})];
        standing.signal = std::min(standing.signal, at);
    } else if (const auto* asked = std::get_if<Asked>(&record)) {
        standings_[standing_of_.at({asked->session, asked->group})].asked = at;
    } else if (const auto* flushed = std::get_if<Flushed>(&record)) {
        standings_[standing_of_.at({flushed->session, flushed->group})].flushed = at;
    } else if (const auto* closed = std::get_if<Closed>(&record)) {
        ended_[closed->session] = at;
    } else if (const auto* lost = std::get_if<Lost>(&record)) {
        ended_[lost->session] = at;
    } else if (std::holds_alternative<Rest>(record)) {
        rest_ = at;
    }
}

void Field::place_view(std::size_t at, const View& view) {
    const auto current = standing_of_.find({view.session, view.group});
    const std::size_t before = current == standing_of_.end() ? kNowhere : current->second;
    if (before != kNowhere) standings_[before].next = at;
    if (view.cause == Cause::self_leave) {
        if (current != standing_of_.end()) standing_of_.erase(current);
        return;
    }
    standing_of_[{view.session, view.group}] = standings_.size();
    standings_.push_back(
        {view.session, view.group, at, kNowhere, before, kNowhere, {}, kNowhere, kNowhere});
    const bool goes_on =
        before != kNowhere && view.cause != Cause::network && standings_[before].signal != kNowhere;
    if (goes_on) standings_.back().signal = at;
}

void Field::place_heard(std::size_t at, const Heard& heard) {
    if (heard.service < Service::causal) return;
    for (const Name group : trace_.numbers(heard.groups)) {
        const auto current = standing_of_.find({heard.session, group});
        if (current != standing_of_.end()) standings_[current->second].heard.push_back(at);
    }
}

std::size_t Field::sent_at(const Delivered& record) const {
    const auto found = sent_.find({record.ring, record.seq, record.index});
    return found == sent_.end() ? kNowhere : found->second;
}

std::size_t Field::said_at(std::uint64_t message) const {
    const auto found = said_.find(message);
    return found == said_.end() ? kNowhere : found->second;
}

std::size_t Field::end_of(Process who) const {
    const auto found = failed_.find(who);
    return found == failed_.end() ? kNowhere : found->second;
}

std::size_t Field::end_of(Session who) const {
    const auto found = ended_.find(who);
    return found == ended_.end() ? kNowhere : found->second;
}

bool Field::delivers(const DaemonStay& stay, const Delivered& record) const {
    return std::any_of(stay.delivered.begin(), stay.delivered.end(), [&](std::size_t at) {
        const auto& other = as<Delivered>(at);
        return other.seq == record.seq && other.index == record.index;
    });
}

bool Field::hears(const GroupStanding& standing, std::uint64_t message) const {
    return std::any_of(standing.heard.begin(), standing.heard.end(),
                       [&](std::size_t at) { return as<Heard>(at).message == message; });
}

}  // namespace torc::check
