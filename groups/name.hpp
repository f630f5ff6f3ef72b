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
/// Names that can be joined: 1..kGroupNameMax bytes of UTF-8 without control characters, not
/// beginning with '#'.
bool is_group_name(std::string_view name);
/// The narrower rule of Spread: 1..kSpreadGroupNameMax printable ASCII bytes without '#'.
bool is_spread_group_name(std::string_view name);
/// Destinations of a message: a group name or a private name `#session#daemon`.
bool is_destination(std::string_view name);

struct PrivateName {
    std::string_view session;
    std::string_view daemon;
};
/// Splits `#session#daemon`; both parts empty if it is not one.
PrivateName split_private(std::string_view name);

/// 64-bit hash of a name, the same on every host: digests that daemons compare are made of it.
std::uint64_t hash_name(std::string_view name);

}  // namespace torc::groups
