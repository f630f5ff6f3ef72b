// A vector with its bound in its type: no allocation, and a push past the bound aborts. Callers
// that take input from outside ask `full()` first.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "base/check.hpp"

namespace torc {

template <typename T, std::size_t N>
class FixedVec {
public:
    static constexpr std::size_t capacity() { return N; }

    constexpr FixedVec() = default;
    constexpr FixedVec(std::initializer_list<T> items) {
        for (const T& item : items) push_back(item);
    }

    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    bool full() const { return size_ == N; }

    void push_back(const T& item) {
        TORC_CHECK(size_ < N);
        items_[size_++] = item;
    }
    void pop_back() {
        TORC_CHECK(size_ > 0);
        --size_;
    }
    void clear() { size_ = 0; }
    void resize(std::size_t size) {
        TORC_CHECK(size <= N);
        for (std::size_t i = size_; i < size; ++i) items_[i] = T{};
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

    T* begin() { return items_.data(); }
    T* end() { return items_.data() + size_; }
    const T* begin() const { return items_.data(); }
    const T* end() const { return items_.data() + size_; }
    std::span<const T> span() const { return {items_.data(), size_}; }
    std::span<T> span() { return {items_.data(), size_}; }

    bool contains(const T& item) const { return std::find(begin(), end(), item) != end(); }

    friend bool operator==(const FixedVec& a, const FixedVec& b) {
        return std::equal(a.begin(), a.end(), b.begin(), b.end());
    }

private:
    std::array<T, N> items_{};
    std::size_t size_{0};
};

}  // namespace torc
