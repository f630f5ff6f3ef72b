// Level 2: what sessions see, G0 to G17.
#include <algorithm>
#include <array>

#include "tests/checker/mutation_tools.hpp"

namespace torc::check {
namespace {

// --- views -------------------------------------------------------------------------------------

bool acts_after_end(Trace& trace, const Field& field) {
    const std::size_t at =
        first<Heard>(trace, [&](const Heard& it) { return field.end_of(it.session) != kNowhere; });
    if (at == kNowhere) return false;
    move_behind(trace, at, field.end_of(field.as<Heard>(at).session));
    return true;
}

bool view_without_self(Trace& trace, const Field& field) {
    const Standing* const here = standing(field, [&](const Standing& it) {
        return trace.numbers(view_of(field, it).members).size() > 1;
    });
    if (here == nullptr) return false;
    Numbers members = trace.numbers(view_of(field, *here).members);
    std::erase(members, here->session.name);
    edit<View>(trace, here->view).members = trace.list(members);
    return true;
}

bool view_id_falls(Trace& trace, const Field& field) {
    const Standing* const here =
        standing(field, [](const Standing& it) { return it.before != kNowhere; });
    if (here == nullptr) return false;
    const View old = view_of(field, *here);
    change_view_at_all(trace, old, [&](View& view) { view.ring.epoch = 1; });
    return true;
}

bool first_view_missing(Trace& trace, const Field& field) {
    const Standing* const here = standing(field, [&](const Standing& it) {
        return it.before == kNowhere && it.moved_on() &&
               field.as<View>(it.next).cause == Cause::network;
    });
    return here != nullptr && erase_if_found(trace, here->view);
}

bool heard_before_joining(Trace& trace, const Field& field) {
    for (const Standing& here : field.standings()) {
        if (here.before != kNowhere) continue;
        for (const std::size_t at : here.heard) {
            const Heard& it = field.as<Heard>(at);
            const bool first_membership = std::none_of(
                field.standings().begin(), field.standings().end(), [&](const Standing& other) {
                    return other.session == here.session && other.view < here.view;
                });
            if (!first_membership || is_own(field, here, it)) continue;
            move_before(trace, at, here.view);
            return true;
        }
    }
    return false;
}

bool member_forged_at_one(Trace& trace, const Field& field) {
    const Standing* const here = standing(field, [&](const Standing& it) {
        return trace.numbers(view_of(field, it).members).size() > 1 &&
               other_in_view(field, it, [](const Standing&) { return true; }) != nullptr;
    });
    if (here == nullptr) return false;
    Numbers members = trace.numbers(view_of(field, *here).members);
    for (std::uint32_t& member : members) {
        if (member != here->session.name) member = trace.name("#nobody#n0");
    }
    edit<View>(trace, here->view).members = trace.list(members);
    return true;
}

bool sets_forged_at_one(Trace& trace, const Field& field) {
    const Standing* const here = standing(field, [&](const Standing& it) {
        return view_of(field, it).cause == Cause::network &&
               trace.numbers(view_of(field, it).members).size() > 1 &&
               other_in_view(field, it, [](const Standing&) { return true; }) != nullptr;
    });
    if (here == nullptr) return false;
    View& view = edit<View>(trace, here->view);
    Numbers sets = trace.numbers(view.sets);
    const Numbers members = trace.numbers(view.members);
    for (std::size_t i = 0; i < sets.size(); ++i) {
        if (members[i] != here->session.name) sets[i] += 50;
    }
    view.sets = trace.list(sets);
    return true;
}

bool join_of_two(Trace& trace, const Field& field) {
    const Standing* const here = standing(field, [&](const Standing& it) {
        return it.before != kNowhere && view_of(field, it).cause == Cause::join;
    });
    if (here == nullptr) return false;
    const View old = view_of(field, *here);
    Numbers members = trace.numbers(old.members);
    members.push_back(trace.name("#nobody#n0"));
    const List forged = trace.list(members);
    change_view_at_all(trace, old, [&](View& view) { view.members = forged; });
    return true;
}

// --- messages ----------------------------------------------------------------------------------

bool never_said(Trace& trace, const Field& field) {
    const std::size_t at = first<Heard>(trace, [](const Heard&) { return true; });
    return at != kNowhere && erase_if_found(trace, field.said_at(field.as<Heard>(at).message));
}

bool for_others(Trace& trace, const Field&) {
    const std::size_t at =
        first<Heard>(trace, [&](const Heard& it) { return trace.numbers(it.groups).size() > 1; });
    if (at == kNowhere) return false;
    auto& record = edit<Heard>(trace, at);
    Numbers groups = trace.numbers(record.groups);
    std::reverse(groups.begin(), groups.end());
    record.groups = trace.list(groups);
    return true;
}

bool heard_service_changed(Trace& trace, const Field&) {
    const std::size_t at =
        first<Heard>(trace, [](const Heard& it) { return it.service == Service::safe; });
    if (at == kNowhere) return false;
    edit<Heard>(trace, at).service = Service::agreed;
    return true;
}

bool heard_twice(Trace& trace, const Field&) {
    const std::size_t at = first<Heard>(trace, [](const Heard&) { return true; });
    if (at == kNowhere) return false;
    double_record(trace, at);
    return true;
}

/// Behind a join that others saw before the message... and here it stands on the other side.
bool moved_across_a_view(Trace& trace, const Field& field) {
    for (const Standing& here : field.standings()) {
        if (!here.moved_on() || here.heard.empty()) continue;
        const View& next = field.as<View>(here.next);
        const std::size_t at = here.heard.back();
        const Heard& it = field.as<Heard>(at);
        if (next.cause != Cause::join || !here.is_before_signal(here.next)) continue;
        const Standing* const other = other_in_view(field, here, [&](const Standing& there) {
            const auto heard = std::find_if(
                there.heard.begin(), there.heard.end(),
                [&](std::size_t b) { return field.as<Heard>(b).message == it.message; });
            return heard != there.heard.end() && there.is_before_signal(*heard);
        });
        if (other == nullptr) continue;
        move_behind(trace, at, here.next);
        return true;
    }
    return false;
}

bool said_order_swapped(Trace& trace, const Field& field) {
    for (const Standing& here : field.standings()) {
        for (std::size_t i = 0; i + 1 < here.heard.size(); ++i) {
            const Heard& one = field.as<Heard>(here.heard[i]);
            const Heard& two = field.as<Heard>(here.heard[i + 1]);
            if (speaker(field, one) != speaker(field, two)) continue;
            std::swap(trace.records[here.heard[i]], trace.records[here.heard[i + 1]]);
            return true;
        }
    }
    return false;
}

bool gap_of_sender(Trace& trace, const Field& field) {
    return erase_if_found(
        trace, hearing(field, [&](const Standing& here, std::size_t at, const Heard& it) {
            if (is_own(field, here, it)) return false;
            const Session who = speaker(field, it);
            const bool later = std::any_of(
                here.heard.begin(), here.heard.end(),
                [&](std::size_t b) { return b > at && speaker(field, field.as<Heard>(b)) == who; });
            return later && other_in_view(field, here, [&](const Standing& there) {
                                return there.session == who && field.hears(there, it.message);
                            }) != nullptr;
        }));
}

bool cause_not_heard(Trace& trace, const Field& field) {
    return erase_if_found(
        trace, hearing(field, [&](const Standing& here, std::size_t at, const Heard& it) {
            if (is_own(field, here, it)) return false;
            for (const std::size_t b : here.heard) {
                const Heard& later = field.as<Heard>(b);
                const Session who = speaker(field, later);
                if (b <= at || who == here.session || who == speaker(field, it)) continue;
                const std::size_t said = field.said_at(later.message);
                const Standing* const there =
                    other_in_view(field, here, [&](const Standing& other) {
                        return other.session == who && other.view < said && said < other.next &&
                               std::any_of(
                                   other.heard.begin(), other.heard.end(),
                                   [&](std::size_t known) {
                                       return known < said &&
                                              field.as<Heard>(known).message == it.message;
                                   });
                    });
                if (there != nullptr) return true;
            }
            return false;
        }));
}

/// Two in a row that another session heard in the same row.
bool order_swapped(Trace& trace, const Field& field) {
    for (const Standing& here : field.standings()) {
        for (std::size_t i = 0; i + 1 < here.heard.size(); ++i) {
            const Heard& one = field.as<Heard>(here.heard[i]);
            const Heard& two = field.as<Heard>(here.heard[i + 1]);
            if (speaker(field, one) == speaker(field, two)) continue;
            const Standing* const other = other_in_view(field, here, [&](const Standing& there) {
                return field.hears(there, one.message) && field.hears(there, two.message);
            });
            if (other == nullptr) continue;
            std::swap(trace.records[here.heard[i]], trace.records[here.heard[i + 1]]);
            return true;
        }
    }
    return false;
}

bool hole_in_row(Trace& trace, const Field& field) {
    return erase_if_found(
        trace, hearing(field, [&](const Standing& here, std::size_t at, const Heard& it) {
            const std::size_t last = here.heard.back();
            if (at == last || !here.is_before_signal(last)) return false;
            const std::uint64_t behind = field.as<Heard>(last).message;
            return other_in_view(field, here, [&](const Standing& there) {
                       const auto heard = std::find_if(
                           there.heard.begin(), there.heard.end(),
                           [&](std::size_t b) { return field.as<Heard>(b).message == behind; });
                       return heard != there.heard.end() && there.is_before_signal(*heard) &&
                              field.hears(there, it.message);
                   }) != nullptr;
        }));
}

bool safe_not_everywhere(Trace& trace, const Field& field) {
    return erase_if_found(
        trace, hearing(field, [&](const Standing& here, std::size_t, const Heard& it) {
            if (it.service != Service::safe || !here.moved_on()) return false;
            return other_in_view(field, here, [&](const Standing& there) {
                       return std::any_of(there.heard.begin(), there.heard.end(),
                                          [&](std::size_t b) {
                                              return field.as<Heard>(b).message == it.message &&
                                                     there.is_before_signal(b);
                                          });
                   }) != nullptr;
        }));
}

// --- moving together ---------------------------------------------------------------------------

bool heard_by_one_of_two(Trace& trace, const Field& field) {
    return erase_if_found(trace,
                          hearing(field, [&](const Standing& here, std::size_t, const Heard& it) {
                              const Standing* const other = one_along(field, here);
                              return other != nullptr && field.hears(*other, it.message);
                          }));
}

bool heard_behind_signal_by_one_of_two(Trace& trace, const Field& field) {
    return erase_if_found(
        trace, hearing(field, [&](const Standing& here, std::size_t at, const Heard& it) {
            const Standing* const other = one_along(field, here);
            return other != nullptr && !here.is_before_signal(at) &&
                   field.as<View>(here.next).cause == Cause::network &&
                   field.hears(*other, it.message);
        }));
}

/// Everybody in one set, wherever they came from.
bool sets_thrown_together(Trace& trace, const Field& field) {
    const Standing* const here = standing(field, [&](const Standing& it) {
        if (view_of(field, it).cause != Cause::network || it.before == kNowhere) return false;
        return other_in_view(field, it, [&](const Standing& other) {
                   return other.before != kNowhere &&
                          !same_view(view_of(field, field.standings()[it.before]),
                                     view_of(field, field.standings()[other.before]));
               }) != nullptr;
    });
    if (here == nullptr) return false;
    const View old = view_of(field, *here);
    const List forged = trace.list(Numbers(trace.numbers(old.members).size(), 0));
    change_view_at_all(trace, old, [&](View& view) {
        view.sets = forged;
        view.mine = 0;
    });
    return true;
}

/// Two that came together are shown apart, and nobody was ever told of a parting.
bool parted_without_signal(Trace& trace, const Field& field) {
    const Standing* const here = standing(field, [&](const Standing& it) {
        return one_along(field, it) != nullptr && field.as<View>(it.next).cause == Cause::network;
    });
    if (here == nullptr) return false;
    const View old = field.as<View>(here->next);
    const Numbers members = trace.numbers(old.members);
    Numbers sets = trace.numbers(old.sets);
    for (std::size_t i = 0; i < sets.size(); ++i) {
        if (members[i] == here->session.name) sets[i] += 50;
    }
    const List forged = trace.list(sets);
    change_view_at_all(trace, old, [&](View& view) {
        view.sets = forged;
        if (view.session == here->session) view.mine += 50;
    });
    std::erase_if(trace.records, [&](const Record& record) {
        const auto* signal = std::get_if<Signal>(&record);
        return signal != nullptr && signal->group == old.group;
    });
    return true;
}

/// One of two that go on together had another view in between.
bool successor_of_another(Trace& trace, const Field& field) {
    const Standing* const here = standing(field, [&](const Standing& it) {
        return one_along(field, it) != nullptr && field.as<View>(it.next).cause == Cause::network;
    });
    if (here == nullptr) return false;
    View between = field.as<View>(here->next);
    between.ring.representative += 1000;
    between.index = 0;
    trace.records.insert(trace.records.begin() + static_cast<std::ptrdiff_t>(here->next), between);
    return true;
}

// --- at rest -----------------------------------------------------------------------------------

bool own_never_heard(Trace& trace, const Field& field) {
    if (field.rest() == kNowhere) return false;
    return erase_if_found(trace, first<Heard>(trace, [&](const Heard& it) {
                              return it.service == Service::reliable &&
                                     speaker(field, it) == it.session &&
                                     field.end_of(it.session) == kNowhere;
                          }));
}

bool last_not_heard_by_one(Trace& trace, const Field& field) {
    if (field.rest() == kNowhere) return false;
    return erase_if_found(
        trace, hearing(field, [&](const Standing& here, std::size_t at, const Heard& it) {
            return !here.moved_on() && field.end_of(here.session) == kNowhere &&
                   at == here.heard.back() && !is_own(field, here, it) &&
                   other_in_view(field, here, [&](const Standing& there) {
                       return field.end_of(there.session) == kNowhere;
                   }) != nullptr;
        }));
}

bool rests_in_old_view(Trace& trace, const Field& field) {
    if (field.rest() == kNowhere) return false;
    const Standing* const here = standing(field, [&](const Standing& it) {
        return !it.moved_on() && it.before != kNowhere && field.end_of(it.session) == kNowhere;
    });
    return here != nullptr && erase_if_found(trace, here->view);
}

bool ghost_at_rest(Trace& trace, const Field& field) {
    if (field.rest() == kNowhere) return false;
    const Standing* const here = standing(field, [&](const Standing& it) {
        return !it.moved_on() && field.end_of(it.session) == kNowhere &&
               trace.numbers(view_of(field, it).members).size() > 1;
    });
    if (here == nullptr) return false;
    const Lost lost{view_of(field, *here).at, here->session};
    trace.records.insert(trace.records.begin() + static_cast<std::ptrdiff_t>(field.rest()), lost);
    return true;
}

constexpr std::array kMutations{
    Mutation{"session acts after its end", "G0", acts_after_end},
    Mutation{"view without oneself", "G1", view_without_self},
    Mutation{"view ids fall", "G2", view_id_falls},
    Mutation{"first view is no join", "G3", first_view_missing},
    Mutation{"heard before joining", "G3", heard_before_joining},
    Mutation{"members forged at one", "G4", member_forged_at_one},
    Mutation{"sets forged at one", "G4", sets_forged_at_one},
    Mutation{"a join adds two", "G4", join_of_two},
    Mutation{"heard, never said", "G5", never_said},
    Mutation{"heard for other groups", "G5", for_others},
    Mutation{"heard with another service", "G5", heard_service_changed},
    Mutation{"heard twice", "G6", heard_twice},
    Mutation{"moved across a view", "G7", moved_across_a_view},
    Mutation{"one of two that go on together misses a message", "G8", heard_by_one_of_two},
    Mutation{"the same, behind the signal", "G8", heard_behind_signal_by_one_of_two},
    Mutation{"all thrown into one set", "G9", sets_thrown_together},
    Mutation{"set parted without a signal", "G9", parted_without_signal},
    Mutation{"in the set of another successor", "G10", successor_of_another},
    Mutation{"order of saying swapped", "G11", said_order_swapped},
    Mutation{"gap in what a session said", "G11", gap_of_sender},
    Mutation{"cause not heard", "G12", cause_not_heard},
    Mutation{"order swapped at one", "G13", order_swapped},
    Mutation{"hole in the row of a view", "G14", hole_in_row},
    Mutation{"SAFE, but not at all that go on", "G15", safe_not_everywhere},
    Mutation{"own message never heard", "G16", own_never_heard},
    Mutation{"the last message missing at one, at rest", "G18", last_not_heard_by_one},
    Mutation{"rests in an old view", "G17", rests_in_old_view},
    Mutation{"a ghost in the last view", "G17", ghost_at_rest},
};

}  // namespace

std::span<const Mutation> mutations_of_sessions() { return kMutations; }

}  // namespace torc::check
