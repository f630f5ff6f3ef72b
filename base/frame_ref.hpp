// A loan of frame memory. Drivers own frames; the core holds references by an opaque cookie and
// gives each back exactly once (see engine/effects.hpp for the contract).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace torc {

/// A frame's UDP payload: hop header first. In production the cookie is an `rte_mbuf*` or a buffer
/// of the kernel-UDP port; in simulation an arena slot.
struct FrameRef {
    void* cookie{nullptr};
    std::byte* data{nullptr};
    std::uint32_t size{0};      ///< bytes that hold the frame
    std::uint32_t capacity{0};  ///< bytes that may be written; 0 for frames that were received

    explicit operator bool() const { return cookie != nullptr; }
    std::span<const std::byte> bytes() const { return {data, size}; }
    std::span<std::byte> room() const { return {data, capacity}; }
};

}  // namespace torc
