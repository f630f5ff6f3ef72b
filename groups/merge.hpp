// Joining the directories of daemons that come together (protocol.md 9.2).
// Every daemon sends its own part; when all parts are in, every daemon builds
// the same directory from them. No application message has a place in the order
// between the install and that point.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/hash_index.hpp"
#include "base/lazy_array.hpp"
#include "base/node_set.hpp"
#include "groups/directory.hpp"
#include "groups/sync_message.hpp"
#include "wire/membership.hpp"

namespace torc::groups {

/// A group's name, kept once for all members of it that were named.
class StagedName {
public:
    StagedName() = default;
    explicit StagedName(std::string_view text) : text_(text) {}
    std::string_view view() const { return text_; }
    friend bool operator==(const StagedName& a, const StagedName& b) {
        return a.text_.data() == b.text_.data();
    }

private:
    std::string_view text_;
};

/// A member as some daemon's SYNC named it.
struct StagedMember {
    std::uint64_t lineage{0};
    std::uint32_t position{0};
    Participant who;
    StagedName group;
    std::uint32_t group_number{0};  ///< in the order in which they were named
    SyncFlush flush{};
    // Of this daemon's own members, and never sent: see FlushState and
    // FlushGroup.
    bool answered{false};
    bool leaving{false};
    bool asked{false};
    bool signalled{false};
    bool changed{false};  ///< this daemon's members saw the group otherwise so far
};

class Merge {
public:
    explicit Merge(std::size_t memberships_max);

    /// A ring with strangers was installed: wait for a SYNC of each member.
    void start(const wire::MemberList& members);
    /// A transitional configuration cut in: what has arrived counts for nothing.
    void cancel() { active_ = false; }
    bool active() const { return active_; }

    /// Takes one chunk. False if it is malformed or more than the directory can
    /// hold.
    bool take(NodeIndex from, std::span<const std::byte> chunk);
    bool complete() const;

    /// Sorts what has arrived into the agreed order: by group (as they were named
    /// first), then by lineage (the one with the lowest daemon first), then by
    /// position within it. Call once, when complete.
    std::span<StagedMember> finish();
    /// Which set of daemons that came together `daemon` belongs to; numbered like
    /// `finish` orders.
    std::uint16_t set_of(NodeIndex daemon) const { return set_of_[raw(daemon)]; }

private:
    std::uint32_t number_of(std::string_view group);
    void number_sets();

    bool active_{false};
    wire::MemberList members_;
    NodeSet finished_;
    std::array<std::uint64_t, kNodesMax> lineage_of_{};
    std::array<std::uint16_t, kNodesMax> set_of_{};
    std::vector<StagedMember> staged_;
    std::size_t memberships_max_;
    LazyArray<StagedName> groups_;  ///< by number
    HashIndex group_index_;
    LazyArray<char> text_;
    std::size_t text_bytes_{0};
};

}  // namespace torc::groups
