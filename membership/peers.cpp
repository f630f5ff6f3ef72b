#include "membership/peers.hpp"

#include <algorithm>

namespace torc::membership {

Peers::Record& Peers::record_of(const Member& member) {
    Records& records = known_[raw(member.index)];
    for (Record& record : records) {
        if (record.incarnation == member.incarnation) return record;
    }
    Record fresh;
    fresh.incarnation = member.incarnation;
    fresh.heard = kLongAgo;
    if (!records.full()) {
        records.push_back(fresh);
        return records.back();
    }
    Record& oldest =
        *std::min_element(records.begin(), records.end(),
                          [](const Record& a, const Record& b) { return a.heard < b.heard; });
    oldest = fresh;
    return oldest;
}

void Peers::note_any(Instant now, const wire::Control& control) {
    Record& record = record_of(control.sender);
    if (control.ctl <= record.newest) return;
    record.newest = control.ctl;
    record.heard = now;
}

bool Peers::note_presence(const wire::Control& control) {
    Record& record = record_of(control.sender);
    if (control.ctl <= record.newest_presence) return false;
    record.newest_presence = control.ctl;
    return true;
}

Instant Peers::heard_at(const Member& member) const {
    for (const Record& record : known_[raw(member.index)]) {
        if (record.incarnation == member.incarnation) return record.heard;
    }
    return kLongAgo;
}

wire::HearsList Peers::hears(Instant now, Nanos window) const {
    wire::HearsList list;
    for (std::size_t i = 0; i < presence_.size(); ++i) {
        const Presence& presence = presence_[i];
        if (presence.kind == Presence::Kind::none || now - presence.at > window) continue;
        list.push_back({NodeIndex{static_cast<std::uint16_t>(i)},
                        static_cast<std::uint32_t>(raw(presence.incarnation)),
                        static_cast<std::uint32_t>(presence.ctl)});
    }
    return list;
}

}  // namespace torc::membership
