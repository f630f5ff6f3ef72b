// Reading DATA frames: the rules of a body, and the view over one.
#include "wire/data.hpp"

#include "base/check.hpp"
#include "wire/checks.hpp"
#include "wire/cursor.hpp"

namespace torc::wire {

namespace {

/// Whether the padding of a message of `length` bytes is zero: the end of its last eight bytes.
bool is_zero_behind(std::span<const std::byte> message, std::size_t length) {
    const std::size_t used = length % kMessageAlign;
    if (used == 0) return true;
    const std::uint64_t last = load<le64>(message, length - used);
    return last >> (8 * used) == 0;
}

/// Takes one message with its padding from the front of `left`. Judges bounds only.
RejectReason take_message(std::span<const std::byte>& left, MessageView& message,
                          bool& padded_with_zeros) {
    const std::optional<MessageHeader> header = take<MessageHeader>(left);
    if (!header) return RejectReason::truncated;
    const std::size_t length = header->length.get();
    if (left.size() < padded(length)) return RejectReason::truncated;
    message = MessageView{header->flags, header->session, 0, left.first(length)};
    padded_with_zeros = is_zero_behind(left, length);
    left = left.subspan(padded(length));
    if ((message.flags & kFragment) != 0 && (message.flags & kFirstFragment) != 0) {
        const std::optional<le32> total = take<le32>(message.bytes);
        if (!total) return RejectReason::bad_total;
        message.total = *total;
    }
    return RejectReason::none;
}

RejectReason check_fragment(const MessageView& message, const SealedHeader& sealed) {
    const bool first = message.has(kFirstFragment);
    const bool last = message.has(kLastFragment);
    if (first && last) return RejectReason::bad_fragment;
    if (message.bytes.empty()) return RejectReason::bad_fragment;
    // Only a last fragment may be followed by whole messages.
    if (!last && sealed.messages != 1) return RejectReason::bad_fragment;
    // Fragments must come in their sender's order, which the classes below FIFO do not give.
    if (Service(sealed.service_flags & kServiceMask) < Service::fifo) {
        return RejectReason::bad_fragment;
    }
    if (first && (message.total <= message.bytes.size() || message.total > kWireMessageBytesMax)) {
        return RejectReason::bad_total;
    }
    return RejectReason::none;
}

/// What stands where a message's own envelope would: whose it is, and that it is there.
RejectReason check_envelope(const MessageView& message, const MessageView& before) {
    if (!message.has(kSameEnvelope)) return RejectReason::none;
    constexpr int kAlike = kControlMessage | kFragment;
    const bool alike =
        message.session == before.session && (message.flags & kAlike) == (before.flags & kAlike);
    return alike && !message.has(kFragment) ? RejectReason::none : RejectReason::bad_envelope;
}

RejectReason check_message(const MessageView& message, std::size_t position,
                           const SealedHeader& sealed) {
    if ((message.flags & kMessageServiceMask) > (sealed.service_flags & kServiceMask)) {
        return RejectReason::bad_service;
    }
    const bool fragment = message.has(kFragment);
    const bool announced = position == 0 && (sealed.service_flags & kHasFragment) != 0;
    if (fragment != announced) return RejectReason::bad_fragment;
    if (fragment) return check_fragment(message, sealed);
    const bool stray = message.has(kFirstFragment) || message.has(kLastFragment);
    return stray ? RejectReason::bad_fragment : RejectReason::none;
}

RejectReason check_sealed(const SealedHeader& sealed, std::size_t body) {
    if (sealed.body_length.get() != body) return RejectReason::bad_length;
    if (!is_node(sealed.sender) || !is_node(sealed.representative)) return RejectReason::bad_node;
    const auto service = Service(sealed.service_flags & kServiceMask);
    if (service > Service::safe) return RejectReason::bad_service;
    if ((sealed.seq.get() == 0) != (service == Service::unreliable)) return RejectReason::bad_seq;
    if (sealed.messages == 0) return RejectReason::bad_count;
    return RejectReason::none;
}

}  // namespace

RejectReason check_data(std::span<const std::byte> bytes) {
    const std::optional<SealedHeader> sealed = take<SealedHeader>(bytes);
    if (!sealed) return RejectReason::truncated;
    if (const RejectReason reason = check_sealed(*sealed, bytes.size());
        reason != RejectReason::none) {
        return reason;
    }
    MessageView before;
    before.flags = kFragment;  // nothing stands in front of the first
    for (std::size_t position = 0; position < sealed->messages; ++position) {
        MessageView message;
        bool padded_with_zeros = false;
        RejectReason reason = take_message(bytes, message, padded_with_zeros);
        if (reason == RejectReason::none) reason = check_message(message, position, *sealed);
        if (reason == RejectReason::none) reason = check_envelope(message, before);
        if (reason != RejectReason::none) return reason;
        if (!padded_with_zeros) return RejectReason::bad_padding;
        before = message;
    }
    return bytes.empty() ? RejectReason::none : RejectReason::bad_count;
}

std::optional<DataView> DataView::parse(std::span<const std::byte> frame) {
    std::span<const std::byte> behind = frame;
    const std::optional<HopHeader> hop = take<HopHeader>(behind);
    if (!hop || Kind{hop->kind} != Kind::data) return std::nullopt;
    if (check_data(behind) != RejectReason::none) return std::nullopt;
    return of_validated(frame);
}

DataView DataView::of_validated(std::span<const std::byte> frame) {
    TORC_CHECK(frame.size() >= kDataOverhead);
    DataView view;
    view.hop_ = load<HopHeader>(frame);
    view.sealed_ = load<SealedHeader>(frame, sizeof(HopHeader));
    view.sealed_bytes_ = frame.subspan(sizeof(HopHeader));
    return view;
}

/// A first fragment begins with the length of the whole message; elsewhere the flag says nothing.
void DataView::Iterator::read_total() {
    if ((message_.flags & kFragment) == 0) return;
    const std::optional<le32> total = take<le32>(message_.bytes);
    if (!total) return end_here();
    message_.total = *total;
}

}  // namespace torc::wire
