// Frames in ordinary memory, and one sample message of every kind: the ones whose bytes stand in
// tests/golden.
#pragma once

#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <fstream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/prng.hpp"
#include "wire/control_parts.hpp"
#include "wire/data.hpp"
#include "wire/membership.hpp"
#include "wire/status.hpp"
#include "wire/token.hpp"
#include "wire/validate.hpp"

namespace torc::wire::test {

using Bytes = std::vector<std::byte>;

inline constexpr std::uint32_t kHash = 0x44332211;
inline constexpr std::uint64_t kFingerprint = 0x8877665544332211;
inline constexpr RingId kRing{0x0102030405060708, NodeIndex{1}};
inline constexpr Member kOther{NodeIndex{1}, Incarnation{1}};
inline constexpr Member kMe{NodeIndex{2}, Incarnation{0x800000000A0B0C0D}};
inline constexpr Control kControl{kMe, 17, kFingerprint};
inline constexpr AttemptId kAttempt{0x01000002, NodeIndex{2}, 0x77};

/// A frame that owns its memory, which is as dirty as a pool's.
class OwnedFrame {
public:
    explicit OwnedFrame(std::size_t capacity = kFrameBytesMax)
        : memory_(capacity, std::byte{0xDD}) {
        ref.cookie = this;
        ref.data = memory_.data();
        ref.capacity = static_cast<std::uint32_t>(capacity);
    }
    OwnedFrame(const OwnedFrame&) = delete;
    OwnedFrame& operator=(const OwnedFrame&) = delete;
    Bytes bytes() const { return Bytes(ref.data, ref.data + ref.size); }

    FrameRef ref;

private:
    Bytes memory_;
};

/// A driver that keeps what was transmitted and counts loans.
class FakeDriver {
public:
    explicit FakeDriver(std::size_t pool = 1000) : pool_(pool) {}
    FrameIo io() {
        return FrameIo{this, [](void* self) { return static_cast<FakeDriver*>(self)->acquire(); },
                       [](void* self, const Transmit& transmit) {
                           auto* driver = static_cast<FakeDriver*>(self);
                           driver->sent.emplace_back(transmit.frame.data,
                                                     transmit.frame.data + transmit.frame.size);
                           driver->routes.push_back({transmit.to, transmit.channel});
                       },
                       [](void* self, void*) { --static_cast<FakeDriver*>(self)->loans; }};
    }

    struct Route {
        NodeIndex to;
        Channel channel;
    };
    std::vector<Bytes> sent;
    std::vector<Route> routes;
    int loans{0};

private:
    FrameRef acquire() {
        if (frames_.size() == pool_) return {};
        ++loans;
        return frames_.emplace_back().ref;
    }
    std::size_t pool_;
    std::deque<OwnedFrame> frames_;
};

inline Bytes to_bytes(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return Bytes(bytes.begin(), bytes.end());
}
inline std::span<const std::byte> behind_hop(std::span<const std::byte> frame) {
    return frame.subspan(sizeof(HopHeader));
}
inline std::span<const std::byte> body_of(std::span<const std::byte> control_frame) {
    return control_frame.subspan(sizeof(HopHeader) + sizeof(ControlHeader));
}
inline Bytes random_bytes(Prng& prng, std::size_t length) {
    Bytes bytes(length);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(prng.next());
    return bytes;
}

/// A file of tests/golden: pairs of hex digits; `#` begins a comment.
inline Bytes golden(const std::string& name) {
    const std::string path = std::string(TORC_GOLDEN_DIR) + "/" + name + ".hex";
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    Bytes bytes;
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream pairs(line.substr(0, line.find('#')));
        std::string pair;
        while (pairs >> pair) {
            EXPECT_EQ(pair.size(), 2u) << path << ": " << line;
            bytes.push_back(static_cast<std::byte>(std::stoul(pair, nullptr, 16)));
        }
    }
    return bytes;
}

inline const std::array<const char*, 10> kGoldenNames{
    "wire_data", "wire_data_fragment", "wire_token", "wire_status", "wire_wake",
    "wire_join", "wire_propose",       "wire_state", "wire_plan",   "wire_merge",
};

/// Patches the length fields of a frame that was cut or extended, so that deeper checks are met.
inline void patch_lengths(Bytes& frame) {
    const std::size_t behind = frame.size() - sizeof(HopHeader);
    frame[6] = static_cast<std::byte>(behind);
    frame[7] = static_cast<std::byte>(behind >> 8);
    if (Kind(frame[2]) == Kind::data && frame.size() >= kDataOverhead) {
        const std::size_t body = frame.size() - kDataOverhead;
        frame[44] = static_cast<std::byte>(body);
        frame[45] = static_cast<std::byte>(body >> 8);
    }
}

}  // namespace torc::wire::test
