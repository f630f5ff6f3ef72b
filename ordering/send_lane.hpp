// Frames that wait for the token, built while messages come in: small ones packed together, large
// ones in fragments. protocol.md 3.4 (packing by delivery class), 3.9.
//
// One lane keeps one order. Only its last frame is open; a message of another class closes it, so
// that what a session sends stays in its order.
//
// A message of more than one frame goes in one of two ways. As a *unit*, if it is not long: all its
// fragments enter at once, and one visit of the token takes all of them or none (`frames_for`). So
// it is never half-sent, and counts as sent as it enters, like a small one. Longer ones one at a
// time: their frames enter as room allows, and one counts as sent when the last of them was taken
// out (got its seq). Until then whoever offered it offers it again.
#pragma once

#include <cstdint>
#include <vector>

#include "ordering/context.hpp"
#include "ordering/ring.hpp"
#include "wire/data.hpp"

namespace torc::ordering {

/// Fragments of a unit at most; fewer where a burst, half of what may be in flight, or a quarter of
/// the lane is less. What is in flight may exceed its bound by one unit.
inline constexpr std::size_t kUnitFramesMax = 64;

class SendLane {
public:
    /// `frames_max`: what may wait. `bytes_max`: of one message.
    SendLane(const Context& context, std::size_t frames_max, std::size_t bytes_max);

    /// Copies the message in, or a part of a large one.
    Submit submit(const wire::MessageTag& tag, const wire::Pieces& pieces);
    /// A message like the last one that was submitted, if that may be done and its frame has room:
    /// wire::FrameBuilder::append_alike.
    bool append_alike(std::uint32_t envelope, std::span<const std::byte> rest) {
        return is_open() && at(count_ - 1).builder.append_alike(envelope, rest);
    }
    /// True once after the last fragment of the large message was taken out; the answer to its
    /// owner is then `queued`.
    bool take_finished();

    std::size_t size() const { return count_; }
    bool empty() const { return count_ == 0; }
    /// Whether another message may join the last frame.
    bool is_open() const { return count_ != 0 && !pending_[(head_ + count_ - 1) & mask_].fragment; }
    /// How many frames a visit takes that may take `allowed`: fewer rather than a part of a unit;
    /// more only where the lane begins with a longer unit and `or_one_unit`.
    std::size_t frames_for(std::size_t allowed, bool or_one_unit) const;
    /// The oldest frame, with its loan. The lane must not be empty.
    FrameRef pop();
    /// The ring changed: a large message that is not wholly sequenced starts from its beginning.
    void restart_fragmented();
    /// Gives every loan back.
    void clear();

private:
    struct Pending {
        wire::FrameBuilder builder;
        bool fragment{false};
        bool last_fragment{false};  ///< of the large message
        std::uint16_t unit{1};  ///< frames from here to the end of a unit; 0: of the large message
    };
    /// The large message under way: one that is no unit.
    struct Large {
        bool active{false};
        bool finished{false};  ///< its last fragment got its seq; the owner does not know yet
        wire::MessageTag tag;
        std::size_t total{0};
        std::size_t built{0};  ///< bytes that are in frames
    };

    Pending& at(std::size_t position) { return pending_[(head_ + position) & mask_]; }
    const Pending& at(std::size_t position) const { return pending_[(head_ + position) & mask_]; }
    Submit submit_whole(const wire::MessageTag& tag, const wire::Pieces& pieces);
    Submit submit_unit(const wire::MessageTag& tag, const wire::Pieces& pieces, std::size_t frames);
    Submit submit_large(const wire::MessageTag& tag, const wire::Pieces& pieces);
    bool owns_large(const wire::MessageTag& tag) const;
    bool open_frame();
    void drop_last();
    void drop_fragments();

    const Context& context_;
    std::size_t frames_max_;
    std::size_t bytes_max_;
    std::size_t unit_max_;
    std::size_t units_{0};  ///< that wait
    std::size_t mask_;
    std::vector<Pending> pending_;
    std::size_t head_{0};
    std::size_t count_{0};
    std::size_t fragments_{0};  ///< frames of the large message that wait
    Large large_;
};

}  // namespace torc::ordering
