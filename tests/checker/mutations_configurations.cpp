// Level 1: EVS 1.1 to 2.4, single messages and configurations.
#include <algorithm>
#include <array>

#include "tests/checker/mutation_tools.hpp"

namespace torc::check {
namespace {

using Stay = Field::DaemonStay;
constexpr std::size_t kNowhere = Field::kNowhere;

std::vector<std::uint32_t> without(std::vector<std::uint32_t> list, std::uint32_t number) {
    std::erase(list, number);
    return list;
}

// --- 1 -----------------------------------------------------------------------------------------

bool never_sent(Trace& trace, const Field& field) {
    const std::size_t at =
        delivery(field, [](const Stay&, std::size_t, const Delivered&) { return true; });
    return at != kNowhere && erase_if_found(trace, field.sent_at(field.as<Delivered>(at)));
}

template <typename Change>
bool change_delivery(Trace& trace, Change&& change) {
    const std::size_t at = first<Delivered>(trace, [](const Delivered& it) { return it.seq != 0; });
    if (at == kNowhere) return false;
    change(edit<Delivered>(trace, at));
    return true;
}

bool other_body(Trace& trace, const Field&) {
    return change_delivery(trace, [](Delivered& it) { it.hash ^= 1; });
}
bool other_service(Trace& trace, const Field&) {
    return change_delivery(trace, [](Delivered& it) {
        it.service = it.service == Service::safe ? Service::agreed : Service::safe;
    });
}
bool other_sender(Trace& trace, const Field&) {
    return change_delivery(trace, [](Delivered& it) { it.sender ^= 1; });
}
bool foreign_message(Trace& trace, const Field&) {
    return change_delivery(trace, [](Delivered& it) { it.index += 77; });
}
bool forged_unreliable(Trace& trace, const Field&) {
    const std::size_t at = first<Delivered>(trace, [](const Delivered& it) { return it.seq == 0; });
    if (at == kNowhere) return false;
    edit<Delivered>(trace, at).hash ^= 1;
    return true;
}

bool sent_twice(Trace& trace, const Field&) {
    const std::size_t at = first<Sent>(trace, [](const Sent& it) { return it.seq != 0; });
    if (at == kNowhere) return false;
    double_record(trace, at);
    return true;
}

bool delivered_twice(Trace& trace, const Field&) {
    const std::size_t at = first<Delivered>(trace, [](const Delivered& it) { return it.seq != 0; });
    if (at == kNowhere) return false;
    double_record(trace, at);
    return true;
}

/// p sends m, q delivers m and then sends n, p delivers n: n's delivery goes before m's sending.
bool circle(Trace& trace, const Field& field) {
    const std::size_t at = delivery(field, [&](const Stay& stay, std::size_t, const Delivered& it) {
        const std::size_t cause = field.sent_at(it);
        if (cause == kNowhere || it.sender == stay.at.node || stay.sent.empty()) return false;
        const std::size_t mine = stay.sent.front();
        if (mine > cause) return false;
        const Sent& first_sent = field.as<Sent>(mine);
        for (const Stay& there : field.stays()) {
            if (there.ring != stay.ring || there.at.node != it.sender) continue;
            for (const std::size_t heard : there.delivered) {
                const auto& known = field.as<Delivered>(heard);
                if (heard < cause && known.seq == first_sent.seq &&
                    known.index == first_sent.index) {
                    return true;
                }
            }
        }
        return false;
    });
    if (at == kNowhere) return false;
    const Process who = field.as<Delivered>(at).at;
    for (const Stay& stay : field.stays()) {
        if (stay.at != who || stay.ring != field.as<Delivered>(at).ring) continue;
        move_before(trace, at, stay.sent.front());
        return true;
    }
    return false;
}

bool acts_when_dead(Trace& trace, const Field& field) {
    const std::size_t at = delivery(field, [&](const Stay& stay, std::size_t, const Delivered&) {
        return field.end_of(stay.at) != kNowhere;
    });
    if (at == kNowhere) return false;
    move_behind(trace, at, field.end_of(field.as<Delivered>(at).at));
    return true;
}

bool boots_twice(Trace& trace, const Field&) {
    const std::size_t at = first<Boot>(trace, [](const Boot&) { return true; });
    if (at == kNowhere) return false;
    trace.records.push_back(trace.records[at]);
    return true;
}

// --- 2 -----------------------------------------------------------------------------------------

bool not_in_own_ring(Trace& trace, const Field&) {
    const std::size_t at = first<Regular>(trace, [](const Regular&) { return true; });
    if (at == kNowhere) return false;
    auto& record = edit<Regular>(trace, at);
    record.members = trace.list(without(trace.numbers(record.members), record.at.node));
    return true;
}

bool not_in_own_transitional(Trace& trace, const Field&) {
    const std::size_t at = first<Transitional>(trace, [](const Transitional&) { return true; });
    if (at == kNowhere) return false;
    auto& record = edit<Transitional>(trace, at);
    record.members = trace.list(without(trace.numbers(record.members), record.at.node));
    return true;
}

bool member_forgotten(Trace& trace, const Field&) {
    const std::size_t at = first<Regular>(
        trace, [&](const Regular& it) { return trace.numbers(it.members).size() > 1; });
    if (at == kNowhere) return false;
    auto& record = edit<Regular>(trace, at);
    std::vector<std::uint32_t> members = trace.numbers(record.members);
    std::erase(members, members.front() == record.at.node ? members.back() : members.front());
    record.members = trace.list(members);
    return true;
}

bool delivered_in_old_ring(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        if (!stay.moved_on() || stay.delivered.empty()) continue;
        move_behind(trace, stay.delivered.back(), stay.next);
        return true;
    }
    return false;
}

bool delivered_before_ring(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        if (stay.delivered.empty()) continue;
        move_before(trace, stay.delivered.front(), stay.regular);
        return true;
    }
    return false;
}

