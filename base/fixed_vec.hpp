// A vector with its bound in its type: no allocation, and a push past the bound aborts. Callers
// that take input from outside ask `full()` first. Making and copying one costs what is in it, not
// what could be: items beyond its size are never written.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <type_traits>

#include "base/check.hpp"

namespace torc {

template <typename T, std::size_t N>
class FixedVec {
    static_assert(std::is_trivially_destructible_v<T>, "items are left without a destructor");

public:
    static constexpr std::size_t capacity() { return N; }

    constexpr FixedVec() {}  // NOLINT: `= default` would write all items
    constexpr FixedVec(std::initializer_list<T> items) {
        for (const T& item : items) push_back(item);
    }
    FixedVec(const FixedVec& other) : size_(other.size_) {
        std::uninitialized_copy(other.begin(), other.end(), begin());
    }
    FixedVec& operator=(const FixedVec& other) {
        if (this == &other) return *this;
        size_ = other.size_;
        std::uninitialized_copy(other.begin(), other.end(), begin());
        return *this;
    }
    ~FixedVec() = default;

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    bool full() const { return size_ == N; }

    constexpr void push_back(const T& item) {
        TORC_CHECK(size_ < N);
        std::construct_at(items_ + size_, item);
        ++size_;
    }
    void pop_back() {
        TORC_CHECK(size_ > 0);
        --size_;
    }
    void clear() { size_ = 0; }
    void resize(std::size_t size) {
        TORC_CHECK(size <= N);
        for (std::size_t i = size_; i < size; ++i) std::construct_at(items_ + i);
        size_ = size;
    }
    /// Removes one item and keeps the order of the rest.
    void erase_at(std::size_t position) {
        TORC_CHECK(position < size_);
        std::move(begin() + position + 1, end(), begin() + position);
        --size_;
    }

    T& operator[](std::size_t position) {
        TORC_DCHECK(position < size_);
        return items_[position];
    }
    const T& operator[](std::size_t position) const {
        TORC_DCHECK(position < size_);
        return items_[position];
    }
    T& front() { return (*this)[0]; }
    const T& front() const { return (*this)[0]; }
    T& back() { return (*this)[size_ - 1]; }
    const T& back() const { return (*this)[size_ - 1]; }

    T* begin() { return items_; }
    T* end() { return items_ + size_; }
    const T* begin() const { return items_; }
    const T* end() const { return items_ + size_; }
    std::span<const T> span() const { return {items_, size_}; }
    std::span<T> span() { return {items_, size_}; }

    bool contains(const T& item) const { return std::find(begin(), end(), item) != end(); }

    friend bool operator==(const FixedVec& a, const FixedVec& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

private:
    union {
        T items_[N];  // NOLINT: an array that nothing fills
    };
    std::size_t size_{0};
};

}  // namespace torc
