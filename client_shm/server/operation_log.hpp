// Which of a session's operations an answer from the order belongs to. The engine takes operations
// in order, and those that have their place in the total order (joins, leaves, answers to flush
// requests, causal and stronger messages) get it in that order; so counting suffices, once it is
// known which numbers are of that kind: a bit for each operation under way. Of the weaker messages
// it is known how many are under way, not which.
//
// Numbers are the daemon's own count of records; what the client wrote is not looked at.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace torc::client_shm {

class OperationLog {
public:
    /// Operations of a session from the oldest under way to the newest; then it has to wait.
    static constexpr std::uint64_t kUnderWayMax = 4096;

    /// What an operation waits for.
    enum class Place : std::uint8_t {
        total,  ///< its place among all that is ordered
        loose,  ///< to be sent; others may overtake it
        none,   ///< nothing: unreliable
    };

    /// Whether the next operation may be offered to the engine, `ahead` others being on their way
    /// to it.
    bool has_room(std::uint64_t ahead = 0) const { return taken_ + ahead - placed_ < kUnderWayMax; }

    /// The next operation is offered: from here on its place may come, also while it is withdrawn:
    /// of a large message the last part may be sent and delivered before the engine, offered it
    /// once more, says that it has all of it.
    void offer() {
        ++taken_;
        offered_ = true;
    }
    /// The engine did not take it now; it will be offered again.
    void withdraw() {
        --taken_;
        offered_ = false;
        withdrawn_ = true;
    }
    void accept(Place place) {
        const bool total_is_early = early_total_;
        const bool loose_is_early = early_loose_;
        settle();
        switch (place) {
            case Place::none:
                if (!loose_is_early) ++ordered_;
                return skip_settled();
            case Place::loose:
                if (!loose_is_early) ++loose_;
                return skip_settled();
            case Place::total:
                if (loose_is_early) --ordered_;  // that was another's
                if (total_is_early) return skip_settled();
                ++waiting_;
                word_of(taken_) |= bit_of(taken_);
        }
    }
    void refuse() {
        settle();
        ++refused_;
        skip_settled();
    }

    /// The oldest operation that waits for Place::total has it. Gives: its number; 0 if there is
    /// none, which is so for what the daemon itself orders in the session's name.
    std::uint64_t on_total() {
        if (waiting_ == 0) {
            if (!is_at_hand() || early_total_) return 0;
            early_total_ = true;
            ++ordered_;
            return offered_ ? taken_ : taken_ + 1;
        }
        const std::uint64_t number = oldest_waiting();
        word_of(number) &= ~bit_of(number);
        placed_ = number;
        ++ordered_;
        if (--waiting_ == 0 && !offered_) placed_ = taken_;
        return number;
    }
    /// One that waits for Place::loose was sent. (A large unreliable one travels as FIFO and is
    /// reported here too, though nothing waits for it: then a count is ahead for a while.)
    void on_loose() {
        if (loose_ > 0) {
            --loose_;
        } else if (is_at_hand() && !early_loose_) {
            early_loose_ = true;
        } else {
            return;
        }
        ++ordered_;
    }

    /// Number of the latest operation that was offered and not withdrawn.
    std::uint64_t taken() const { return taken_; }
    std::uint64_t ordered() const { return ordered_; }
    std::uint64_t refused() const { return refused_; }

private:
    static constexpr std::uint64_t kWordBits = 64;

    std::uint64_t& word_of(std::uint64_t number) {
        return waits_[number % kUnderWayMax / kWordBits];
    }
    static std::uint64_t bit_of(std::uint64_t number) {
        return std::uint64_t{1} << (number % kWordBits);
    }
    /// There is one, behind placed_.
    std::uint64_t oldest_waiting() {
        std::uint64_t number = placed_ + 1;
        for (;;) {
            const std::uint64_t rest = word_of(number) >> (number % kWordBits);
            if (rest != 0) return number + static_cast<std::uint64_t>(std::countr_zero(rest));
            number += kWordBits - number % kWordBits;
        }
    }
    /// Being offered, or to be offered again.
    bool is_at_hand() const { return offered_ || withdrawn_; }
    void settle() { offered_ = withdrawn_ = early_total_ = early_loose_ = false; }
    void skip_settled() {
        if (waiting_ == 0) placed_ = taken_;
    }

    std::array<std::uint64_t, kUnderWayMax / kWordBits> waits_{};  ///< bit: waits for Place::total
    std::uint64_t placed_{0};                                      ///< none up to here waits
    std::uint64_t taken_{0};
    std::uint64_t ordered_{0};
    std::uint64_t refused_{0};
    std::uint64_t waiting_{0};
    std::uint64_t loose_{0};
    bool offered_{false};
    bool withdrawn_{false};
    bool early_total_{false};  ///< the one at hand has its place already
    bool early_loose_{false};
};

}  // namespace torc::client_shm
