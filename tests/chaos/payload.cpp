#include "tests/chaos/payload.hpp"

#include <algorithm>
#include <cstring>

#include "base/prng.hpp"

namespace torc::chaos {
namespace {

constexpr std::uint64_t kMark = 0x7370'6F68'7363'6861;

struct Head {
    std::uint64_t mark{kMark};
    std::uint64_t message{0};
    std::uint64_t size{0};
    std::uint64_t checksum{0};  ///< of everything, this field taken as 0
};
static_assert(sizeof(Head) == kPayloadMin);

/// FNV-1a.
std::uint64_t checksum(std::span<const std::byte> bytes) {
    std::uint64_t hash = 0xCBF29CE484222325;
    for (const std::byte byte : bytes) {
        hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001B3;
    }
    return hash;
}

}  // namespace

std::vector<std::byte> make_payload(std::uint64_t message, std::size_t size) {
    std::vector<std::byte> payload(std::max(size, kPayloadMin));
    Prng bytes(message);
    for (std::size_t at = kPayloadMin; at < payload.size(); at += sizeof(std::uint64_t)) {
        const std::uint64_t word = bytes.next();
        std::memcpy(payload.data() + at, &word, std::min(sizeof word, payload.size() - at));
    }
    Head head{.message = message, .size = payload.size()};
    std::memcpy(payload.data(), &head, sizeof head);
    head.checksum = checksum(payload);
    std::memcpy(payload.data(), &head, sizeof head);
    return payload;
}

Parsed parse_payload(std::span<const std::byte> payload) {
    Parsed parsed;
    if (payload.size() < kPayloadMin) return {0, "shorter than any that was said"};
    Head head;
    std::memcpy(&head, payload.data(), sizeof head);
    parsed.message = head.message;
    if (head.mark != kMark) {
        parsed.mistake = "not one of ours";
    } else if (head.size != payload.size()) {
        parsed.mistake = "of " + std::to_string(payload.size()) + " bytes, said with " +
                         std::to_string(head.size);
    } else {
        std::vector<std::byte> copy(payload.begin(), payload.end());
        Head zeroed = head;
        zeroed.checksum = 0;
        std::memcpy(copy.data(), &zeroed, sizeof zeroed);
        if (checksum(copy) != head.checksum) parsed.mistake = "with other bytes than were said";
    }
    return parsed;
}

}  // namespace torc::chaos
