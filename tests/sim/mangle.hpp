// Damaged packets. Frames are not sealed yet, so what stands between a flipped bit and the core is
// the checksum of UDP and `wire::validate`. The simulator lets a damaged packet through if validate
// must refuse it, or if the damage is only to what is never trusted (hop flags, transmitter);
// everything else dies as the checksum would have it. What a packet that lies *well* may do stands
// in forger.hpp, and runs without oracles.
#pragma once

#include <cstdint>

#include "base/prng.hpp"
#include "tests/sim/network.hpp"

namespace torc::sim {

/// A damaged copy: bits flipped anywhere, cut short, a tail of `other` behind its own head, or a
/// length that is wrong. Never longer than the longer one of both.
Packet mangled(const Packet& packet, const Packet& other, Prng& prng);

/// Whether a damaged copy may reach the core, which has to cope with it.
bool survives_checksum(const Packet& damaged, const Packet& original, std::uint32_t config_hash);

}  // namespace torc::sim
