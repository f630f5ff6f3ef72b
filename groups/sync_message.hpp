// SYNC: what one daemon knows of its own sessions' memberships, sent when daemons come together
// whose directories differ. Cut into chunks that are control messages of the ring.
#pragma once

#include <cstdint>
#include <span>

#include "base/byte_order.hpp"
#include "groups/directory.hpp"

namespace torc::groups {

struct SyncHeader {
    le64 lineage;  ///< equal for daemons that moved together since their directories were equal
    le32 entries;
    std::uint8_t last{0};  ///< no further chunk of this daemon follows
    std::uint8_t reserved[3]{};
};
static_assert(sizeof(SyncHeader) == 16);

struct SyncEntryHeader {
    le32 session;
    le32 position;  ///< in the group's member order of the sender's lineage
    std::uint8_t name_length{0};
    std::uint8_t group_length{0};
    std::uint8_t flags{0};  ///< SyncFlag
    std::uint8_t reserved{0};
};
static_assert(sizeof(SyncEntryHeader) == 12);

enum SyncFlag : std::uint8_t {
    kSyncFlush = 1,    ///< of a flush group: SyncCell stands between this header and the names
    kSyncFlushed = 2,  ///< the member has consented to the next view
    kSyncDue = 4,      ///< the group waits for a view
};

struct SyncCell {
    le64 cell;
    le16 view;
};
static_assert(sizeof(SyncCell) == 10);

/// Bytes of one chunk at most, and so of one control message of the groups layer.
inline constexpr std::size_t kSyncChunkMax = 16 * 1024;
inline constexpr std::size_t kSyncEntryMax =
    sizeof(SyncEntryHeader) + sizeof(SyncCell) + kNameMax + kGroupNameMax;

/// What an entry says of a member of a flush group (flush.hpp).
struct SyncFlush {
    bool is_flush{false};
    bool flushed{false};
    bool due{false};
    std::uint64_t cell{0};
    std::uint16_t view{0};
};

struct SyncEntry {
    SessionId session;
    std::uint32_t position{0};
    std::string_view name;
    std::string_view group;
    SyncFlush flush{};
};

/// Fills a chunk entry by entry.
class SyncWriter {
public:
    SyncWriter(std::span<std::byte> room, std::uint64_t lineage);
    bool full() const { return room_.size() - used_ < kSyncEntryMax; }
    void add(const SyncEntry& entry);
    /// Patches the header; gives the chunk's length.
    std::size_t finish(bool last);

private:
    void put(const void* bytes, std::size_t length);

    std::span<std::byte> room_;
    std::size_t used_{sizeof(SyncHeader)};
    SyncHeader header_;
    std::uint32_t entries_{0};
};

/// Walks a chunk; total on hostile bytes.
class SyncReader {
public:
    explicit SyncReader(std::span<const std::byte> chunk);
    bool valid() const { return valid_; }
    std::uint64_t lineage() const { return header_.lineage; }
    bool last() const { return header_.last != 0; }
    /// The next entry; false at the end or at the first violation (`valid` tells which).
    bool next(SyncEntry& entry);

private:
    bool take(void* to, std::size_t length);

    std::span<const std::byte> rest_;
    SyncHeader header_;
    std::uint32_t left_{0};
    bool valid_{false};
};

}  // namespace torc::groups
