// Room for many items that costs nothing until it is used: the memory is reserved when the array is
// made, but not written, so that the system gives pages only where items are put. Which items have
// been written is the owner's business.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

#include "base/check.hpp"

namespace torc {

template <typename T>
class LazyArray {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

public:
    explicit LazyArray(std::size_t size)
        : items_(std::allocator<T>().allocate(size), Free{size}), size_(size) {}

    std::size_t size() const { return size_; }
    T* data() { return items_.get(); }
    const T* data() const { return items_.get(); }

    /// Makes an item from `parts`; whatever was there is gone.
    template <typename... Parts>
    T& put(std::size_t place, const Parts&... parts) {
        TORC_DCHECK(place < size_);
        return *std::construct_at(items_.get() + place, parts...);
    }
    /// An item that was put.
    T& operator[](std::size_t place) {
        TORC_DCHECK(place < size_);
        return items_.get()[place];
    }
    const T& operator[](std::size_t place) const {
        TORC_DCHECK(place < size_);
        return items_.get()[place];
    }

private:
    struct Free {
        std::size_t size;
        void operator()(T* items) const { std::allocator<T>().deallocate(items, size); }
    };
    std::unique_ptr<T, Free> items_;
    std::size_t size_;
};

}  // namespace torc
