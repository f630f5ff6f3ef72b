// Both ends of a byte ring in shared memory: one producer, one consumer, records of 16-byte aligned
// size, data mapped twice in a row so that every record is contiguous (layout.hpp). No system call,
// no allocation. Each end keeps its own counters in private memory and treats whatever the other
// side wrote as a claim: read once, checked, and only then used.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "client_shm/layout.hpp"

namespace torc::client_shm {

/// Orders this side's published counter before its look at the other side's sleep ticket, and the
/// ticket before a last look at the counter (store-load, hence the full fence).
inline void full_fence() {
#if defined(__SANITIZE_THREAD__)
    static std::atomic<int> fence_word{0};  // TSan does not model fences, an RMW it does
    fence_word.fetch_add(1, std::memory_order_seq_cst);
#else
    std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

/// Copies bytes that the other side may be changing. The compiler cannot read them a second time:
/// the signal fence makes it forget what it knows about memory.
inline void copy_once(void* target, const void* source, std::size_t bytes) {
    std::memcpy(target, source, bytes);
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

enum class RingStatus : std::uint8_t {
    ok,
    full,       ///< producer: no room now
    empty,      ///< consumer: nothing published
    too_large,  ///< producer: never fits
    corrupt,    ///< the other side's counter or record header is impossible
};

/// Writes records. `reserve`, fill `body()`, then `commit` or `abort`; `publish` once a batch.
class RingProducer {
public:
    RingProducer() = default;
    /// Without an `origin` that the consumer knows of, the ring never rewinds.
    RingProducer(std::byte* data, std::uint64_t capacity, Counter* tail, const Counter* peer_head,
                 Counter* origin = nullptr)
        : data_{data},
          capacity_{capacity},
          tail_word_{tail},
          head_word_{peer_head},
          origin_word_{origin} {}

    /// Makes room for a body of that many bytes. Cost: the other side's counter is read only when
    /// the room known of does not suffice.
    RingStatus reserve(std::uint64_t body_bytes) {
        if (body_bytes > record_bytes_max(capacity_) - sizeof(RecordHeader)) {
            return RingStatus::too_large;
        }
        if (may_rewind()) rewind();
        const std::uint64_t needed = record_bytes(body_bytes);
        if (needed > room()) {
            if (!refresh()) return RingStatus::corrupt;
            if (needed > room()) return RingStatus::full;
        }
        reserved_ = body_bytes;
        return RingStatus::ok;
    }
    std::byte* body() { return place(tail_) + sizeof(RecordHeader); }

    /// Ends the reserved record; `header.body_bytes` may be less than was reserved. Not visible
    /// before `publish`.
    void commit(RecordHeader header) {
        // By value and by fields: a copy of what was just put together waits for those writes.
        ::new (place(tail_))
            RecordHeader{header.body_bytes, header.type, header.flags, header.operation};
        tail_ += record_bytes(header.body_bytes);
        reserved_ = 0;
        // The consumer had these lines last; they come while the next record is being made.
        __builtin_prefetch(place(tail_) + kPrefetchAhead, 1);
        __builtin_prefetch(place(tail_) + kPrefetchAhead + kCacheLine, 1);
    }
    void abort() { reserved_ = 0; }
    /// `reserve` and `commit` in one, without a look at the other side's counter. Gives: where the
    /// caller puts the body before it publishes; nullptr if there may be no room.
    std::byte* append(RecordHeader header) {
        if (may_rewind()) rewind();
        const std::uint64_t needed = record_bytes(header.body_bytes);
        if (needed > room() || needed > record_bytes_max(capacity_)) return nullptr;
        std::byte* const at = body();
        commit(header);
        return at;
    }

    /// Shows all committed records to the consumer.
    void publish() {
        published_ = tail_;
        tail_word_->store(tail_, std::memory_order_release);  // pairs with RingConsumer::refresh
    }
    bool unpublished() const { return published_ != tail_; }

    /// Reads the consumer's counter. False if it is impossible: past our tail, unaligned, or behind
    /// where it has been.
    bool refresh() {
        const std::uint64_t head = head_word_->load(std::memory_order_acquire);  // pairs with
        // RingConsumer::publish: the bytes we overwrite next have been read
        if (head - head_ > published_ - head_ || head % kRecordAlign != 0) return false;
        head_ = head;
        return true;
    }
    std::uint64_t reserved() const { return reserved_; }
    /// Behind the last committed record.
    std::uint64_t tail() const { return tail_; }
    /// Last seen of the consumer's: it is done with everything before.
    std::uint64_t head() const { return head_; }
    std::uint64_t room() const { return capacity_ - fill(); }
    /// Bytes not yet released, as far as known; an upper bound until `refresh`.
    std::uint64_t fill() const { return tail_ - head_; }
    std::uint64_t capacity() const { return capacity_; }

private:
    static constexpr std::uint64_t kPrefetchAhead = 2 * kCacheLine;  ///< a small record

    std::byte* place(std::uint64_t counter) const {
        return data_ + ((counter - origin_) & (capacity_ - 1));
    }
    bool may_rewind() const {
        return tail_ - origin_ >= kRewindBytes && tail_ == published_ && origin_word_ != nullptr;
    }
    /// The consumer is done with every byte: nobody will look for one where it lay.
    void rewind() {
        if (!refresh() || head_ != tail_) return;
        origin_ = tail_;
        origin_word_->store(origin_, std::memory_order_relaxed);  // seen with the next tail
    }

    std::byte* data_{nullptr};
    std::uint64_t capacity_{0};
    std::uint64_t tail_{0};
    std::uint64_t origin_{0};  ///< stands at the start of the data
    std::uint64_t head_{0};    ///< last seen of the consumer's
    std::uint64_t published_{0};
    std::uint64_t reserved_{0};
    Counter* tail_word_{nullptr};
    const Counter* head_word_{nullptr};
    Counter* origin_word_{nullptr};
};

/// A record as the consumer sees it: the header is a private copy, the body still shared memory.
struct RecordView {
    RecordHeader header{};
    const std::byte* body{nullptr};
    std::uint64_t position{0};  ///< counter at which the record begins
    std::uint64_t end() const { return position + record_bytes(header.body_bytes); }
};

/// Reads records. `peek` looks at the next one, `advance` steps over it, `publish` gives room back.
class RingConsumer {
public:
    RingConsumer() = default;
    /// `peer_origin`: as the producer has it, or nullptr.
    RingConsumer(const std::byte* data, std::uint64_t capacity, Counter* head,
                 const Counter* peer_tail, const Counter* peer_origin = nullptr)
        : data_{data},
          capacity_{capacity},
          head_word_{head},
          tail_word_{peer_tail},
          origin_word_{peer_origin} {}

    /// Gives: ok and the record at the cursor; empty; or corrupt. A corrupt ring stays corrupt.
    RingStatus peek(RecordView& record) {
        if (next_ == tail_) {
            if (!refresh()) return RingStatus::corrupt;
            if (next_ == tail_) return RingStatus::empty;
        }
        const std::byte* at = data_ + ((next_ - origin_) & (capacity_ - 1));
        copy_once(&record.header, at, sizeof record.header);
        record.body = at + sizeof record.header;
        record.position = next_;
        const std::uint64_t bytes = record_bytes(record.header.body_bytes);
        if (bytes > tail_ - next_ || bytes > record_bytes_max(capacity_)) {
            return RingStatus::corrupt;
        }
        __builtin_prefetch(at + bytes);
        return RingStatus::ok;
    }
    void advance(const RecordView& record) { next_ = record.end(); }

    /// Gives everything before `counter` back to the producer.
    void publish(std::uint64_t counter) {
        head_ = counter;
        head_word_->store(counter, std::memory_order_release);  // pairs with RingProducer::refresh
    }
    void publish() { publish(next_); }
    bool unpublished() const { return head_ != next_; }

    /// Something may be there that `peek` has not seen. One load of the producer's line.
    bool fresh() const { return tail_word_->load(std::memory_order_acquire) != tail_; }
    bool drained() const { return next_ == tail_; }
    std::uint64_t cursor() const { return next_; }
    /// Published and not yet given back, as of the latest `peek` that read the producer's counter.
    std::uint64_t fill() const { return tail_ - head_; }
    std::uint64_t head() const { return head_; }
    std::uint64_t capacity() const { return capacity_; }

private:
    bool refresh() {
        const std::uint64_t tail = tail_word_->load(std::memory_order_acquire);  // pairs with
        // RingProducer::publish: the records before it are complete
        if (tail - head_ > capacity_ || tail - next_ > tail - head_ || tail % kRecordAlign != 0) {
            return false;
        }
        tail_ = tail;
        // It has moved only while all before it was given back: what is left to read lies behind.
        if (origin_word_ != nullptr) origin_ = origin_word_->load(std::memory_order_relaxed);
        return origin_ % kRecordAlign == 0;
    }

    const std::byte* data_{nullptr};
    std::uint64_t capacity_{0};
    std::uint64_t next_{0};    ///< cursor
    std::uint64_t origin_{0};  ///< last seen of the producer's
    std::uint64_t tail_{0};    ///< last seen of the producer's
    std::uint64_t head_{0};    ///< given back
    Counter* head_word_{nullptr};
    const Counter* tail_word_{nullptr};
    const Counter* origin_word_{nullptr};
};

}  // namespace torc::client_shm
