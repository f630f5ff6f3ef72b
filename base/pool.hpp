// Places for items that come and go, by number. The number that became free last is taken next, and
// memory is touched only up to the most items that there ever were at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/check.hpp"
#include "base/lazy_array.hpp"

namespace torc {

template <typename T>
class Pool {
public:
    using Id = std::uint32_t;
    static constexpr Id kNone = 0xFFFFFFFF;

    explicit Pool(std::size_t capacity) : items_(capacity), next_free_(capacity) {
        TORC_CHECK(capacity < kInUse);
    }

    bool full() const { return count_ == items_.size(); }
    std::size_t count() const { return count_; }
    std::size_t capacity() const { return items_.size(); }
    /// Numbers from here on were never in use since `clear`.
    Id end() const { return end_; }
    bool in_use(Id id) const { return id < end_ && next_free_[id] == kInUse; }

    /// Makes an item from `parts`. Aborts when the pool is full: ask first.
    template <typename... Parts>
    Id take(const Parts&... parts) {
        TORC_CHECK(!full());
        const Id id = free_ == kNone ? end_++ : free_;
        if (id == free_) free_ = next_free_[id];
        next_free_.put(id, kInUse);
        items_.put(id, parts...);
        ++count_;
        return id;
    }
    void give_back(Id id) {
        TORC_CHECK(in_use(id));
        next_free_[id] = free_;
        free_ = id;
        --count_;
    }
    void clear() {
        free_ = kNone;
        end_ = 0;
        count_ = 0;
    }

    T& operator[](Id id) {
        TORC_DCHECK(in_use(id));
        return items_[id];
    }
    const T& operator[](Id id) const {
        TORC_DCHECK(in_use(id));
        return items_[id];
    }

private:
    static constexpr Id kInUse = kNone - 1;

    LazyArray<T> items_;
    LazyArray<Id> next_free_;
    Id free_{kNone};
    Id end_{0};
    std::size_t count_{0};
};

}  // namespace torc
