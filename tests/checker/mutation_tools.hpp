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

}  // namespace torc::check
