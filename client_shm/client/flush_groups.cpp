#include "client_shm/client/flush_groups.hpp"

#include <cstdlib>

namespace torc::client_shm {
namespace {

/// FNV-1a. Two of a session's groups with one hash would make the library refuse a send that the
/// daemon takes, or leave a refusal to the daemon; with 64 bits that is not worth keeping names.
std::uint64_t key_of(std::string_view name) {
    std::uint64_t hash = 0xCBF29CE484222325u;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    return hash == 0 ? 1 : hash;
}

class Guard {
public:
    explicit Guard(Lock& lock) : lock_{lock} {
        Deadline deadline(-1);  // held for a look at a table
        lock_.acquire(deadline);
    }
    ~Guard() { lock_.release(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

private:
    Lock& lock_;
};

}  // namespace

FlushGroups::~FlushGroups() { free(entries_); }

/// The entry with that key, or the free one where it belongs; the table is never full.
FlushGroups::Entry* FlushGroups::find(std::uint64_t key) const {
    if (capacity_ == 0) return nullptr;
    std::size_t at = key & (capacity_ - 1);
    while (entries_[at].key != 0 && entries_[at].key != key) at = (at + 1) & (capacity_ - 1);
    return &entries_[at];
}

/// Keeps a quarter free. Groups that were left are forgotten on the way.
bool FlushGroups::make_room() {
    if (used_ + 1 <= capacity_ / 4 * 3) return true;
    std::size_t live = 0;
    for (std::size_t i = 0; i < capacity_; ++i) {
        live += entries_[i].key != 0 && entries_[i].state != State::unknown ? 1 : 0;
    }
    std::size_t capacity = kFirstEntries;
    while (live + 1 > capacity / 2) capacity *= 2;
    auto* const fresh = static_cast<Entry*>(calloc(capacity, sizeof(Entry)));
    if (fresh == nullptr) return false;
    Entry* const old = entries_;
    const std::size_t old_capacity = capacity_;
    entries_ = fresh;
    capacity_ = capacity;
    used_ = live;
    for (std::size_t i = 0; i < old_capacity; ++i) {
        if (old[i].key != 0 && old[i].state != State::unknown) *find(old[i].key) = old[i];
    }
    free(old);
    return true;
}

bool FlushGroups::on_join(std::string_view group, std::uint64_t operation) {
    const std::uint64_t key = key_of(group);
    const Guard guard(lock_);
    if (!make_room()) return false;
    Entry& entry = *find(key);
    if (entry.key == 0) {
        ++used_;
        entry = {key, operation, State::joining};
    } else if (entry.state == State::unknown) {
        entry = {key, operation, State::joining};
    }
    any_.store(true, std::memory_order_release);
    return true;
}

bool FlushGroups::on_flush_ok(std::string_view group) {
    if (!any()) return true;
    const Guard guard(lock_);
    Entry* const entry = find(key_of(group));
    if (entry->key == 0 || entry->state == State::unknown) return true;
    if (entry->state != State::requested) return false;
    entry->state = State::flushed;
    return true;
}

bool FlushGroups::is_closed(std::string_view group) {
    if (!any()) return false;
    const Guard guard(lock_);
    const Entry* const entry = find(key_of(group));
    return entry->key != 0 && (entry->state == State::joining || entry->state == State::flushed);
}

void FlushGroups::set(std::string_view group, State state) {
    if (!any()) return;
    const Guard guard(lock_);
    Entry* const entry = find(key_of(group));
    if (entry != nullptr && entry->key != 0) entry->state = state;
}

void FlushGroups::on_join_refused(std::uint64_t operation) {
    if (!any()) return;
    const Guard guard(lock_);
    for (std::size_t i = 0; i < capacity_; ++i) {
        Entry& entry = entries_[i];
        if (entry.operation == operation && entry.state == State::joining) {
            entry.state = State::unknown;
        }
    }
}

}  // namespace torc::client_shm
