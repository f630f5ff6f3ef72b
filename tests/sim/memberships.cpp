#include "tests/sim/memberships.hpp"

#include <algorithm>

namespace torc::sim {

using engine::ViewCause;

void Memberships::on_view(Life life, const engine::ViewEvent& event) {
    if (event.cause == ViewCause::transitional) return;
    const std::string group(event.group);
    if (event.cause == ViewCause::self_leave) {
        groups_.erase(group);
        return;
    }
    const auto [found, first] = groups_.try_emplace(group);
    Standing next;
    next.flush = first ? is_first_of_flush_group(event) : found->second.flush;
    next.leaves = leaving_.contains(group);
    next.members.assign(event.members.begin(), event.members.end());
    if (!first && next.flush && !found->second.answered) {
        fail(life, "a view of flush group " + group + " that this member had not flushed for");
    }
    found->second = std::move(next);
}

Memberships::Standing& Memberships::on_request(Life life, std::string_view group) {
    const auto found = groups_.find(group);
    if (found == groups_.end() || !found->second.flush) {
        fail(life, "asked to flush " + std::string(group) + " without a view of it");
    }
    if (found->second.asked) fail(life, "asked twice to flush a view of " + std::string(group));
    found->second.asked = true;
    return found->second;
}

void Memberships::leaves(const std::string& group) {
    ++leaving_[group];
    const auto found = groups_.find(group);
    if (found != groups_.end()) found->second.leaves = true;
}

void Memberships::has_left(const std::string& group) {
    const auto leaving = leaving_.find(group);
    if (leaving != leaving_.end() && --leaving->second == 0) leaving_.erase(leaving);
    const auto found = groups_.find(group);
    if (found != groups_.end()) found->second.leaves = leaving_.contains(group);
}

void Memberships::answers(std::string_view group, bool taken) {
    const auto found = groups_.find(group);
    if (found != groups_.end()) found->second.answered = taken;
}

const Memberships::Standing* Memberships::in(std::string_view group) const {
    const auto found = groups_.find(group);
    return found == groups_.end() ? nullptr : &found->second;
}

bool Memberships::owes_answers() const {
    return std::any_of(groups_.begin(), groups_.end(),
                       [](const auto& entry) { return entry.second.owes_answer(); });
}

bool Memberships::is_late() const {
    return std::any_of(groups_.begin(), groups_.end(), [](const auto& entry) {
        return entry.second.asked && !entry.second.answered;
    });
}

Instant Memberships::next_answer() const {
    Instant next = kNever;
    for (const auto& [group, standing] : groups_) {
        if (standing.owes_answer()) next = std::min(next, standing.answer_at);
    }
    return next;
}

}  // namespace torc::sim
