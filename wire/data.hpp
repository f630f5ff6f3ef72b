// DATA frames: reading them (DataView), building them (FrameBuilder), giving them their place in
// the order (stamp) and sending a stored one again (copy_for_resend). protocol.md 2, 3.9.
//
// A frame is built when its messages are submitted and stamped when the token comes. After it was
// sent, its sealed part is immutable: everyone stores it and anyone may send it again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>

#include "base/frame_ref.hpp"
#include "base/ids.hpp"
#include "base/limits.hpp"
#include "wire/hop.hpp"
#include "wire/pieces.hpp"
#include "wire/wire_struct.hpp"

namespace torc::wire {

/// What layers above may put in front of a payload (the envelope of groups).
inline constexpr std::size_t kEnvelopeRoom = 32 * 1024;
/// Bytes of the largest message that can be fragmented: payload and envelope.
inline constexpr std::size_t kWireMessageBytesMax = kMessageBytesMax + kEnvelopeRoom;

/// One message of a frame, or one fragment of a message.
struct MessageView {
    std::uint16_t flags{0};  ///< MessageFlag
    std::uint32_t session{0};
    std::uint32_t total{0};            ///< first fragment: bytes of the whole message; else 0
    std::span<const std::byte> bytes;  ///< of this piece, without the total's field

    Service service() const { return Service(flags & kMessageServiceMask); }
    bool has(MessageFlag flag) const { return (flags & flag) != 0; }
};

/// A DATA frame, read in place. The frame must outlive the view.
class DataView {
public:
    /// Nothing unless everything that `validate` checks behind the hop header holds.
    /// Total on hostile bytes. Cost: one walk over the message headers.
    static std::optional<DataView> parse(std::span<const std::byte> frame);
    /// The same without the walk, for a frame that passed `validate` (or was built here). Reads
    /// nothing outside of the frame even if that is not true; aborts if the headers do not fit.
    static DataView of_validated(std::span<const std::byte> frame);

    const HopHeader& hop() const { return hop_; }
    const SealedHeader& sealed() const { return sealed_; }
    RingId ring() const { return ring_of(sealed_); }
    Seq seq() const { return Seq{sealed_.seq}; }
    NodeIndex sender() const { return NodeIndex{sealed_.sender.get()}; }
    Service service() const { return Service(sealed_.service_flags & kServiceMask); }
    bool has(SealedFlag flag) const { return (sealed_.service_flags & flag) != 0; }
    bool has(HopFlag flag) const { return (hop_.flags & flag) != 0; }
    std::size_t messages() const { return sealed_.messages; }
    /// Sealed header and body: what two copies of one frame must have in common.
    std::span<const std::byte> sealed_bytes() const { return sealed_bytes_; }

    class Iterator {
    public:
        using value_type = MessageView;
        using difference_type = std::ptrdiff_t;

        Iterator() = default;
        Iterator(std::span<const std::byte> body, std::size_t messages)
            : left_(body), messages_(messages) {
            read();
        }
        const MessageView& operator*() const { return message_; }
        const MessageView* operator->() const { return &message_; }
        Iterator& operator++() {
            --messages_;
            read();
            return *this;
        }
        void operator++(int) { ++*this; }
        bool operator==(std::default_sentinel_t) const { return messages_ == 0; }

    private:
        /// Judges bounds only: `validate` judges the rest, and this costs a few instructions.
        void read() {
            if (messages_ == 0) return;
            if (left_.size() < sizeof(MessageHeader)) return end_here();
            const auto header = load<MessageHeader>(left_);
            const std::size_t length = header.length.get();
            if (left_.size() - sizeof(MessageHeader) < padded(length)) return end_here();
            message_ = {header.flags, header.session, 0, left_.subspan(sizeof header, length)};
            left_ = left_.subspan(sizeof(MessageHeader) + padded(length));
            if ((message_.flags & kFirstFragment) != 0) read_total();
        }
        void read_total();
        void end_here() { messages_ = 0; }

