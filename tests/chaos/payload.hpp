// What a client of the chaos test puts into a message: who says it, its number, and bytes that
// follow from the number, with a checksum over all. Whoever hears it needs nothing else to tell
// whether it is what was said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace torc::chaos {

/// Payloads are never smaller.
inline constexpr std::size_t kPayloadMin = 32;

/// `size` bytes, at least kPayloadMin.
std::vector<std::byte> make_payload(std::uint64_t message, std::size_t size);

struct Parsed {
    std::uint64_t message{0};
    std::string mistake;  ///< empty: every byte is as it was made
};
Parsed parse_payload(std::span<const std::byte> payload);

}  // namespace torc::chaos
