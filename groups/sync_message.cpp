#include "groups/sync_message.hpp"

#include <cstring>

#include "base/check.hpp"

namespace torc::groups {
namespace {

std::string_view text(std::span<const std::byte> bytes) {
    return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
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
    std::byte* at = room_.data() + used_;
    std::memcpy(at, &header, sizeof header);
    std::memcpy(at + sizeof header, entry.name.data(), entry.name.size());
    std::memcpy(at + sizeof header + entry.name.size(), entry.group.data(), entry.group.size());
    used_ += sizeof header + entry.name.size() + entry.group.size();
    ++entries_;
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

bool SyncReader::next(SyncEntry& entry) {
    if (!valid_ || left_ == 0) return false;
    SyncEntryHeader header;
    valid_ = rest_.size() >= sizeof header;
    if (!valid_) return false;
    std::memcpy(&header, rest_.data(), sizeof header);
    rest_ = rest_.subspan(sizeof header);
    valid_ = rest_.size() >= std::size_t{header.name_length} + header.group_length;
    if (!valid_) return false;
    entry.session = session_id(header.session);
    entry.position = header.position;
    entry.name = text(rest_.first(header.name_length));
    entry.group = text(rest_.subspan(header.name_length, header.group_length));
    rest_ = rest_.subspan(std::size_t{header.name_length} + header.group_length);
    valid_ = is_session_name(entry.name) && is_group_name(entry.group);
    --left_;
    return valid_;
}

}  // namespace torc::groups
