#include "tests/explore/ledger.hpp"

#include <new>
#include <sys/mman.h>

#include "base/check.hpp"

namespace torc::explore {
namespace {

void* map_shared(std::size_t bytes) {
    void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    TORC_CHECK(memory != MAP_FAILED);
    return memory;
}

}  // namespace

DigestSet::DigestSet(std::size_t bits)
    : mask_((std::size_t{1} << bits) - 1),
      bytes_(((std::size_t{1} << bits) + 8) * sizeof(Cell)),
      head_(static_cast<Cell*>(map_shared(bytes_))),
      cells_(head_ + 8) {
    static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
}

DigestSet::~DigestSet() { munmap(head_, bytes_); }

bool DigestSet::insert(std::uint64_t digest) {
    if (digest == 0) digest = 1;
    for (std::size_t probe = 0; probe < kProbes; ++probe) {
        Cell& cell = cells_[(digest + probe) & mask_];
        std::uint64_t found = cell.load(std::memory_order_relaxed);
        if (found == 0 && cell.compare_exchange_strong(found, digest)) {
            head_->fetch_add(1, std::memory_order_relaxed);
            return true;
        }
        if (found == digest) return false;
    }
    return true;
}

bool DigestSet::contains(std::uint64_t digest) const {
    if (digest == 0) digest = 1;
    for (std::size_t probe = 0; probe < kProbes; ++probe) {
        const std::uint64_t found =
            cells_[(digest + probe) & mask_].load(std::memory_order_relaxed);
        if (found == digest) return true;
        if (found == 0) return false;
    }
    return false;
}

std::uint64_t DigestSet::sum() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i <= mask_; ++i) sum += cells_[i].load(std::memory_order_relaxed);
    return sum;
}

Ledger::Ledger(std::size_t bits)
    : seen(bits), finals(20), counts_(new(map_shared(sizeof(Counts))) Counts) {}

Ledger::~Ledger() { munmap(counts_, sizeof(Counts)); }

Findings Ledger::findings() const {
    Findings found;
    found.runs = counts_->runs;
    found.known = counts_->known;
    found.violations = counts_->violations;
    found.events = counts_->events;
    found.looked_at = counts_->looked_at;
    found.states = seen.size();
    found.finals = finals.size();
    found.finals_sum = finals.sum();
    found.points = counts_->points;
    found.base_points = counts_->base_points;
    found.longest_rest = Nanos{static_cast<std::int64_t>(counts_->longest_rest.load())};
    found.complete = !counts_->cut_short;
    return found;
}

void raise_to(std::atomic<std::uint64_t>& most, std::uint64_t value) {
    std::uint64_t now = most.load();
    while (now < value && !most.compare_exchange_weak(now, value)) {
    }
}

}  // namespace torc::explore
