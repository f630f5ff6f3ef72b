// The sessions of this daemon: which slot is open, under which name.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "groups/name.hpp"

namespace torc::groups {

class Sessions {
public:
    Sessions() : slots_(kSessionsMax) {}

    enum class Open : std::uint8_t { opened, bad_name, name_taken, slot_taken };
    Open open(SessionId id, std::string_view name);
    void close(SessionId id) { slots_[id.slot].in_use = false; }

    bool is_open(SessionId id) const {
        return id.slot < kSessionsMax && slots_[id.slot].in_use && slots_[id.slot].id == id;
    }
    std::string_view name(SessionId id) const { return slots_[id.slot].name.view(); }
    /// The open session in `slot`; slot 0xFFFF if none is.
    SessionId in_slot(std::uint16_t slot) const {
        return slots_[slot].in_use ? slots_[slot].id : SessionId{};
    }
    /// The session of that name; slot 0xFFFF if there is none. Cost: walks the slots in use.
    SessionId find(std::string_view name) const;

private:
    struct Slot {
        bool in_use{false};
        SessionId id;
        SessionName name;
    };
    std::vector<Slot> slots_;
    std::uint16_t slots_used_{0};  ///< slots from here on were never opened
};

}  // namespace torc::groups
