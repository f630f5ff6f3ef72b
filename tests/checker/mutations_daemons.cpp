// Level 1: EVS 1.1 to 7.2.
#include <algorithm>
#include <array>

#include "tests/checker/mutations.hpp"

namespace torc::check {
namespace {

using Stay = Field::DaemonStay;
constexpr std::size_t kNowhere = Field::kNowhere;

bool is_ordered(const Delivered& record) { return record.service >= Service::causal; }
bool is_any(const Delivered&) { return true; }

template <typename Kind>
Kind& edit(Trace& trace, std::size_t at) {
    return std::get<Kind>(trace.records[at]);
}

/// The first record of the kind that fits.
template <typename Kind, typename Fits>
std::size_t first(const Trace& trace, Fits&& fits) {
    for (std::size_t at = 0; at < trace.records.size(); ++at) {
        const auto* record = std::get_if<Kind>(&trace.records[at]);
        if (record != nullptr && fits(*record)) return at;
    }
    return kNowhere;
}

/// The first delivery with its stay that fits.
template <typename Fits>
std::size_t delivery(const Field& field, Fits&& fits) {
    for (const Stay& stay : field.stays()) {
        for (const std::size_t at : stay.delivered) {
            if (fits(stay, at, field.as<Delivered>(at))) return at;
        }
    }
    return kNowhere;
}

bool erase_if_found(Trace& trace, std::size_t at) {
    if (at == kNowhere) return false;
    erase(trace, at);
    return true;
}

/// Another process that goes all the way with this stay.
const Stay* companion(const Field& field, const Stay& stay) {
    if (!stay.moved_on()) return nullptr;
    for (const Stay& other : field.stays()) {
        const bool together = other.moved_on() && other.at != stay.at && other.ring == stay.ring &&
                              field.as<Transitional>(other.transitional).ring ==
                                  field.as<Transitional>(stay.transitional).ring;
        if (together) return &other;
    }
    return nullptr;
}

bool in_regular(const Stay& stay, std::size_t at) { return at < stay.transitional; }

std::vector<std::uint32_t> without(std::vector<std::uint32_t> list, std::uint32_t number) {
    std::erase(list, number);
    return list;
}

bool contains(const std::vector<std::uint32_t>& list, std::uint32_t number) {
    return std::find(list.begin(), list.end(), number) != list.end();
}

// --- 1 -----------------------------------------------------------------------------------------

bool never_sent(Trace& trace, const Field& field) {
    const std::size_t at =
        delivery(field, [](const Stay&, std::size_t, const Delivered& it) { return is_any(it); });
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
    const Record copy = trace.records[at];
    trace.records.insert(trace.records.begin() + static_cast<std::ptrdiff_t>(at), copy);
    return true;
}

bool delivered_twice(Trace& trace, const Field&) {
    const std::size_t at = first<Delivered>(trace, [](const Delivered& it) { return it.seq != 0; });
    if (at == kNowhere) return false;
    const Record copy = trace.records[at];
    trace.records.insert(trace.records.begin() + static_cast<std::ptrdiff_t>(at), copy);
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

// --- 3, 4 --------------------------------------------------------------------------------------

bool own_message_lost(Trace& trace, const Field& field) {
    return erase_if_found(trace,
                          delivery(field, [](const Stay& stay, std::size_t, const Delivered& it) {
                              return stay.moved_on() && it.sender == stay.at.node;
                          }));
}

bool own_message_lost_at_rest(Trace& trace, const Field& field) {
    if (field.rest() == kNowhere) return false;
    return erase_if_found(trace,
                          delivery(field, [&](const Stay& stay, std::size_t, const Delivered& it) {
                              return stay.next == kNowhere && field.end_of(stay.at) == kNowhere &&
                                     it.sender == stay.at.node;
                          }));
}

template <typename Fits>
bool lost_at_one_companion(Trace& trace, const Field& field, Fits&& fits) {
    return erase_if_found(
        trace, delivery(field, [&](const Stay& stay, std::size_t at, const Delivered& it) {
            const Stay* const other = companion(field, stay);
            return other != nullptr && fits(stay, at, it) && field.delivers(*other, it);
        }));
}

bool reliable_lost_at_one(Trace& trace, const Field& field) {
    return lost_at_one_companion(trace, field, [](const Stay&, std::size_t, const Delivered& it) {
        return it.service == Service::reliable;
    });
}
bool agreed_lost_at_one(Trace& trace, const Field& field) {
    return lost_at_one_companion(trace, field, [](const Stay&, std::size_t, const Delivered& it) {
        return it.service == Service::agreed;
    });
}
bool last_lost_at_one(Trace& trace, const Field& field) {
    return lost_at_one_companion(trace, field,
                                 [](const Stay& stay, std::size_t at, const Delivered&) {
                                     return !in_regular(stay, at) && at == stay.delivered.back();
                                 });
}

bool signal_too_early(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        if (companion(field, stay) == nullptr) continue;
        for (const std::size_t at : stay.delivered) {
            if (!in_regular(stay, at) || !is_ordered(field.as<Delivered>(at))) continue;
            move_before(trace, stay.transitional, at);
            return true;
        }
    }
    return false;
}

// --- 5, 6 --------------------------------------------------------------------------------------

/// Two in a row at one process.
template <typename Fits>
bool swap_two(Trace& trace, const Field& field, Fits&& fits) {
    for (const Stay& stay : field.stays()) {
        for (std::size_t i = 0; i + 1 < stay.delivered.size(); ++i) {
            const std::size_t one = stay.delivered[i];
            const std::size_t two = stay.delivered[i + 1];
            if (!fits(field.as<Delivered>(one), field.as<Delivered>(two))) continue;
            std::swap(trace.records[one], trace.records[two]);
            return true;
        }
    }
    return false;
}

bool fifo_swapped(Trace& trace, const Field& field) {
    return swap_two(trace, field, [](const Delivered& one, const Delivered& two) {
        return one.service == Service::fifo && two.service == Service::fifo &&
               one.sender == two.sender;
    });
}
bool ordered_swapped(Trace& trace, const Field& field) {
    return swap_two(trace, field, [](const Delivered& one, const Delivered& two) {
        return is_ordered(one) && is_ordered(two) && one.sender != two.sender;
    });
}

bool fifo_gap(Trace& trace, const Field& field) {
    return erase_if_found(
        trace, delivery(field, [&](const Stay& stay, std::size_t at, const Delivered& it) {
            if (it.service != Service::fifo || it.sender == stay.at.node) return false;
            return std::any_of(stay.delivered.begin(), stay.delivered.end(), [&](std::size_t b) {
                const auto& later = field.as<Delivered>(b);
                return b > at && later.sender == it.sender && later.service >= Service::fifo &&
                       later.seq > it.seq;
            });
        }));
}

/// Somebody else delivered `it` before it sent something that is delivered here behind it.
bool has_dependant(const Field& field, const Stay& stay, std::size_t at, const Delivered& it) {
    for (const std::size_t b : stay.delivered) {
        const auto& later = field.as<Delivered>(b);
        const std::size_t sent = field.sent_at(later);
        if (b <= at || !is_ordered(later) || sent == kNowhere || later.sender == it.sender)
            continue;
        for (const Stay& there : field.stays()) {
            if (there.ring != stay.ring || there.at.node != later.sender) continue;
            for (const std::size_t known : there.delivered) {
                const auto& heard = field.as<Delivered>(known);
                if (known < sent && heard.seq == it.seq && heard.index == it.index) return true;
            }
        }
    }
    return false;
}

bool cause_lost(Trace& trace, const Field& field) {
    return erase_if_found(
        trace, delivery(field, [&](const Stay& stay, std::size_t at, const Delivered& it) {
            return is_ordered(it) && it.sender != stay.at.node &&
                   has_dependant(field, stay, at, it);
        }));
}

bool gap(Trace& trace, const Field& field, bool regular) {
    return erase_if_found(
        trace, delivery(field, [&](const Stay& stay, std::size_t at, const Delivered& it) {
            if (!is_ordered(it) || it.sender == stay.at.node || in_regular(stay, at) != regular) {
                return false;
            }
            if (!regular &&
                !contains(trace.numbers(field.as<Transitional>(stay.transitional).members),
                          it.sender)) {
                return false;
            }
            const Stay* const other = companion(field, stay);
            if (other == nullptr || !field.delivers(*other, it)) return false;
            return std::any_of(stay.delivered.begin(), stay.delivered.end(), [&](std::size_t b) {
                const auto& later = field.as<Delivered>(b);
                return b > at && in_regular(stay, b) == regular && is_ordered(later) &&
                       field.delivers(*other, later);
            });
        }));
}
bool gap_in_regular(Trace& trace, const Field& field) { return gap(trace, field, true); }
bool gap_in_transitional(Trace& trace, const Field& field) { return gap(trace, field, false); }

/// A process claims to have known a later message when it sent an earlier one.
bool order_against_cause(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        for (const std::size_t sent : stay.sent) {
            const auto& mine = field.as<Sent>(sent);
            for (const std::size_t at : stay.delivered) {
                const auto& later = field.as<Delivered>(at);
                if (!is_ordered(later) || later.seq <= mine.seq || at < sent) continue;
                if (!in_regular(stay, at)) continue;
                move_behind(trace, sent, at);
                return true;
            }
        }
    }
    return false;
}

// --- 7 -----------------------------------------------------------------------------------------

/// One that moved on loses a SAFE message that another, not its companion, delivered in the regular
/// configuration: it was not stable after all.
bool safe_before_stable(Trace& trace, const Field& field) {
    return erase_if_found(
        trace, delivery(field, [&](const Stay& stay, std::size_t, const Delivered& it) {
            if (!stay.moved_on() || it.service != Service::safe) return false;
            if (it.sender == stay.at.node) return false;
            for (const Stay& other : field.stays()) {
                if (other.at == stay.at || other.ring != stay.ring) continue;
                for (const std::size_t at : other.delivered) {
                    const auto& same = field.as<Delivered>(at);
                    if (same.seq == it.seq && same.index == it.index && in_regular(other, at)) {
                        return true;
                    }
                }
            }
            return false;
        }));
}

bool safe_lost_in_transitional(Trace& trace, const Field& field) {
    return lost_at_one_companion(trace, field,
                                 [](const Stay& stay, std::size_t at, const Delivered& it) {
                                     return it.service == Service::safe && !in_regular(stay, at);
                                 });
}

/// A member fails before it ever gets the configuration in which others deliver SAFE messages.
bool safe_without_member(Trace& trace, const Field& field) {
    for (const Stay& stay : field.stays()) {
        if (field.end_of(stay.at) == kNowhere || stay.next != kNowhere) continue;
        const bool others_safe =
            std::any_of(field.stays().begin(), field.stays().end(), [&](const Stay& other) {
                return other.ring == stay.ring && other.at != stay.at &&
                       std::any_of(other.delivered.begin(), other.delivered.end(),
                                   [&](std::size_t at) {
                                       return in_regular(other, at) &&
                                              field.as<Delivered>(at).service == Service::safe;
                                   });
            });
        if (!others_safe) continue;
        std::vector<Record> kept;
        for (std::size_t i = 0; i < trace.records.size(); ++i) {
            const bool gone = std::visit(
                [&](const auto& it) {
                    return i >= stay.regular && it.at == stay.at && i < field.end_of(stay.at);
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
    Mutation{"own message lost", "3", own_message_lost},
    Mutation{"own message lost at rest", "3", own_message_lost_at_rest},
    Mutation{"reliable message lost at one of two", "4", reliable_lost_at_one},
    Mutation{"agreed message lost at one of two", "4", agreed_lost_at_one},
    Mutation{"last message behind the signal lost at one of two", "4", last_lost_at_one},
    Mutation{"signal too early at one of two", "4+", signal_too_early},
    Mutation{"FIFO messages swapped", "5", fifo_swapped},
    Mutation{"FIFO gap", "5", fifo_gap},
    Mutation{"cause lost, effect kept", "5", cause_lost},
    Mutation{"ordered messages swapped", "6.1", ordered_swapped},
    Mutation{"order against cause", "6.2", order_against_cause},
    Mutation{"gap in the regular configuration", "6.3", gap_in_regular},
    Mutation{"gap behind the signal, sender along", "6.3", gap_in_transitional},
    Mutation{"SAFE before stable", "7.1", safe_before_stable},
    Mutation{"SAFE behind the signal lost at one", "7.1", safe_lost_in_transitional},
    Mutation{"SAFE in a ring that a member never got", "7.2", safe_without_member},
};

}  // namespace

std::span<const Mutation> mutations_of_daemons() { return kMutations; }

}  // namespace torc::check
