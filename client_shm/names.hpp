// Names inside records: u8 size, bytes, NUL, one after the other. Writing trusts the caller, who
// has made room; reading trusts nothing. Also the rule of what a session name may be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/limits.hpp"
#include "client_shm/layout.hpp"

namespace torc::client_shm {

/// 1..kNameMax printable ASCII bytes without '#' (it separates the parts of a private name).
inline constexpr bool is_session_name(std::string_view name) {
    if (name.empty() || name.size() > kNameMax) return false;
    for (const char c : name) {
        if (c <= ' ' || c >= 0x7F || c == '#') return false;
    }
    return true;
}

/// Groups and private names as far as the library checks them: 1..max bytes, no control bytes.
/// Whether a private name is well-formed the engine decides.
inline constexpr bool is_destination_name(std::string_view name, std::size_t max) {
    if (name.empty() || name.size() > max) return false;
    for (const char c : name) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) return false;
    }
    return true;
}

/// Takes: a name of at most 255 bytes and room for name_bytes(size). Gives: behind the name.
inline std::byte* write_name(std::byte* at, std::string_view name) {
    *at++ = static_cast<std::byte>(name.size());
    if (!name.empty()) std::memcpy(at, name.data(), name.size());
    at += name.size();
    *at++ = std::byte{0};
    return at;
}

/// Reads names from private memory (see `copy_once`).
class NameReader {
public:
    NameReader(const std::byte* at, std::size_t bytes) : at_{at}, left_{bytes} {}

    /// False if what stands there is no name; then `name` is untouched.
    bool take(std::string_view& name) {
        if (left_ < 2) return false;
        const auto size = static_cast<std::size_t>(*at_);
        if (left_ < name_bytes(size) || at_[1 + size] != std::byte{0}) return false;
        name = {static_cast<const char*>(static_cast<const void*>(at_ + 1)), size};
        at_ += name_bytes(size);
        left_ -= name_bytes(size);
        return true;
    }
    std::size_t left() const { return left_; }

private:
    const std::byte* at_;
    std::size_t left_;
};

}  // namespace torc::client_shm