bool sent_in_transitional(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        if (stay.transitional == kNowhere || stay.sent.empty()) continue;
        move_behind(trace, stay.sent.back(), stay.transitional);
        return true;
    }
    return false;
}

bool two_transitionals(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        if (!stay.moved_on()) continue;
        Transitional copy = field.as<Transitional>(stay.transitional);
        copy.ring.representative += 1000;
        trace.records.insert(trace.records.begin() + static_cast<std::ptrdiff_t>(stay.transitional),
                             copy);
        return true;
    }
    return false;
}

bool no_transitional(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        if (stay.moved_on()) return erase_if_found(trace, stay.transitional);
    }
    return false;
}

/// All who have it say that a node came along that did not even arrive.
bool companion_forged(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        if (!stay.moved_on()) continue;
        const std::vector<std::uint32_t> to = trace.numbers(field.as<Regular>(stay.next).members);
        for (const std::uint32_t node : trace.numbers(field.as<Regular>(stay.regular).members)) {
            if (contains(to, node)) continue;
            const Transitional old = field.as<Transitional>(stay.transitional);
            std::vector<std::uint32_t> members = trace.numbers(old.members);
            members.push_back(node);
            std::sort(members.begin(), members.end());
            const List forged = trace.list(members);
            for (Record& record : trace.records) {
                auto* other = std::get_if<Transitional>(&record);
                if (other != nullptr && other->ring == old.ring) other->members = forged;
            }
            return true;
        }
    }
    return false;
}

/// Somebody who was on both sides, but came another way.
bool came_another_way(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        if (!stay.moved_on()) continue;
        const Transitional old = field.as<Transitional>(stay.transitional);
        const std::vector<std::uint32_t> with = trace.numbers(old.members);
        const std::vector<std::uint32_t> to = trace.numbers(field.as<Regular>(stay.next).members);
        for (const std::uint32_t node : trace.numbers(field.as<Regular>(stay.regular).members)) {
            const bool arrived =
                std::any_of(field.stays().begin(), field.stays().end(), [&](const Stay& there) {
                    return there.at.node == node && there.ring == field.as<Regular>(stay.next).ring;
                });
            if (!arrived || contains(with, node) || !contains(to, node)) continue;
            std::vector<std::uint32_t> members = with;
            members.push_back(node);
            std::sort(members.begin(), members.end());
            edit<Transitional>(trace, stay.transitional).members = trace.list(members);
            return true;
        }
    }
    return false;
}

