#include "groups/sessions.hpp"

namespace torc::groups {

Sessions::Open Sessions::open(SessionId id, std::string_view name) {
    if (id.slot >= kSessionsMax || slots_[id.slot].in_use) return Open::slot_taken;
    if (!is_session_name(name)) return Open::bad_name;
    if (find(name).slot != SessionId{}.slot) return Open::name_taken;
    slots_[id.slot] = Slot{true, id, SessionName(name)};
    slots_used_ = std::max<std::uint16_t>(slots_used_, static_cast<std::uint16_t>(id.slot + 1));
    return Open::opened;
}

SessionId Sessions::find(std::string_view name) const {
    for (std::uint16_t slot = 0; slot < slots_used_; ++slot) {
        if (slots_[slot].in_use && slots_[slot].name.view() == name) return slots_[slot].id;
    }
    return SessionId{};
}

}  // namespace torc::groups
