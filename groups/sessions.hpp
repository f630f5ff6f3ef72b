// The sessions of this daemon: which slot is open, under which name.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/hash_index.hpp"
#include "base/ids.hpp"
#include "base/lazy_array.hpp"
#include "base/limits.hpp"
#include "groups/name.hpp"

namespace torc::groups {

class Sessions {
public:
    Sessions() : slots_(kSessionsMax), by_name_(kSessionsMax) {}

    enum class Open : std::uint8_t { opened, bad_name, name_taken, slot_taken };
    Open open(SessionId id, std::string_view name);
    void close(SessionId id);

    bool is_open(SessionId id) const { return is_used(id.slot) && slots_[id.slot].id == id; }
    std::string_view name(SessionId id) const { return slots_[id.slot].name.view(); }
    /// The open session in `slot`; slot 0xFFFF if none is.
    SessionId in_slot(std::uint16_t slot) const {
        return is_used(slot) ? slots_[slot].id : SessionId{};
    }
    /// The session of that name; slot 0xFFFF if there is none.
    SessionId find(std::string_view name) const;
    std::size_t count() const { return by_name_.count(); }
    /// Rises whenever one is opened or closed.
    std::uint64_t changes() const { return changes_; }

private:
    struct Slot {
        bool in_use{false};
        SessionId id;
        SessionName name;
    };
    bool is_used(std::uint16_t slot) const { return slot < slots_used_ && slots_[slot].in_use; }

    LazyArray<Slot> slots_;
    HashIndex by_name_;
    std::uint16_t slots_used_{0};  ///< slots from here on were never opened
    std::uint64_t changes_{0};
};

}  // namespace torc::groups
