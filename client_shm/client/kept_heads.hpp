// What messages in a row have in common: a message may come without its head, which is that of the
// one before it (layout.hpp, kSameHead). By then the ring may be written anew where the head lay,
// so each is copied once, to a place here, and that is where the names of its messages lead to. A
// place stays as it is while a message of that head is held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "client_shm/layout.hpp"
#include "torc/torc.h"

namespace torc::client_shm {

/// Part of a torc_session: in its memory, under its receive lock.
class KeptHeads {
public:
    /// Instead of a place: the names lie in the ring, or there are none.
    static constexpr std::uint8_t kNowhere = UINT8_MAX;

    /// From here on no message may come without a head.
    void forget() { known_ = false; }
    /// Whether one may.
    bool known() const { return known_; }
    /// Forgets, and copies the names of a new head. Gives: the copy, which alone is to be believed.
    const std::byte* copy_names(const std::byte* names, std::size_t bytes) {
        known_ = false;
        // One is free: there are more places than messages that can be held now.
        while (holders_[present_] > 0) present_ = present_ + 1 == kPlaces ? 0 : present_ + 1;
        std::memcpy(names_[present_], names, bytes);
        names_bytes_ = bytes;
        return names_[present_];
    }
    /// The names make sense: messages of that head are as `common` says, up to its `members`.
    torc_message& learn() {
        known_ = true;
        return common_;
    }

    /// Of the head that is known.
    const torc_message& common() const { return common_; }
    std::uint8_t place() const { return present_; }
    const std::byte* names() const { return names_[present_]; }
    std::size_t names_bytes() const { return names_bytes_; }

    /// The program holds one more message whose names lie there; or one less.
    void hold(std::uint8_t place) {
        if (place != kNowhere) ++holders_[place];
    }
    void drop(std::uint8_t place) {
        if (place != kNowhere) --holders_[place];
    }

private:
    /// One for each message that is held, and one for a head that comes while all of them are.
    static constexpr std::uint8_t kPlaces = TORC_HELD_MAX + 1;
    static constexpr std::size_t kNamesMax = kSharedHeadBytesMax - sizeof(MessageBody);
    static_assert(kPlaces < kNowhere);

    bool known_{false};
    std::uint8_t present_{0};
    std::uint8_t holders_[kPlaces]{};
    std::size_t names_bytes_{0};
    torc_message common_;
    std::byte names_[kPlaces][kNamesMax];
};

}  // namespace torc::client_shm
