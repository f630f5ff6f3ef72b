// Building, stamping and copying DATA frames.
#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/check.hpp"
#include "wire/checks.hpp"
#include "wire/data.hpp"
#include "wire/wire_struct.hpp"

namespace torc::wire {

namespace {

/// Copies `target.size()` bytes of the concatenated pieces, from `offset` on.
void gather(const Pieces& pieces, std::size_t offset, std::span<std::byte> target) {
    for (const std::span<const std::byte> piece : pieces) {
        if (target.empty()) return;
        if (offset >= piece.size()) {
            offset -= piece.size();
            continue;
        }
        const std::size_t length = std::min(piece.size() - offset, target.size());
        std::memcpy(target.data(), piece.data() + offset, length);
        target = target.subspan(length);
        offset = 0;
    }
    TORC_CHECK(target.empty());
}

/// One field of the sealed header. To load, change and store all of it would wait for the fields
/// that were written just before.
template <WireStruct T>
void put(const FrameRef& frame, std::size_t offset, const T& field) {
    store(frame.room(), sizeof(HopHeader) + offset, field);
}

constexpr std::uint8_t raw_service(Service service) { return static_cast<std::uint8_t>(service); }

}  // namespace

FrameBuilder::FrameBuilder(const FrameRef& frame, std::size_t frame_bytes, NodeIndex sender,
                           std::uint32_t config_hash)
    : frame_(frame), limit_(frame_bytes) {
    TORC_CHECK(frame_bytes <= frame.capacity && frame_bytes <= kFrameBytesMax);
    TORC_CHECK(frame_bytes >= kDataOverhead + 2 * sizeof(MessageHeader));
    SealedHeader sealed;
    sealed.sender = raw(sender);
    sealed.representative = raw(sender);
    store(frame_.room(), 0, make_hop(Kind::data, sender, sizeof(SealedHeader), config_hash));
    store(frame_.room(), sizeof(HopHeader), sealed);
    frame_.size = kDataOverhead;
}

bool FrameBuilder::fits(std::size_t length) const {
    if (!frame_ || messages_ == kMessagesPerFrameMax) return false;
    const std::size_t free = limit_ - frame_.size;
    return free >= sizeof(MessageHeader) && length <= free &&  // no overflow in padded()
           padded(length) <= free - sizeof(MessageHeader);
}

std::byte* FrameBuilder::start_message(const MessageTag& tag, std::uint16_t flags,
                                       std::size_t length) {
    MessageHeader header;
    header.length = static_cast<std::uint16_t>(length);
    header.flags = static_cast<std::uint16_t>(raw_service(tag.service) | flags |
                                              (tag.control ? kControlMessage : 0));
    header.session = session_ = tag.session;
    flags_ = header.flags;
    std::byte* const body = frame_.data + frame_.size + sizeof header;
    std::memcpy(body - sizeof header, &header, sizeof header);
    if (length != 0) std::memset(body + padded(length) - kMessageAlign, 0, kMessageAlign);
    frame_.size += static_cast<std::uint32_t>(sizeof header + padded(length));

    std::uint8_t service = std::max(static_cast<std::uint8_t>(service_flags_ & kServiceMask),
                                    raw_service(tag.service));
    const bool fragment = (flags & kFragment) != 0;
    if (fragment) service = std::max(service, raw_service(Service::fifo));
    const int kept = service_flags_ & ~kServiceMask;
    service_flags_ = static_cast<std::uint8_t>(kept | service | (fragment ? kHasFragment : 0));
    ++messages_;
    header_written_ = false;
    return body;
}

const FrameRef& FrameBuilder::frame() {
    if (!frame_ || header_written_) return frame_;
    put(frame_, offsetof(SealedHeader, body_length),
        le16(static_cast<std::uint16_t>(frame_.size - kDataOverhead)));
    put(frame_, offsetof(SealedHeader, messages), messages_);
    put(frame_, offsetof(SealedHeader, service_flags), service_flags_);
    store(frame_.room(), offsetof(HopHeader, length),
          le16(static_cast<std::uint16_t>(frame_.size - sizeof(HopHeader))));
    header_written_ = true;
    return frame_;
}

bool FrameBuilder::append(const MessageTag& tag, const Pieces& pieces) {
    const bool same = tag.envelope != 0 && tag.envelope == envelope_;
    const auto* piece = pieces.begin() + (same ? 1 : 0);
    const std::size_t length = pieces.length() - (same ? pieces.begin()->size() : 0);
    if (!fits(length)) return false;
    std::byte* at = start_message(tag, same ? kSameEnvelope : 0, length);
    for (; piece != pieces.end(); ++piece) {
        if (piece->empty()) continue;  // its place may be null
        std::memcpy(at, piece->data(), piece->size());
        at += piece->size();
    }
    envelope_ = tag.envelope;
    return true;
}

bool FrameBuilder::append_alike(std::uint32_t envelope, std::span<const std::byte> rest) {
    if (envelope == 0 || envelope != envelope_ || !fits(rest.size())) return false;
    MessageHeader header;
    header.length = static_cast<std::uint16_t>(rest.size());
    header.flags = flags_ = static_cast<std::uint16_t>(flags_ | kSameEnvelope);
    header.session = session_;
    std::byte* const body = frame_.data + frame_.size + sizeof header;
    std::memcpy(body - sizeof header, &header, sizeof header);
    if (!rest.empty()) {
        std::memset(body + padded(rest.size()) - kMessageAlign, 0, kMessageAlign);
        std::memcpy(body, rest.data(), rest.size());
    }
    frame_.size += static_cast<std::uint32_t>(sizeof header + padded(rest.size()));
    ++messages_;
    header_written_ = false;
    return true;
}

std::size_t FrameBuilder::append_fragment(const MessageTag& tag, const Pieces& pieces,
                                          std::size_t offset) {
    const std::size_t total = pieces.length();
    TORC_CHECK(offset < total && total <= kWireMessageBytesMax);
    if (!frame_ || messages_ != 0) return 0;
    const bool first = offset == 0;
    const std::size_t prefix = first ? sizeof(le32) : 0;
    const std::size_t taken = std::min(whole_message_bytes_max(limit_) - prefix, total - offset);
    const bool last = offset + taken == total;
    TORC_CHECK(!(first && last));
    const int flags = kFragment | (first ? kFirstFragment : 0) | (last ? kLastFragment : 0);
    const std::span<std::byte> body{
        start_message(tag, static_cast<std::uint16_t>(flags), prefix + taken), prefix + taken};
    if (first) store(body, 0, le32(static_cast<std::uint32_t>(total)));
    gather(pieces, offset, body.subspan(prefix));
    TORC_CHECK(last || !fits(0));
    return taken;
}

void stamp(const FrameRef& frame, const Stamp& stamp) {
    constexpr std::size_t kFlagsAt = offsetof(SealedHeader, service_flags);
    put(frame, offsetof(SealedHeader, epoch), le64(stamp.ring.epoch));
    put(frame, offsetof(SealedHeader, seq), le64(stamp.seq.raw));
    put(frame, offsetof(SealedHeader, representative), le16(raw(stamp.ring.representative)));
    put(frame, offsetof(SealedHeader, sender_seq), le32(stamp.sender_seq));
    put(frame, offsetof(SealedHeader, round), le32(stamp.round));
    const auto before = load<std::uint8_t>(frame.bytes(), sizeof(HopHeader) + kFlagsAt);
    const int kept = before & ~(kLastOfVisit | kPostToken);
    put(frame, kFlagsAt,
        static_cast<std::uint8_t>(kept | (stamp.last_of_visit ? kLastOfVisit : 0) |
                                  (stamp.post_token ? kPostToken : 0)));
}

bool copy_for_resend(const FrameRef& stored, FrameRef& fresh, NodeIndex transmitter,
                     std::uint8_t hop_flags) {
    if (stored.size < kDataOverhead || stored.size > fresh.capacity) return false;
    auto hop = load<HopHeader>(stored.bytes());
    if (Kind{hop.kind} != Kind::data) return false;
    hop.transmitter = raw(transmitter);
    hop.flags = hop_flags;
    std::memcpy(fresh.data, stored.data, stored.size);
    fresh.size = stored.size;
    store(fresh.room(), 0, hop);
    return true;
}

}  // namespace torc::wire
