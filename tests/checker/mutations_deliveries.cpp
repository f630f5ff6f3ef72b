// Level 1: EVS 3 to 7.2, what is delivered, in which order, by whom else.
#include <algorithm>
#include <array>

#include "tests/checker/mutation_tools.hpp"

namespace torc::check {
namespace {

using Stay = Field::DaemonStay;
constexpr std::size_t kNowhere = Field::kNowhere;

bool is_ordered(const Delivered& record) { return record.service >= Service::causal; }
bool in_regular(const Stay& stay, std::size_t at) { return at < stay.transitional; }

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

bool lost_at_one_at_rest(Trace& trace, const Field& field) {
    if (field.rest() == kNowhere) return false;
    return erase_if_found(trace,
                          delivery(field, [&](const Stay& stay, std::size_t, const Delivered& it) {
                              return stay.next == kNowhere && field.end_of(stay.at) == kNowhere &&
                                     it.service == Service::reliable && it.sender != stay.at.node;
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
    Mutation{"own message lost", "3", own_message_lost},
    Mutation{"own message lost at rest", "3", own_message_lost_at_rest},
    Mutation{"message of another lost at rest", "8", lost_at_one_at_rest},
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

std::span<const Mutation> mutations_of_deliveries() { return kMutations; }

}  // namespace torc::check
