// Counters: written by one thread each with plain stores, read by anybody. The table is
// counters.def; the memory is handed in, so that the daemon counts in a mapped file and the
// simulator and tests in an ordinary array.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/check.hpp"
#include "base/limits.hpp"

namespace torc::telemetry {

enum class CounterId : std::uint16_t {
#define TORC_COUNTER(name, kind, unit, text) name,
#include "telemetry/counters.def"
#undef TORC_COUNTER
};

/// How many counters there are; also `CounterId` one past the last.
inline constexpr std::size_t kCounters = 0
#define TORC_COUNTER(name, kind, unit, text) +1
#include "telemetry/counters.def"
#undef TORC_COUNTER
    ;

/// The counter of wire::RejectReason r is kFirstRejectCounter + r; its `none` is frames_accepted.
inline constexpr CounterId kFirstRejectCounter = CounterId::frames_accepted;
inline constexpr std::size_t kRejectCounters =
    static_cast<std::size_t>(CounterId::rejected_bad_envelope) -
    static_cast<std::size_t>(CounterId::frames_accepted) + 1;

/// The counter of membership::Cause c is kFirstCauseCounter + c.
inline constexpr CounterId kFirstCauseCounter = CounterId::entered_boot;
inline constexpr std::size_t kCauseCounters =
    static_cast<std::size_t>(CounterId::entered_duplicate_index) -
    static_cast<std::size_t>(CounterId::entered_boot) + 1;

/// `first` of a block and an offset in it: `counter_at(kFirstCauseCounter, cause)`.
template <typename Enum>
constexpr CounterId counter_at(CounterId first, Enum offset) {
    return static_cast<CounterId>(static_cast<std::size_t>(first) +
                                  static_cast<std::size_t>(offset));
}

enum class CounterKind : std::uint8_t {
    counter,  ///< only rises
    gauge,    ///< a present value
    peak,     ///< the largest value so far
};

struct CounterInfo {
    CounterId id{};
    CounterKind kind{};
    std::string_view name;
    std::string_view unit;
    std::string_view text;
};

/// The whole table, in the order of CounterId; static storage.
std::span<const CounterInfo> counter_table();
std::string_view name_of(CounterId id);
std::string_view name_of(CounterKind kind);

/// Values of one writer, on cache lines of their own.
struct alignas(kCacheLine) CounterValues {
    std::array<std::uint64_t, kCounters> values{};
};

/// The writing end. A store is a plain `mov`: nobody else writes, and readers only need each value
/// whole, not several of one instant.
///
/// Threads: one writer for each CounterValues; `get` from anywhere.
class CounterSet {
public:
    /// Takes memory that outlives the set. It is not cleared: a mapped file begins with zeros.
    explicit CounterSet(CounterValues& values) : values_{values.values} {}
    /// The same over kCounters values anywhere, 8-byte aligned; another size aborts.
    explicit CounterSet(std::span<std::uint64_t> values) : values_{checked(values)} {}

    void inc(CounterId id, std::uint64_t by = 1) { store(id, load(id) + by); }
    void set(CounterId id, std::uint64_t value) { store(id, value); }
    /// For peaks: keeps the larger one.
    void raise(CounterId id, std::uint64_t value) {
        if (value > load(id)) store(id, value);
    }
    std::uint64_t get(CounterId id) const { return load(id); }

private:
    using Ref = std::atomic_ref<std::uint64_t>;
    static_assert(Ref::is_always_lock_free);

    static std::span<std::uint64_t, kCounters> checked(std::span<std::uint64_t> values) {
        TORC_CHECK(values.size() == kCounters);
        return values.first<kCounters>();
    }
    std::uint64_t load(CounterId id) const {
        return Ref{values_[static_cast<std::size_t>(id)]}.load(std::memory_order_relaxed);
    }
    void store(CounterId id, std::uint64_t value) {
        Ref{values_[static_cast<std::size_t>(id)]}.store(value, std::memory_order_relaxed);
    }

    std::span<std::uint64_t, kCounters> values_;
};

}  // namespace torc::telemetry
