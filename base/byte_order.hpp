// Integers of the wire: little-endian, alignment 1. `bit_cast` of a byte array compiles to one
// move; a shift loop does not (measured on g++ 12).
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>

namespace torc {

template <std::unsigned_integral T>
class Le {
public:
    constexpr Le() = default;
    constexpr Le(T value) { *this = value; }  // NOLINT: reads as the integer it stores
    constexpr Le& operator=(T value) {
        bytes_ = std::bit_cast<std::array<std::byte, sizeof(T)>>(native(value));
        return *this;
    }
    constexpr T get() const { return native(std::bit_cast<T>(bytes_)); }
    constexpr operator T() const { return get(); }  // NOLINT: reads as the integer it stores

private:
    static constexpr T native(T value) {
        if constexpr (std::endian::native == std::endian::little || sizeof(T) == 1) {
            return value;
        } else {
            T swapped{};
            for (std::size_t i = 0; i < sizeof(T); ++i) {
                swapped = static_cast<T>(swapped << 8 | (value >> (8 * i) & 0xFF));
            }
            return swapped;
        }
    }

    std::array<std::byte, sizeof(T)> bytes_{};
};

using le16 = Le<std::uint16_t>;
using le32 = Le<std::uint32_t>;
using le64 = Le<std::uint64_t>;
static_assert(sizeof(le64) == 8 && alignof(le64) == 1);

}  // namespace torc
