// Local sessions as a set of slots, for the fan-out of a message: two levels of 64 bits, so that
// making, walking and joining sets costs what is in them and not what could be.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "base/limits.hpp"

namespace torc::groups {

class SessionSet {
public:
    /// Leaves the words as they are: which of them count is said by `used_`.
    SessionSet() {}  // NOLINT: `= default` would zero half a kilobyte

    void add(std::uint16_t slot) {
        if (!has_word(slot / 64)) words_[slot / 64] = 0;
        used_ |= bit(slot / 64);
        words_[slot / 64] |= bit(slot);
    }
    void remove(std::uint16_t slot) {
        if (!has_word(slot / 64)) return;
        words_[slot / 64] &= ~bit(slot);
        if (words_[slot / 64] == 0) used_ &= ~bit(slot / 64);
    }
    bool contains(std::uint16_t slot) const {
        return has_word(slot / 64) && (words_[slot / 64] & bit(slot)) != 0;
    }
    bool empty() const { return used_ == 0; }
    void clear() { used_ = 0; }
    void add_all(const SessionSet& other) {
        for_each_bit(other.used_, [&](std::size_t word) {
            words_[word] = other.words_[word] | (has_word(word) ? words_[word] : 0);
        });
        used_ |= other.used_;
    }
    template <typename F>
    void for_each(F&& visit) const {
        for_each_bit(used_, [&](std::size_t word) {
            for_each_bit(words_[word], [&](std::size_t place) {
                visit(static_cast<std::uint16_t>(64 * word + place));
            });
        });
    }

private:
    static constexpr std::size_t kWords = kSessionsMax / 64;
    static_assert(kWords <= 64 && kSessionsMax % 64 == 0);

    static constexpr std::uint64_t bit(std::size_t place) { return std::uint64_t{1} << place % 64; }
    bool has_word(std::size_t word) const { return (used_ & bit(word)) != 0; }
    template <typename F>
    static void for_each_bit(std::uint64_t bits, F&& visit) {
        for (; bits != 0; bits &= bits - 1) {
            visit(static_cast<std::size_t>(std::countr_zero(bits)));
        }
    }

    std::uint64_t used_{0};  ///< words that hold something
    std::array<std::uint64_t, kWords> words_;
};

}  // namespace torc::groups
