// Bytes of a message in pieces that need not be adjacent, with their sum: many ask for it.
#pragma once

#include <array>
#include <cstddef>
#include <span>

namespace torc::wire {

class Pieces {
public:
    using Piece = std::span<const std::byte>;

    constexpr Pieces() = default;
    /// The pieces must outlive this.
    constexpr Pieces(const Piece* first, std::size_t count) : pieces_(first, count) {
        for (const Piece piece : pieces_) length_ += piece.size();
    }
    template <std::size_t N>
    constexpr Pieces(const std::array<Piece, N>& pieces)  // NOLINT: is a span of them
        : Pieces(pieces.data(), N) {}

    /// Bytes of all.
    std::size_t length() const { return length_; }
    const Piece* begin() const { return pieces_.data(); }
    const Piece* end() const { return pieces_.data() + pieces_.size(); }

private:
    std::span<const Piece> pieces_;
    std::size_t length_{0};
};

}  // namespace torc::wire
