// Control messages on their way through frames: falling into parts (ControlSender) and being
// joined again (ControlAssembler). wire/membership.hpp has the messages themselves.
//
// A body of B bytes in P parts falls into pieces of ceil(B / P) bytes, the last one shorter. So
// every part says where it belongs and how long it must be, whichever comes first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/ids.hpp"
#include "base/limits.hpp"
#include "wire/frame_io.hpp"
#include "wire/hop.hpp"
#include "wire/membership.hpp"

namespace torc::wire {

/// Where one part of a body lies.
struct PartRange {
    std::size_t offset{0};
    std::size_t length{0};
};
/// Nothing if such a part cannot be: numbers out of range, a body too large, a part that would be
/// empty.
constexpr std::optional<PartRange> part_range(std::size_t body, std::size_t part,
                                              std::size_t parts) {
    if (body == 0 || body > kControlBytesMax || parts == 0 || parts > kControlPartsMax) return {};
    if (part >= parts) return {};
    const std::size_t piece = (body + parts - 1) / parts;
    if ((parts - 1) * piece >= body) return {};
    const std::size_t offset = part * piece;
    return PartRange{offset, part + 1 == parts ? body - offset : piece};
}

class ControlAssembler {
public:
    struct Message {
        Control control;
        Kind kind{};
        /// Valid until the next `add`, and as long as the bytes given to `add` are.
        std::span<const std::byte> body;
    };
    /// The message of one sender that was complete last.
    struct Completed {
        Incarnation incarnation{};
        std::uint64_t ctl{0};
    };

    /// Allocates kControlBytesMax bytes a sender, once; pages that no message in parts ever uses
    /// stay untouched. `senders`: indices 0 .. senders - 1 are accepted.
    explicit ControlAssembler(std::size_t senders = kNodesMax);

    /// Takes one control frame.
    /// Takes: its kind, and the bytes behind its hop header.
    /// Gives: a message if these bytes complete one. A message in one part is given without a
    /// copy, and always: whether its ctl is news is for the caller to judge (`newest_completed`).
    /// Fails: never; total on hostile bytes. A part that is no part of the message that its
    /// sender has under way (an older ctl, other lengths, another kind) changes nothing; a newer
    /// ctl or another incarnation replaces what is under way.
    std::optional<Message> add(Kind kind, std::span<const std::byte> bytes);

    /// What `add` gave last for this sender, not counting messages that were older than it.
    /// Ask before `add` to judge the message that it gives.
    std::optional<Completed> newest_completed(NodeIndex sender) const;

private:
    struct Slot {
        ControlHeader first;  ///< of the part that came first; `part` has no meaning
        Kind kind{};
        std::uint32_t parts_seen{0};  ///< bit per part; 0: nothing under way
        Completed completed;
    };
    static_assert(kControlPartsMax <= 32);

    bool joins(const Slot& slot, const ControlHeader& header, Kind kind) const;
    void note_completed(Slot& slot, const ControlHeader& header);
    std::span<std::byte> buffer(std::size_t sender) {
        return {buffers_.get() + sender * kControlBytesMax, kControlBytesMax};
    }

    std::size_t senders_;
    std::array<Slot, kNodesMax> slots_{};
    std::unique_ptr<std::byte[]> buffers_;
};

/// Sends control messages of one daemon.
class ControlSender {
public:
    /// `frame_bytes`: the cluster's limit, at least kFrameBytesMin.
    ControlSender(const FrameIo& frames, std::size_t frame_bytes, NodeIndex transmitter,
                  std::uint32_t config_hash);

    /// Sends one message in as many frames as it takes, all or none.
    /// Takes: who says it (`control.sender` need not be the transmitter), and its encoded body.
    /// Gives: false if the pool is dry (send it again at the next interval) or the body is empty
    /// or larger than kControlBytesMax.
    bool send(Kind kind, const Control& control, std::span<const std::byte> body,
              NodeIndex to = kNoNode) const;

private:
    void encode_part(Kind kind, const ControlHeader& header, std::span<const std::byte> piece,
                     FrameRef& frame) const;

    FrameIo frames_;
    std::size_t frame_bytes_;
    NodeIndex transmitter_;
    std::uint32_t config_hash_;
};

}  // namespace torc::wire
