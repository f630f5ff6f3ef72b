// Finds numbered items by a hash of what they are. Linear hashing (Litwin, VLDB 1980): each item
// that comes in adds one bucket at the most, and only one bucket is split then. So no step is long,
// nothing is allocated after construction, and memory is touched only as far as there are items.
// Items are numbered below the capacity, by whoever owns them; what they hold is not looked at
// here.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/check.hpp"
#include "base/lazy_array.hpp"

namespace torc {

class HashIndex {
public:
    using Id = std::uint32_t;
    static constexpr Id kNone = 0xFFFFFFFF;

    explicit HashIndex(std::size_t capacity) : heads_(capacity + kBucketsLeast), links_(capacity) {
        clear();
    }

    /// The item of this hash that `is_it(id)` says yes to, or kNone.
    template <typename IsIt>
    Id find(std::uint64_t hash, IsIt&& is_it) const {
        const std::uint32_t folded = fold(hash);
        for (Id id = heads_[bucket_of(folded)]; id != kNone; id = links_[id].next) {
            if (links_[id].hash == folded && is_it(id)) return id;
        }
        return kNone;
    }
    /// Takes: an item that is not in.
    void insert(Id id, std::uint64_t hash) {
        if (++count_ > buckets_ && buckets_ < heads_.size()) split_one();
        const std::uint32_t folded = fold(hash);
        Id& head = heads_[bucket_of(folded)];
        links_.put(id, Link{head, folded});
        head = id;
    }
    /// Takes: an item that is in.
    void erase(Id id) {
        Id* at = &heads_[bucket_of(links_[id].hash)];
        while (*at != id) {
            TORC_CHECK(*at != kNone);
            at = &links_[*at].next;
        }
        *at = links_[id].next;
        --count_;
    }
    void clear() {
        buckets_ = kBucketsLeast;
        count_ = 0;
        for (std::uint32_t bucket = 0; bucket < buckets_; ++bucket) heads_.put(bucket, kNone);
    }
    std::size_t count() const { return count_; }

private:
    struct Link {
        Id next{kNone};
        std::uint32_t hash{0};
    };
    static constexpr std::uint32_t kBucketsLeast = 8;
    static_assert(std::has_single_bit(kBucketsLeast));

    static std::uint32_t fold(std::uint64_t hash) {
        return static_cast<std::uint32_t>(hash ^ (hash >> 32));
    }
    /// Buckets from the last power of two on are split off from those so much below.
    std::uint32_t bucket_of(std::uint32_t hash) const {
        const std::uint32_t whole = std::bit_ceil(buckets_);
        const std::uint32_t bucket = hash & (whole - 1);
        return bucket < buckets_ ? bucket : bucket - whole / 2;
    }
    void split_one() {
        const std::uint32_t fresh = buckets_++;
        heads_.put(fresh, kNone);
        const std::uint32_t old = fresh - std::bit_floor(fresh);
        Id* at = &heads_[old];
        while (*at != kNone) {
            const Id id = *at;
            if (bucket_of(links_[id].hash) == old) {
                at = &links_[id].next;
                continue;
            }
            *at = links_[id].next;
            links_[id].next = heads_[fresh];
            heads_[fresh] = id;
        }
    }

    LazyArray<Id> heads_;
    LazyArray<Link> links_;
    std::uint32_t buckets_{kBucketsLeast};
    std::size_t count_{0};
};

}  // namespace torc
