// What all processes of an exploration share: counters, the states that were seen, and when to
// stop. It lies in memory that is mapped before the first fork.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/time.hpp"

namespace torc::explore {

/// A set of 64-bit digests without locks; never full: what finds no room counts as new.
class DigestSet {
public:
    explicit DigestSet(std::size_t bits);
    ~DigestSet();
    DigestSet(const DigestSet&) = delete;
    DigestSet& operator=(const DigestSet&) = delete;

    /// True if it was not there before.
    bool insert(std::uint64_t digest);
    bool contains(std::uint64_t digest) const;
    std::uint64_t size() const { return head_->load(std::memory_order_relaxed); }
    /// How many found no room: they are new each time that they are met.
    std::uint64_t forgotten() const { return head_[1].load(std::memory_order_relaxed); }
    /// Equal for equal sets.
    std::uint64_t sum() const;

private:
    using Cell = std::atomic<std::uint64_t>;
    static constexpr std::size_t kProbes = 64;
    std::size_t mask_;
    std::size_t bytes_;
    Cell* head_;  ///< how many, how many forgotten; the cells follow
    Cell* cells_;
};

/// What followed after each state, to compare. For one process at a time; never full, like the set.
class FutureMap {
public:
    explicit FutureMap(std::size_t bits);
    ~FutureMap();
    FutureMap(const FutureMap&) = delete;
    FutureMap& operator=(const FutureMap&) = delete;

    enum class Note : std::uint8_t { fresh, same, differs };
    Note note(std::uint64_t digest, std::uint64_t future);

private:
    struct Cell {
        std::uint64_t digest;
        std::uint64_t future;
    };
    std::size_t mask_;
    Cell* cells_;
};

struct Counts {
    std::atomic<std::uint64_t> runs{0};   ///< judged at rest
    std::atomic<std::uint64_t> known{0};  ///< ended where another had been
    std::atomic<std::uint64_t> violations{0};
    std::atomic<std::uint64_t> events{0};
    std::atomic<std::uint64_t> looked_at{0};     ///< states whose digest was taken
    std::atomic<std::uint64_t> compared{0};      ///< futures of states that were met before
    std::atomic<std::uint64_t> points{0};        ///< choice points where faults were tried
    std::atomic<std::uint64_t> base_points{0};   ///< choice points of the run without faults
    std::atomic<std::uint64_t> longest_rest{0};  ///< ns from the last fault to rest
    std::atomic<bool> stop{false};               ///< out of time: no new branches
    std::atomic<bool> cut_short{false};          ///< a branch was left out for it
};

/// What an exploration came to.
struct Findings {
    std::uint64_t runs{0};   ///< judged at rest
    std::uint64_t known{0};  ///< ended in a state from which another run had gone on
    std::uint64_t violations{0};
    std::uint64_t events{0};
    std::uint64_t looked_at{0};
    std::uint64_t forgotten{0};  ///< states met that the table had no room for
    std::uint64_t states{0};     ///< different ones
    std::uint64_t finals{0};     ///< different ones at rest
    std::uint64_t finals_sum{0};
    std::uint64_t compared{0};
    std::uint64_t points{0};
    std::uint64_t base_points{0};
    Nanos longest_rest{};
    bool complete{true};
};

/// Counts that survive forks.
class Ledger {
public:
    explicit Ledger(std::size_t bits);
    ~Ledger();
    Ledger(const Ledger&) = delete;
    Ledger& operator=(const Ledger&) = delete;

    Counts& counts() { return *counts_; }
    /// A run that came to rest in this state, so long after its last fault.
    void note_rest(std::uint64_t digest, Nanos way);
    Findings findings() const;

    DigestSet seen;
    DigestSet finals;
    FutureMap futures;

private:
    Counts* counts_;
};

}  // namespace torc::explore
