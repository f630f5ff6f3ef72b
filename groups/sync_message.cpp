#include "groups/sync_message.hpp"

#include <cstring>

#include "base/check.hpp"

namespace torc::groups {
namespace {

std::string_view text(std::span<const std::byte> bytes) {
    return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

std::uint8_t flags_of(const SyncFlush& flush) {
    if (!flush.is_flush) return 0;
    return static_cast<std::uint8_t>(kSyncFlush | (flush.flushed ? kSyncFlushed : 0) |
                                     (flush.due ? kSyncDue : 0));
}

SyncFlush flush_of(std::uint8_t flags, const SyncCell& cell) {
    return {(flags & kSyncFlush) != 0, (flags & kSyncFlushed) != 0, (flags & kSyncDue) != 0,
            cell.cell, cell.view};
}

}  // namespace

SyncWriter::SyncWriter(std::span<std::byte> room, std::uint64_t lineage) : room_(room) {
    TORC_CHECK(room.size() >= sizeof(SyncHeader) + kSyncEntryMax);
    header_.lineage = lineage;
}

void SyncWriter::add(const SyncEntry& entry) {
    TORC_CHECK(!full());
    SyncEntryHeader header;
    header.session = raw(entry.session);
    header.position = entry.position;
    header.name_length = static_cast<std::uint8_t>(entry.name.size());
    header.group_length = static_cast<std::uint8_t>(entry.group.size());
    header.flags = flags_of(entry.flush);
    put(&header, sizeof header);
    const SyncCell cell{entry.flush.cell, entry.flush.view};
    if (entry.flush.is_flush) put(&cell, sizeof cell);
    put(entry.name.data(), entry.name.size());
    put(entry.group.data(), entry.group.size());
    ++entries_;
}

void SyncWriter::put(const void* bytes, std::size_t length) {
    std::memcpy(room_.data() + used_, bytes, length);
    used_ += length;
}

std::size_t SyncWriter::finish(bool last) {
    header_.entries = entries_;
    header_.last = last ? 1 : 0;
    std::memcpy(room_.data(), &header_, sizeof header_);
    return used_;
}

SyncReader::SyncReader(std::span<const std::byte> chunk) {
    if (chunk.size() < sizeof header_) return;
    std::memcpy(&header_, chunk.data(), sizeof header_);
    rest_ = chunk.subspan(sizeof header_);
    left_ = header_.entries;
    valid_ = true;
}

bool SyncReader::take(void* to, std::size_t length) {
    valid_ = rest_.size() >= length;
    if (!valid_) return false;
    std::memcpy(to, rest_.data(), length);
    rest_ = rest_.subspan(length);
    return true;
}

bool SyncReader::next(SyncEntry& entry) {
    if (!valid_ || left_ == 0) return false;
    SyncEntryHeader header;
    if (!take(&header, sizeof header)) return false;
    SyncCell cell;
    if ((header.flags & kSyncFlush) != 0 && !take(&cell, sizeof cell)) return false;
    valid_ = rest_.size() >= std::size_t{header.name_length} + header.group_length;
    if (!valid_) return false;
    entry.session = session_id(header.session);
    entry.position = header.position;
    entry.flush = flush_of(header.flags, cell);
    entry.name = text(rest_.first(header.name_length));
    entry.group = text(rest_.subspan(header.name_length, header.group_length));
    rest_ = rest_.subspan(std::size_t{header.name_length} + header.group_length);
    valid_ = is_session_name(entry.name) && is_group_name(entry.group);
    --left_;
    return valid_;
}

}  // namespace torc::groups
