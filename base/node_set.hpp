// A set of daemons by index: 128 bits, no allocation.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/check.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"

namespace torc {

class NodeSet {
public:
    bool contains(NodeIndex index) const {
        return raw(index) < kNodesMax && (words_[raw(index) / 64] >> (raw(index) % 64) & 1) != 0;
    }
    void add(NodeIndex index) {
        TORC_CHECK(raw(index) < kNodesMax);
        words_[raw(index) / 64] |= std::uint64_t{1} << (raw(index) % 64);
    }
    void remove(NodeIndex index) {
        TORC_CHECK(raw(index) < kNodesMax);
        words_[raw(index) / 64] &= ~(std::uint64_t{1} << (raw(index) % 64));
    }
    void clear() { words_ = {}; }
    std::size_t size() const {
        return static_cast<std::size_t>(std::popcount(words_[0]) + std::popcount(words_[1]));
    }
    bool empty() const { return (words_[0] | words_[1]) == 0; }
    friend bool operator==(const NodeSet&, const NodeSet&) = default;

private:
    std::array<std::uint64_t, kNodesMax / 64> words_{};
};

}  // namespace torc
