// Names at the edges: sessions, groups, and private names `#session#daemon`. Fixed storage, so
// that the replicated directory allocates nothing.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "base/limits.hpp"

namespace torc::groups {

template <std::size_t N>
class FixedName {
    static_assert(N <= 255);

public:
    FixedName() = default;
    explicit FixedName(std::string_view text) {
        size_ = static_cast<std::uint8_t>(std::min(text.size(), N));
        std::copy_n(text.begin(), size_, bytes_.begin());
    }
    std::string_view view() const { return {bytes_.data(), size_}; }
    friend bool operator==(const FixedName& a, const FixedName& b) { return a.view() == b.view(); }

private:
    std::array<char, N> bytes_{};
    std::uint8_t size_{0};
};

using SessionName = FixedName<kNameMax>;
using GroupName = FixedName<kGroupNameMax>;

/// Names a session may have: 1..kNameMax printable ASCII bytes without '#' and blank.
bool is_session_name(std::string_view name);
/// Names that can be joined: 1..kGroupNameMax bytes, no control bytes, not beginning with '#'.
bool is_group_name(std::string_view name);
/// Destinations of a message: a group name or a private name `#session#daemon`.
bool is_destination(std::string_view name);

struct PrivateName {
    std::string_view session;
    std::string_view daemon;
};
/// Splits `#session#daemon`; both parts empty if it is not one.
PrivateName split_private(std::string_view name);

/// 64-bit FNV-1a of a name.
constexpr std::uint64_t hash_name(std::string_view name) {
    std::uint64_t hash = 0xCBF29CE484222325u;
    for (const char c : name) {
        hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3u;
    }
    return hash;
}

}  // namespace torc::groups