template <typename Applies>
void rename_ring(Trace& trace, const Ring& from, const Ring& to, Applies&& applies) {
    for (Record& record : trace.records) {
        std::visit(
            [&](auto& it) {
                if constexpr (requires { it.seq; } || std::is_same_v<decltype(it), Regular&>) {
                    if (it.ring == from && applies(it.at)) it.ring = to;
                }
            },
            record);
    }
}

bool epoch_falls(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        if (!stay.moved_on() || stay.ring.epoch < 2) continue;
        const Ring next = field.as<Regular>(stay.next).ring;
        rename_ring(trace, next, {stay.ring.epoch - 1, 4711}, [](Process) { return true; });
        return true;
    }
    return false;
}

bool successor_not_unique(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        if (companion(field, stay) == nullptr) continue;
        const Ring next = field.as<Regular>(stay.next).ring;
        rename_ring(trace, next, {next.epoch, next.representative + 1000},
                    [&](Process who) { return who == stay.at; });
        return true;
    }
    return false;
}

/// The last stay of somebody who still lives at the end: as if it had never come there.
bool member_never_came(Trace& trace, const Field& field) {
    for (auto stay = field.stays().rbegin(); stay != field.stays().rend(); ++stay) {
        if (field.end_of(stay->at) != kNowhere || stay->next != kNowhere) continue;
        if (trace.numbers(field.as<Regular>(stay->regular).members).size() < 2) continue;
        const Process who = stay->at;
        const std::size_t from = stay->regular;
        std::vector<Record> kept;
        for (std::size_t i = 0; i < trace.records.size(); ++i) {
            const bool gone = std::visit(
                [&](const auto& it) {
                    return i >= from && it.at == who && !std::is_same_v<decltype(it), const Rest&>;
                },
                trace.records[i]);
            if (!gone) kept.push_back(trace.records[i]);
        }
        trace.records = std::move(kept);
        return true;
    }
    return false;
}

constexpr std::array kMutations{
    Mutation{"sending removed", "1.3", never_sent},
    Mutation{"other body at one", "1.3", other_body},
    Mutation{"other service at one", "1.3", other_service},
    Mutation{"other sender at one", "1.3", other_sender},
    Mutation{"foreign message", "1.3", foreign_message},
    Mutation{"forged unreliable message", "1.3", forged_unreliable},
    Mutation{"sent twice", "1.4", sent_twice},
    Mutation{"delivered twice", "1.4", delivered_twice},
    Mutation{"causes in a circle", "1.1", circle},
    Mutation{"acts after its death", "1.2", acts_when_dead},
    Mutation{"boots twice", "1.2", boots_twice},
    Mutation{"regular configuration without oneself", "2.3", not_in_own_ring},
    Mutation{"transitional configuration without oneself", "2.3", not_in_own_transitional},
    Mutation{"a member forgotten at one", "2.3", member_forgotten},
    Mutation{"delivery moved behind the next configuration", "2.2", delivered_in_old_ring},
    Mutation{"delivery moved before the configuration", "2.2", delivered_before_ring},
    Mutation{"sending moved behind the signal", "2.2", sent_in_transitional},
    Mutation{"two transitional configurations", "2.4", two_transitionals},
    Mutation{"no transitional configuration", "2.4", no_transitional},
    Mutation{"departed one said to come along", "2.4", companion_forged},
    Mutation{"one of another partition said to come along", "2.4", came_another_way},
    Mutation{"ids fall", "2.4", epoch_falls},
    Mutation{"two successors of one transitional configuration", "2.4", successor_not_unique},
    Mutation{"member that never came to the last ring", "2.1", member_never_came},
};

}  // namespace

std::span<const Mutation> mutations_of_configurations() { return kMutations; }

}  // namespace torc::check
