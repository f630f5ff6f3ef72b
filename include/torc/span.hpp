// torc::Span: std::span where the compiler has it, else as much of it as torc.hpp needs, so that
// the C++ face works from C++17 on. Both are a pointer and a count, in this order: files compiled
// to either standard can be linked.
#pragma once

#include <cstddef>

#if __cplusplus >= 202002L && __has_include(<span>)

#include <span>

namespace torc {

template <typename T>
using Span = std::span<T>;

}  // namespace torc

#else

#include <iterator>
#include <type_traits>
#include <utility>

namespace torc {

template <typename T>
class Span {
public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    using size_type = std::size_t;
    using iterator = T*;

    constexpr Span() noexcept = default;
    constexpr Span(T* data, std::size_t size) noexcept : data_{data}, size_{size} {}
    /// Arrays, std::array, std::vector, std::string, another Span: whatever has data() and size().
    template <typename Container,
              typename = std::enable_if_t<std::is_convertible_v<
                  std::remove_pointer_t<decltype(std::data(std::declval<Container&>()))> (*)[],
                  T (*)[]>>>
    constexpr Span(Container&& container) noexcept  // NOLINT: reads as the container
        : data_{std::data(container)}, size_{std::size(container)} {}

    constexpr T* data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr std::size_t size_bytes() const noexcept { return size_ * sizeof(T); }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T* begin() const noexcept { return data_; }
    constexpr T* end() const noexcept { return data_ + size_; }
    constexpr T& operator[](std::size_t at) const { return data_[at]; }
    constexpr Span first(std::size_t count) const { return {data_, count}; }
    constexpr Span last(std::size_t count) const { return {data_ + (size_ - count), count}; }
    constexpr Span subspan(std::size_t from) const { return {data_ + from, size_ - from}; }
    constexpr Span subspan(std::size_t from, std::size_t count) const {
        return {data_ + from, count};
    }

private:
    T* data_{nullptr};
    std::size_t size_{0};
};

}  // namespace torc

#endif

namespace torc {

static_assert(sizeof(Span<const std::byte>) == sizeof(void*) + sizeof(std::size_t));

}  // namespace torc
