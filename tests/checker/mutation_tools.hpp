// What the mutations of both levels share: finding records, changing them, taking them out.
#pragma once

#include <algorithm>
#include <vector>

#include "tests/checker/field.hpp"
#include "tests/checker/mutations.hpp"

namespace torc::check {

template <typename Kind>
Kind& edit(Trace& trace, std::size_t at) {
    return std::get<Kind>(trace.records[at]);
}

/// The first record of the kind that fits, or Field::kNowhere.
template <typename Kind, typename Fits>
std::size_t first(const Trace& trace, Fits&& fits) {
    for (std::size_t at = 0; at < trace.records.size(); ++at) {
        const auto* record = std::get_if<Kind>(&trace.records[at]);
        if (record != nullptr && fits(*record)) return at;
    }
    return Field::kNowhere;
}

/// The first delivery, with its stay, that fits.
template <typename Fits>
std::size_t delivery(const Field& field, Fits&& fits) {
    for (const Field::DaemonStay& stay : field.stays()) {
        for (const std::size_t at : stay.delivered) {
            if (fits(stay, at, field.as<Delivered>(at))) return at;
        }
    }
    return Field::kNowhere;
}

inline bool erase_if_found(Trace& trace, std::size_t at) {
    if (at == Field::kNowhere) return false;
    erase(trace, at);
    return true;
}

inline void double_record(Trace& trace, std::size_t at) {
    const Record copy = trace.records[at];
    trace.records.insert(trace.records.begin() + static_cast<std::ptrdiff_t>(at), copy);
}

inline bool contains(const std::vector<std::uint32_t>& list, std::uint32_t number) {
    return std::find(list.begin(), list.end(), number) != list.end();
}

/// Another process that goes all the way with this stay, or null.
inline const Field::DaemonStay* companion(const Field& field, const Field::DaemonStay& stay) {
    if (!stay.moved_on()) return nullptr;
    for (const Field::DaemonStay& other : field.stays()) {
        const bool together = other.moved_on() && other.at != stay.at && other.ring == stay.ring &&
                              field.as<Transitional>(other.transitional).ring ==
                                  field.as<Transitional>(stay.transitional).ring;
        if (together) return &other;
    }
    return nullptr;
}

// --- level 2 -----------------------------------------------------------------------------------

using Standing = Field::GroupStanding;
using Numbers = std::vector<std::uint32_t>;
inline constexpr std::size_t kNowhere = Field::kNowhere;

template <typename Fits>
const Standing* standing(const Field& field, Fits&& fits) {
    const auto found = std::find_if(field.standings().begin(), field.standings().end(), fits);
    return found == field.standings().end() ? nullptr : &*found;
}

/// The first ordered message heard, with its standing, that fits.
template <typename Fits>
std::size_t hearing(const Field& field, Fits&& fits) {
    for (const Standing& here : field.standings()) {
        for (const std::size_t at : here.heard) {
            if (fits(here, at, field.as<Heard>(at))) return at;
        }
    }
    return kNowhere;
}

inline const View& view_of(const Field& field, const Standing& here) {
    return field.as<View>(here.view);
}

inline bool same_view(const View& one, const View& other) {
    return one.group == other.group && one.ring == other.ring && one.index == other.index;
}

inline Session speaker(const Field& field, const Heard& it) {
    return field.as<Said>(field.said_at(it.message)).session;
}

inline bool is_own(const Field& field, const Standing& here, const Heard& it) {
    return speaker(field, it) == here.session;
}

/// Another session in the same view.
template <typename Fits>
const Standing* other_in_view(const Field& field, const Standing& here, Fits&& fits) {
    return standing(field, [&](const Standing& other) {
        return other.session != here.session &&
               same_view(view_of(field, here), view_of(field, other)) && fits(other);
    });
}

/// Another session that goes with this one to the same next view, in the same set.
inline const Standing* one_along(const Field& field, const Standing& here) {
    if (!here.moved_on()) return nullptr;
    const View& next = field.as<View>(here.next);
    return other_in_view(field, here, [&](const Standing& other) {
        if (!other.moved_on()) return false;
        const View& theirs = field.as<View>(other.next);
        return next.cause != Cause::self_leave && theirs.cause != Cause::self_leave &&
               same_view(next, theirs) && next.mine == theirs.mine;
    });
}

template <typename Change>
void change_view_at_all(Trace& trace, const View& which, Change&& change) {
    for (Record& record : trace.records) {
        auto* view = std::get_if<View>(&record);
        if (view != nullptr && same_view(*view, which)) change(*view);
    }
}

}  // namespace torc::check
