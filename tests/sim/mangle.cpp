#include "tests/sim/mangle.hpp"

#include <algorithm>

#include "wire/validate.hpp"

namespace torc::sim {
namespace {

using Bytes = std::vector<std::byte>;

/// Hop flags and transmitter: good for statistics and hints, never trusted.
constexpr std::size_t kHintsBegin = 3;
constexpr std::size_t kHintsEnd = 6;
constexpr std::size_t kLengthAt = 6;

void flip_bits(Bytes& bytes, Prng& prng) {
    // The headers decide most, so half of the flips go there.
    const std::size_t reach =
        prng.chance(500'000) ? std::min<std::size_t>(bytes.size(), 64) : bytes.size();
    for (std::uint64_t flips = prng.between(1, 3); flips != 0; --flips) {
        bytes[prng.below(reach)] ^= static_cast<std::byte>(1u << prng.below(8));
    }
}

void set_length(Bytes& bytes, std::size_t length) {
    if (bytes.size() < kLengthAt + 2) return;
    bytes[kLengthAt] = static_cast<std::byte>(length);
    bytes[kLengthAt + 1] = static_cast<std::byte>(length >> 8);
}

/// Head of one frame, tail of another, as a card does that mixes up two buffers.
void splice(Bytes& bytes, const Bytes& other, Prng& prng) {
    const std::size_t from = prng.below(std::min(bytes.size(), other.size()));
    bytes.resize(from);
    bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(from), other.end());
}

}  // namespace

Packet mangled(const Packet& packet, const Packet& other, Prng& prng) {
    auto copy = std::make_shared<Bytes>(*packet);
    if (copy->empty()) return copy;
    switch (prng.below(5)) {
        case 0:
        case 1:
            flip_bits(*copy, prng);
            break;
        case 2:
            copy->resize(prng.below(copy->size()));
            // Half of them consistently short: their inner counts must be caught.
            if (prng.chance(500'000) && copy->size() >= 16) set_length(*copy, copy->size() - 16);
            break;
        case 3:
            if (other && !other->empty()) splice(*copy, *other, prng);
            break;
        default:
            set_length(*copy, prng.below(1u << 16));
    }
    return copy;
}

bool survives_checksum(const Packet& damaged, const Packet& original, std::uint32_t config_hash) {
    if (wire::validate(*damaged, config_hash) != wire::RejectReason::none) return true;
    if (damaged->size() != original->size()) return false;
    for (std::size_t i = 0; i < damaged->size(); ++i) {
        const bool is_hint = i >= kHintsBegin && i < kHintsEnd;
        if (!is_hint && (*damaged)[i] != (*original)[i]) return false;
    }
    return true;
}

}  // namespace torc::sim
