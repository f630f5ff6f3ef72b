// What makes a struct safe to copy from and to a frame, and the two copies. A packet is never
// reinterpreted in place: alignment, lifetime and aliasing would all be wrong.
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

#include "base/check.hpp"

namespace torc::wire {

/// Bytes in memory are the bytes on the wire: any offset, no padding, no pointers to fix.
template <typename T>
concept WireStruct = std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T> &&
                     alignof(T) == 1 && std::has_unique_object_representations_v<T>;

/// Takes a T from the front of `bytes` and shortens it; nothing (and `bytes` unchanged) if fewer
/// bytes are left.
template <WireStruct T>
std::optional<T> take(std::span<const std::byte>& bytes) {
    if (bytes.size() < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    bytes = bytes.subspan(sizeof(T));
    return value;
}

/// Reads a T at an offset that the caller has checked.
template <WireStruct T>
T load(std::span<const std::byte> bytes, std::size_t offset = 0) {
    TORC_CHECK(offset <= bytes.size() && bytes.size() - offset >= sizeof(T));
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof(T));
    return value;
}

/// Writes a T at an offset that the caller has checked.
template <WireStruct T>
void store(std::span<std::byte> bytes, std::size_t offset, const T& value) {
    TORC_CHECK(offset <= bytes.size() && bytes.size() - offset >= sizeof(T));
    std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

}  // namespace torc::wire
