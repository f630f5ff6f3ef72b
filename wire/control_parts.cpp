// Parts of control messages: see the header for the rule by which a body falls into them.
#include "wire/control_parts.hpp"

#include <cstring>

#include "base/check.hpp"
#include "base/fixed_vec.hpp"
#include "wire/checks.hpp"
#include "wire/cursor.hpp"

namespace torc::wire {

namespace {

/// Without the configuration, which only `validate` can judge.
RejectReason check_part(const ControlHeader& header, std::size_t piece) {
    if (!is_node(header.sender)) return RejectReason::bad_node;
    if (header.incarnation.get() == 0) return RejectReason::bad_incarnation;
    const std::optional<PartRange> range =
        part_range(header.body_length, header.part, header.parts);
    if (!range) return RejectReason::bad_parts;
    if (piece < range->length) return RejectReason::truncated;
    if (piece > range->length) return RejectReason::bad_length;
    return RejectReason::none;
}

Control control_of(const ControlHeader& header) {
    return Control{Member{NodeIndex{header.sender.get()}, Incarnation{header.incarnation.get()}},
                   header.ctl, header.config_fingerprint};
}

}  // namespace

RejectReason check_control(std::span<const std::byte> bytes, std::uint32_t config_hash) {
    const std::optional<ControlHeader> header = take<ControlHeader>(bytes);
    if (!header) return RejectReason::truncated;
    if (static_cast<std::uint32_t>(header->config_fingerprint.get()) != config_hash) {
        return RejectReason::wrong_config;
    }
    return check_part(*header, bytes.size());
}

ControlAssembler::ControlAssembler(std::size_t senders)
    : senders_(senders),
      buffers_(std::make_unique_for_overwrite<std::byte[]>(senders * kControlBytesMax)) {
    TORC_CHECK(senders <= kNodesMax);
}

bool ControlAssembler::joins(const Slot& slot, const ControlHeader& header, Kind kind) const {
    return slot.parts_seen != 0 && kind == slot.kind && header.parts == slot.first.parts &&
           header.body_length.get() == slot.first.body_length.get() &&
           header.config_fingerprint.get() == slot.first.config_fingerprint.get() &&
           header.incarnation.get() == slot.first.incarnation.get() &&
           header.ctl.get() == slot.first.ctl.get();
}

void ControlAssembler::note_completed(Slot& slot, const ControlHeader& header) {
    const Completed now{Incarnation{header.incarnation.get()}, header.ctl};
    if (slot.completed.incarnation != now.incarnation || slot.completed.ctl < now.ctl) {
        slot.completed = now;
    }
}

std::optional<ControlAssembler::Message> ControlAssembler::add(Kind kind,
                                                               std::span<const std::byte> bytes) {
    const std::optional<ControlHeader> header = take<ControlHeader>(bytes);
    if (!header || !is_control(kind) || check_part(*header, bytes.size()) != RejectReason::none) {
        return std::nullopt;
    }
    const std::size_t sender = header->sender.get();
    if (sender >= senders_) return std::nullopt;
    Slot& slot = slots_[sender];
    if (header->parts == 1) {
        note_completed(slot, *header);
        return Message{control_of(*header), kind, bytes};
    }
    if (!joins(slot, *header, kind)) {
        const bool same_boot = header->incarnation.get() == slot.first.incarnation.get();
        const bool newer =
            slot.parts_seen == 0 || !same_boot || header->ctl.get() > slot.first.ctl.get();
        if (!newer) return std::nullopt;
        slot.first = *header;
        slot.kind = kind;
        slot.parts_seen = 0;
    }
    const std::optional<PartRange> range =
        part_range(header->body_length, header->part, header->parts);
    std::memcpy(buffer(sender).data() + range->offset, bytes.data(), bytes.size());
    slot.parts_seen |= std::uint32_t{1} << header->part;
    if (slot.parts_seen != (std::uint32_t{1} << header->parts) - 1) return std::nullopt;
    slot.parts_seen = 0;
    note_completed(slot, *header);
    return Message{control_of(*header), kind, buffer(sender).first(header->body_length.get())};
}

std::optional<ControlAssembler::Completed> ControlAssembler::newest_completed(
    NodeIndex sender) const {
    if (raw(sender) >= senders_) return std::nullopt;
    const Completed& completed = slots_[raw(sender)].completed;
    if (completed.incarnation == Incarnation{}) return std::nullopt;
    return completed;
}

ControlSender::ControlSender(const FrameIo& frames, std::size_t frame_bytes, NodeIndex transmitter,
                             std::uint32_t config_hash)
    : frames_(frames),
      frame_bytes_(frame_bytes),
      transmitter_(transmitter),
      config_hash_(config_hash) {
    TORC_CHECK(frame_bytes >= kFrameBytesMin && frame_bytes <= kFrameBytesMax);
}

void ControlSender::encode_part(Kind kind, const ControlHeader& header,
                                std::span<const std::byte> piece, FrameRef& frame) const {
    Writer writer(frame.room());
    writer.put(make_hop(kind, transmitter_, sizeof(header) + piece.size(), config_hash_));
    writer.put(header);
    writer.put_bytes(piece);
    const std::size_t size = writer.finish();
    TORC_CHECK(size != 0);
    frame.size = static_cast<std::uint32_t>(size);
}

bool ControlSender::send(Kind kind, const Control& control, std::span<const std::byte> body,
                         NodeIndex to) const {
    TORC_CHECK(is_control(kind));
    if (body.empty() || body.size() > kControlBytesMax) return false;
    const std::size_t room = frame_bytes_ - sizeof(HopHeader) - sizeof(ControlHeader);
    const std::size_t parts = (body.size() + room - 1) / room;
    FixedVec<FrameRef, kControlPartsMax> frames;
    while (frames.size() < parts) {
        const FrameRef frame = frames_.acquire();
        if (!frame) break;
        frames.push_back(frame);
    }
    const bool enough = frames.size() == parts;
    ControlHeader header;
    header.sender = raw(control.sender.index);
    header.parts = static_cast<std::uint8_t>(parts);
    header.body_length = static_cast<std::uint32_t>(body.size());
    header.incarnation = raw(control.sender.incarnation);
    header.ctl = control.ctl;
    header.config_fingerprint = control.config_fingerprint;
    for (std::size_t part = 0; part < frames.size(); ++part) {
        if (enough) {
            const std::optional<PartRange> range = part_range(body.size(), part, parts);
            TORC_CHECK(range.has_value());
            header.part = static_cast<std::uint8_t>(part);
            encode_part(kind, header, body.subspan(range->offset, range->length), frames[part]);
            frames_.transmit(Transmit{frames[part], to, Channel::control});
        }
        frames_.release(frames[part]);
    }
    return enough;
}

}  // namespace torc::wire
