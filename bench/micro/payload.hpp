// What the programs here send: bytes that are the same at every run and not all alike.
#pragma once

#include <cstddef>
#include <vector>

namespace torc::bench {

inline std::vector<std::byte> payload_of(std::size_t bytes) {
    std::vector<std::byte> payload(bytes);
    for (std::size_t i = 0; i < bytes; ++i) payload[i] = static_cast<std::byte>(i * 131 + 7);
    return payload;
}

}  // namespace torc::bench
