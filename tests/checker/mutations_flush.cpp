// Flush groups: F1 to F8, and G8 where the view came by a join or a departure.
#include <array>

#include "tests/checker/mutation_tools.hpp"

namespace torc::check {
namespace {

bool is_flush(const Field& field, const Standing& here) { return view_of(field, here).flush; }

bool names(const Trace& trace, List groups, Name name) {
    return contains(trace.numbers(groups), name);
}

/// A message that a session heard only because it stands in this view of a flush group.
bool is_of_view_alone(const Trace& trace, const Field& field, const Standing& here,
                      std::size_t at) {
    const Heard& it = field.as<Heard>(at);
    return is_flush(field, here) && !is_own(field, here, it) &&
           trace.numbers(it.groups).size() <= 2 && names(trace, it.groups, here.group) &&
           !names(trace, it.groups, here.session.name) &&
           !field.as<Said>(field.said_at(it.message)).subgroup;
}

/// The first heard message of that kind that fits.
template <typename Fits>
std::size_t in_view_alone(const Trace& trace, const Field& field, Fits&& fits) {
    return hearing(field, [&](const Standing& here, std::size_t at, const Heard& it) {
        return is_of_view_alone(trace, field, here, at) && fits(here, at, it);
    });
}

const Standing* of_speaker(const Field& field, const Standing& here, const Heard& it) {
    const Session who = speaker(field, it);
    return other_in_view(field, here, [&](const Standing& there) { return there.session == who; });
}

template <typename Fits>
const Standing* flush_standing(const Field& field, Fits&& fits) {
    return standing(field,
                    [&](const Standing& here) { return is_flush(field, here) && fits(here); });
}

bool goes_on(const Field& field, const Standing& here) {
    return here.moved_on() && field.as<View>(here.next).cause != Cause::self_leave;
}

void insert(Trace& trace, std::size_t at, const Record& record) {
    trace.records.insert(trace.records.begin() + static_cast<std::ptrdiff_t>(at), record);
}

// --- what is said in a view --------------------------------------------------------------------

bool heard_in_next_view(Trace& trace, const Field& field) {
    for (const Standing& here : field.standings()) {
        if (!is_flush(field, here) || !goes_on(field, here)) continue;
        for (const std::size_t at : here.heard) {
            if (!is_of_view_alone(trace, field, here, at)) continue;
            move_behind(trace, at, here.next);
            return true;
        }
    }
    return false;
}

bool said_behind_flush(Trace& trace, const Field& field) {
    const std::size_t at =
        in_view_alone(trace, field, [&](const Standing& here, std::size_t, const Heard& it) {
            const Standing* const there = of_speaker(field, here, it);
            return there != nullptr && there->flushed != kNowhere &&
                   field.said_at(it.message) < there->flushed;
        });
    if (at == kNowhere) return false;
    const Heard it = field.as<Heard>(at);
    const std::size_t said = field.said_at(it.message);
    for (const Standing& there : field.standings()) {
        if (there.session != speaker(field, it) || there.view > said || there.flushed < said) {
            continue;
        }
        if (!names(trace, it.groups, there.group) || there.flushed == kNowhere) continue;
        move_behind(trace, said, there.flushed);
        return true;
    }
    return false;
}

bool said_before_first_view(Trace& trace, const Field& field) {
    std::size_t first_view = kNowhere;
    const std::size_t at =
        in_view_alone(trace, field, [&](const Standing& here, std::size_t, const Heard& it) {
            const Standing* const there = of_speaker(field, here, it);
            if (there == nullptr || there->before != kNowhere) return false;
            first_view = there->view;
            return field.said_at(it.message) > first_view;
        });
    if (at == kNowhere) return false;
    move_before(trace, field.said_at(field.as<Heard>(at).message), first_view);
    return true;
}

// --- flushing ----------------------------------------------------------------------------------

bool goes_on_unflushed(Trace& trace, const Field& field) {
    const Standing* const here = flush_standing(
        field, [&](const Standing& it) { return goes_on(field, it) && it.flushed != kNowhere; });
    return here != nullptr && erase_if_found(trace, here->flushed);
}

bool asked_twice(Trace& trace, const Field& field) {
    const Standing* const here =
        flush_standing(field, [](const Standing& it) { return it.asked != kNowhere; });
    if (here == nullptr) return false;
    double_record(trace, here->asked);
    return true;
}

bool flushes_unasked(Trace& trace, const Field& field) {
    const Standing* const here = flush_standing(
        field, [](const Standing& it) { return it.asked != kNowhere && it.flushed != kNowhere; });
    return here != nullptr && erase_if_found(trace, here->asked);
}

bool asked_without_view(Trace& trace, const Field& field) {
    const Standing* const here = flush_standing(
        field, [](const Standing& it) { return it.asked != kNowhere && it.before == kNowhere; });
    if (here == nullptr) return false;
    move_before(trace, here->asked, here->view);
    return true;
}

bool asked_at_rest(Trace& trace, const Field& field) {
    if (field.rest() == kNowhere) return false;
    const Standing* const here = flush_standing(field, [&](const Standing& it) {
        return !it.moved_on() && field.end_of(it.session) == kNowhere;
    });
    if (here == nullptr) return false;
    insert(trace, field.rest(), Asked{view_of(field, *here).at, here->session, here->group});
    return true;
}

// --- who came along ----------------------------------------------------------------------------

bool join_without_sets(Trace& trace, const Field& field) {
    const Standing* const here = flush_standing(
        field, [&](const Standing& it) { return view_of(field, it).cause == Cause::join; });
    if (here == nullptr) return false;
    change_view_at_all(trace, view_of(field, *here), [](View& view) { view.sets = 0; });
    return true;
}

/// A joiner passes for one who came along with another member.
bool joiner_came_along(Trace& trace, const Field& field) {
    const Standing* const here = flush_standing(field, [&](const Standing& it) {
        return it.before == kNowhere && trace.numbers(view_of(field, it).members).size() > 1;
    });
    if (here == nullptr) return false;
    const View old = view_of(field, *here);
    Numbers sets = trace.numbers(old.sets);
    const Numbers members = trace.numbers(old.members);
    const std::uint32_t other = members[0] == here->session.name ? sets[1] : sets[0];
    for (std::size_t i = 0; i < sets.size(); ++i) {
        if (members[i] == here->session.name) sets[i] = other;
    }
    const List forged = trace.list(sets);
    change_view_at_all(trace, old, [&](View& view) {
        view.sets = forged;
        if (view.session == here->session) view.mine = other;
    });
    return true;
}

bool kind_changes(Trace& trace, const Field& field) {
    const Standing* const here =
        flush_standing(field, [&](const Standing& it) { return goes_on(field, it); });
    if (here == nullptr) return false;
    change_view_at_all(trace, field.as<View>(here->next), [](View& view) { view.flush = false; });
    return true;
}

/// One of two that go on together, not by a network view, misses a message.
bool parted_without_network(Trace& trace, const Field& field) {
    return erase_if_found(
        trace, in_view_alone(trace, field, [&](const Standing& here, std::size_t, const Heard& it) {
            const Standing* const other = one_along(field, here);
            return other != nullptr && field.as<View>(here.next).cause != Cause::network &&
                   field.hears(*other, it.message);
        }));
}

// --- refusals and subgroups --------------------------------------------------------------------

bool heard_though_refused(Trace& trace, const Field& field) {
    const std::size_t at = in_view_alone(
        trace, field, [](const Standing&, std::size_t, const Heard&) { return true; });
    if (at == kNowhere) return false;
    const std::uint64_t message = field.as<Heard>(at).message;
    const std::size_t said = field.said_at(message);
    const Said it = field.as<Said>(said);
    insert(trace, said + 1, Refused{it.at, it.session, message});
    return true;
}

bool is_cast(const Field& field, const Heard& it) {
    return field.as<Said>(field.said_at(it.message)).subgroup;
}

bool cast_missed_by_one(Trace& trace, const Field& field) {
    return erase_if_found(trace,
                          hearing(field, [&](const Standing& here, std::size_t, const Heard& it) {
                              if (!is_flush(field, here) || !is_cast(field, it)) return false;
                              const Standing* const other = one_along(field, here);
                              return other != nullptr && field.hears(*other, it.message);
                          }));
}

bool cast_heard_by_another(Trace& trace, const Field& field) {
    const Standing* other = nullptr;
    const std::size_t at = hearing(field, [&](const Standing& here, std::size_t, const Heard& it) {
        if (!is_flush(field, here) || !is_cast(field, it)) return false;
        other = other_in_view(field, here, [&](const Standing& there) {
            return !names(trace, it.groups, there.session.name);
        });
        return other != nullptr;
    });
    if (at == kNowhere) return false;
    Heard forged = field.as<Heard>(at);
    forged.at = view_of(field, *other).at;
    forged.session = other->session;
    insert(trace, other->view + 1, forged);
    return true;
}

constexpr std::array kMutations{
    Mutation{"heard in the view behind", "F1", heard_in_next_view},
    Mutation{"said behind the flush_ok, and heard", "F2", said_behind_flush},
    Mutation{"said before the first view, and heard", "F2", said_before_first_view},
    Mutation{"goes on without having flushed", "F3", goes_on_unflushed},
    Mutation{"asked twice in a view", "F4", asked_twice},
    Mutation{"flushes without being asked", "F4", flushes_unasked},
    Mutation{"asked without a view", "F4", asked_without_view},
    Mutation{"a join's view without sets", "F5", join_without_sets},
    Mutation{"a joiner in the set of others", "F5", joiner_came_along},
    Mutation{"the group changes its kind", "F5", kind_changes},
    Mutation{"refused, and heard all the same", "F6", heard_though_refused},
    Mutation{"a subgroup cast missed by one of two", "F7", cast_missed_by_one},
    Mutation{"a subgroup cast heard by another", "F7", cast_heard_by_another},
    Mutation{"asked to flush, at rest", "F8", asked_at_rest},
    Mutation{"one of two that go on together, in a flush group", "G8", parted_without_network},
};

}  // namespace

std::span<const Mutation> mutations_of_flush_groups() { return kMutations; }

}  // namespace torc::check
