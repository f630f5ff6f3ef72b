// What one session's ring still refers to in the log, oldest first. Bounded twice, so that a reader
// that stands still never keeps more than a part of the log from the others: by places here, and by
// blocks. A session at either bound gets copies in its own ring until it has read on.
#pragma once

#include <array>
#include <cstdint>

#include "client_shm/server/delivery_log.hpp"

namespace torc::client_shm {

class LogPins {
public:
    static constexpr std::uint32_t kPinsMax = 16;
    /// A session keeps at most this part of the log's blocks, unless one message needs more.
    static constexpr std::uint32_t kShareOfLog = 4;

    /// Takes: the log, or nullptr; it outlives the pins.
    void start(DeliveryLog* log) {
        log_ = log;
        first_ = count_ = blocks_ = 0;
    }
    DeliveryLog* log() const { return log_; }
    bool empty() const { return count_ == 0; }
    /// The ring refers to the log's open extent already.
    bool has_open() const { return count_ > 0 && newest().extent == log_->open(); }
    /// Whether it may.
    bool may_pin_open() const {
        if (has_open()) return true;
        const std::uint32_t share = log_->blocks() / kShareOfLog;
        return count_ < kPinsMax && (count_ == 0 || blocks_ + log_->size_of(log_->open()) <= share);
    }

    /// The record of the ring that ends at `until` refers to the open extent. After may_pin_open.
    void pin_open(std::uint64_t until) {
        if (!has_open()) {
            ++count_;
            newest().extent = log_->open();
            log_->pin(log_->open());
            blocks_ += log_->size_of(log_->open());
        }
        newest().until = until;
    }
    /// The client has given back everything in the ring before `head`.
    void pass(std::uint64_t head) {
        // Counters of 64 bits do not wrap; `head` never lies beyond the ring's tail.
        while (count_ > 0 && oldest().until <= head) drop_oldest();
    }
    void drop_all() {
        while (count_ > 0) drop_oldest();
    }

private:
    struct Pin {
        std::uint64_t until;
        std::uint32_t extent;
    };
    Pin& newest() { return pins_[(first_ + count_ - 1) % kPinsMax]; }
    const Pin& newest() const { return pins_[(first_ + count_ - 1) % kPinsMax]; }
    const Pin& oldest() const { return pins_[first_]; }
    void drop_oldest() {
        blocks_ -= log_->size_of(oldest().extent);
        log_->unpin(oldest().extent);
        first_ = (first_ + 1) % kPinsMax;
        --count_;
    }

    DeliveryLog* log_{nullptr};
    std::uint32_t first_{0};
    std::uint32_t count_{0};
    std::uint32_t blocks_{0};
    std::array<Pin, kPinsMax> pins_{};
};

}  // namespace torc::client_shm
