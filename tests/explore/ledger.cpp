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
    head_[1].fetch_add(1, std::memory_order_relaxed);
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

FutureMap::FutureMap(std::size_t bits)
    : mask_((std::size_t{1} << bits) - 1),
      cells_(static_cast<Cell*>(map_shared((mask_ + 1) * sizeof(Cell)))) {}

FutureMap::~FutureMap() { munmap(cells_, (mask_ + 1) * sizeof(Cell)); }

FutureMap::Note FutureMap::note(std::uint64_t digest, std::uint64_t future) {
    if (digest == 0) digest = 1;
    for (std::size_t probe = 0; probe < 64; ++probe) {
        Cell& cell = cells_[(digest + probe) & mask_];
        if (cell.digest == digest) return cell.future == future ? Note::same : Note::differs;
        if (cell.digest != 0) continue;
        cell = {digest, future};
        return Note::fresh;
    }
    return Note::fresh;
}

Ledger::Ledger(std::size_t bits)
    : seen(bits), finals(20), futures(bits), counts_(new(map_shared(sizeof(Counts))) Counts) {}

Ledger::~Ledger() { munmap(counts_, sizeof(Counts)); }

Findings Ledger::findings() const {
    Findings found;
    found.runs = counts_->runs;
    found.known = counts_->known;
    found.violations = counts_->violations;
    found.events = counts_->events;
    found.looked_at = counts_->looked_at;
    found.states = seen.size();
    found.forgotten = seen.forgotten();
    found.finals = finals.size();
    found.finals_sum = finals.sum();
    found.compared = counts_->compared;
    found.points = counts_->points;
    found.base_points = counts_->base_points;
    found.longest_rest = Nanos{static_cast<std::int64_t>(counts_->longest_rest.load())};
    found.complete = !counts_->cut_short;
    return found;
}

void Ledger::note_rest(std::uint64_t digest, Nanos way) {
    finals.insert(digest);
    counts_->runs.fetch_add(1, std::memory_order_relaxed);
    const auto ns = static_cast<std::uint64_t>(way.count());
    std::uint64_t longest = counts_->longest_rest.load();
    while (longest < ns && !counts_->longest_rest.compare_exchange_weak(longest, ns)) {
    }
}

}  // namespace torc::explore
