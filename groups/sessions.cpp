#include "groups/sessions.hpp"

#include "base/check.hpp"

namespace torc::groups {

Sessions::Open Sessions::open(SessionId id, std::string_view name) {
    if (id.slot >= kSessionsMax || is_used(id.slot)) return Open::slot_taken;
    if (!is_session_name(name)) return Open::bad_name;
    if (find(name).slot != SessionId{}.slot) return Open::name_taken;
    while (slots_used_ <= id.slot) slots_.put(slots_used_++);
    slots_[id.slot] = Slot{true, id, SessionName(name)};
    by_name_.insert(id.slot, hash_name(name));
    ++changes_;
    return Open::opened;
}

void Sessions::close(SessionId id) {
    TORC_CHECK(is_open(id));
    slots_[id.slot].in_use = false;
    by_name_.erase(id.slot);
    ++changes_;
}

SessionId Sessions::find(std::string_view name) const {
    const HashIndex::Id slot = by_name_.find(
        hash_name(name), [&](HashIndex::Id place) { return slots_[place].name.view() == name; });
    return slot == HashIndex::kNone ? SessionId{} : slots_[slot].id;
}

}  // namespace torc::groups
