// Which frames above some base one member holds: bit i speaks of seq base + 1 + i.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/check.hpp"
#include "base/limits.hpp"

namespace torc::wire {

class HaveBitmap {
public:
    std::size_t size() const { return size_; }
    /// Sets the length in bits; new bits are clear.
    void resize(std::size_t bits) {
        TORC_CHECK(bits <= kWindowFrames);
        for (std::size_t i = bits; i < size_; ++i) clear(i);
        size_ = bits;
    }
    bool test(std::size_t bit) const {
        return bit < size_ && (words_[bit / 64] >> (bit % 64) & 1) != 0;
    }
    void set(std::size_t bit) {
        TORC_CHECK(bit < size_);
        words_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
    void clear(std::size_t bit) { words_[bit / 64] &= ~(std::uint64_t{1} << (bit % 64)); }
    std::size_t count() const {
        std::size_t bits = 0;
        for (std::size_t w = 0; w < (size_ + 63) / 64; ++w) {
            bits += static_cast<std::size_t>(std::popcount(words_[w]));
        }
        return bits;
    }
    friend bool operator==(const HaveBitmap& a, const HaveBitmap& b) {
        if (a.size_ != b.size_) return false;
        for (std::size_t w = 0; w < (a.size_ + 63) / 64; ++w) {
            if (a.words_[w] != b.words_[w]) return false;
        }
        return true;
    }
    /// Word access for the codec: 64 bits from bit 64 * index.
    std::uint64_t word(std::size_t index) const { return words_[index]; }
    void set_word(std::size_t index, std::uint64_t word) { words_[index] = word; }

private:
    std::array<std::uint64_t, kWindowFrames / 64> words_{};
    std::size_t size_{0};
};

}  // namespace torc::wire
