// What the programs here share: the time of a piece of an iteration, and rates that compare.
//
// A step that is measured alone (one frame received, say) needs steps around it that are not
// (somebody must send that frame). Those benchmarks time batches and give the sum to the library as
// "manual time". The clock is the thread's processor time: the machine may be busy with other
// things, and a batch that was interrupted must not look slow.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <limits>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/micro/payload.hpp"

namespace torc::bench {

inline std::int64_t thread_ns() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// What two readings of the clock cost when nothing stands between them.
inline std::int64_t clock_cost_ns() {
    static const std::int64_t cost = [] {
        std::int64_t least = std::numeric_limits<std::int64_t>::max();
        for (int i = 0; i < 1000; ++i) {
            const std::int64_t begin = thread_ns();
            least = std::min(least, thread_ns() - begin);
        }
        return least;
    }();
    return cost;
}

/// Runs `piece`; its time is the iteration's. Register such a benchmark with UseManualTime().
template <typename F>
void time_piece(benchmark::State& state, F&& piece) {
    const std::int64_t cost = clock_cost_ns();
    const std::int64_t begin = thread_ns();
    piece();
    const std::int64_t ns = std::max<std::int64_t>(thread_ns() - begin - cost, 1);
    state.SetIterationTime(static_cast<double>(ns) * 1e-9);
}

/// items/s and bytes/s, and the time of one item, which is what one compares with a baseline.
inline void report(benchmark::State& state, std::uint64_t items, std::uint64_t bytes) {
    state.SetItemsProcessed(static_cast<std::int64_t>(items));
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
    state.counters["per_item"] = benchmark::Counter(
        static_cast<double>(items), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// The yardstick of every program: so many bytes copied within the cache.
inline void baseline_copy(benchmark::State& state) {
    const std::vector<std::byte> source = payload_of(static_cast<std::size_t>(state.range(0)));
    std::vector<std::byte> target(source.size());
    for (auto _ : state) {
        std::copy(source.begin(), source.end(), target.begin());
        benchmark::DoNotOptimize(target.data());
        benchmark::ClobberMemory();
    }
    const auto iterations = static_cast<std::uint64_t>(state.iterations());
    report(state, iterations, iterations * source.size());
}

}  // namespace torc::bench