        std::span<const std::byte> left_;
        std::size_t messages_{0};  ///< still to come, the current one included
        MessageView message_;
    };
    /// Messages in their order; ends early at bytes that `validate` would refuse.
    Iterator begin() const {
        return Iterator(sealed_bytes_.subspan(sizeof(SealedHeader)), sealed_.messages);
    }
    std::default_sentinel_t end() const { return {}; }

private:
    HopHeader hop_;
    SealedHeader sealed_;
    std::span<const std::byte> sealed_bytes_;
};

/// Whose message it is and how it is to be delivered.
struct MessageTag {
    std::uint32_t session{0};
    Service service{Service::agreed};
    bool control{false};
    /// A number for the first of the message's pieces, its envelope: where two messages of a
    /// session have the same, they begin alike, byte for byte. 0: nothing is said.
    std::uint32_t envelope{0};
};

/// Fills one frame with messages. The frame is well-formed but for its stamp whenever it is taken
/// by `frame`; nothing is appended after the stamp. The builder borrows the frame; the caller keeps
/// the loan.
///
/// The frame's class is the highest of its messages', and not below FIFO if it has a fragment.
/// Which classes share a frame (protocol.md 3.4: packing) is the caller's business.
class FrameBuilder {
public:
    FrameBuilder() = default;
    /// Starts an empty frame. `frame_bytes`: the ring's limit, at most the frame's capacity.
    FrameBuilder(const FrameRef& frame, std::size_t frame_bytes, NodeIndex sender,
                 std::uint32_t config_hash);

    explicit operator bool() const { return static_cast<bool>(frame_); }
    /// The frame as it stands. Its header is written here, once for all that was appended.
    const FrameRef& frame();
    std::size_t messages() const { return messages_; }
    Service service() const { return Service(service_flags_ & kServiceMask); }

    /// Whether a whole message of that many bytes may be appended.
    bool fits(std::size_t length) const;
    /// Appends a whole message; false (and nothing done) if it does not fit. One with the envelope
    /// of the message before it goes without (kSameEnvelope). Cost: one copy.
    bool append(const MessageTag& tag, const Pieces& pieces);
    /// The same for a message that is like the last one but for what stands behind its envelope,
    /// `rest`. False, too, if the last one had another envelope than number `envelope`.
    bool append_alike(std::uint32_t envelope, std::span<const std::byte> rest);
    /// Appends as much of a large message as fits, from `offset` on: the first fragment if that is
    /// 0, the last if it reaches the end. The frame must be empty, and the message must not fit a
    /// frame as a whole. Any but the last fragment leaves no room for a message behind it.
    /// Gives: the bytes taken, at least 1; 0 if the frame is not empty.
    std::size_t append_fragment(const MessageTag& tag, const Pieces& pieces, std::size_t offset);

private:
    std::byte* start_message(const MessageTag& tag, std::uint16_t flags, std::size_t length);

    FrameRef frame_;
    std::size_t limit_{0};
    std::uint32_t envelope_{0};  ///< of the last message, as is what follows
    std::uint32_t session_{0};
    le16 flags_;
    std::uint8_t messages_{0};
    std::uint8_t service_flags_{0};
    bool header_written_{false};
};

/// What the largest whole message of a frame may have in bytes.
constexpr std::size_t whole_message_bytes_max(std::size_t frame_bytes) {
    return (frame_bytes - kDataOverhead - sizeof(MessageHeader)) / kMessageAlign * kMessageAlign;
}

/// How many fragments `append_fragment` makes of a message that does not fit a frame as a whole.
constexpr std::size_t fragments_of(std::size_t length, std::size_t frame_bytes) {
    const std::size_t most = whole_message_bytes_max(frame_bytes);
    return (length + sizeof(le32) + most - 1) / most;  // the first one tells the length, too
}

/// A frame's place in the order. Unreliable frames have seq 0 and all others do not.
struct Stamp {
    RingId ring;
    Seq seq;
    std::uint32_t sender_seq{0};
    std::uint32_t round{0};
    bool last_of_visit{false};
    bool post_token{false};
};
/// Writes the stamp into a frame made by FrameBuilder that was not sent yet. Callable again (the
/// ring may have changed since). The hop header is untouched.
void stamp(const FrameRef& frame, const Stamp& stamp);

/// Copies a stored frame into a fresh one with a hop header of its own: stored bytes may still be
/// read by the NIC and must not change. `hop_flags`: HopFlag bits. False if it does not fit or is
/// no DATA frame.
bool copy_for_resend(const FrameRef& stored, FrameRef& fresh, NodeIndex transmitter,
                     std::uint8_t hop_flags);

}  // namespace torc::wire
