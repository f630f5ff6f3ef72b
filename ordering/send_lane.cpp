#include "ordering/send_lane.hpp"

#include <algorithm>
#include <bit>

#include "base/check.hpp"
#include "base/mutants.hpp"

namespace torc::ordering {
namespace {

/// Messages that may share a frame: they are delivered at the same point.
enum class PackingClass : std::uint8_t { early, ordered, safe };

PackingClass packing_class(Service service) {
    switch (service) {
        case Service::unreliable:
        case Service::reliable:
            return PackingClass::early;
        case Service::fifo:
        case Service::causal:
        case Service::agreed:
            return PackingClass::ordered;
        case Service::safe:
            return PackingClass::safe;
    }
    return PackingClass::safe;
}

std::size_t unit_max(const config::ClusterSettings& settings, std::size_t frames_max) {
    return std::min({kUnitFramesMax, frames_max / 4, std::size_t{settings.burst_frames},
                     std::size_t{settings.in_flight_frames} / 2});
}

}  // namespace

SendLane::SendLane(const Context& context, std::size_t frames_max, std::size_t bytes_max)
    : context_(context),
      frames_max_(frames_max),
      bytes_max_(bytes_max),
      unit_max_(unit_max(context.settings, frames_max)),
      mask_(std::bit_ceil(frames_max) - 1),
      pending_(mask_ + 1) {}

Submit SendLane::submit(const wire::MessageTag& tag, const wire::Pieces& pieces) {
    const std::size_t length = pieces.length();
    if (length > bytes_max_) return Submit::too_large;
    if (owns_large(tag)) {
        if (large_.total == length && large_.tag.service == tag.service) {
            return take_finished() ? Submit::queued : submit_large(tag, pieces);
        }
        // Its owner gave it up and speaks of something else: a session that was closed.
        drop_fragments();
        large_ = Large{};
    }
    if (length <= wire::whole_message_bytes_max(context_.settings.frame_bytes)) {
        return submit_whole(tag, pieces);
    }
    if (large_.active) return Submit::would_block;
    const std::size_t frames = wire::fragments_of(length, context_.settings.frame_bytes);
    if (frames <= unit_max_) return submit_unit(tag, pieces, frames);
    large_ = Large{true, false, tag, length, 0};
    const Submit answer = submit_large(tag, pieces);
    if (large_.built == 0) large_ = Large{};
    return answer;
}

bool SendLane::owns_large(const wire::MessageTag& tag) const {
    return large_.active && large_.tag.session == tag.session;
}

Submit SendLane::submit_whole(const wire::MessageTag& tag, const wire::Pieces& pieces) {
    if (count_ != 0) {
        Pending& last = at(count_ - 1);
        // Nothing is packed behind a fragment, though the wire allows it behind the last one:
        // fragments may have to be dropped (restart), whole messages never.
        const bool open = !last.fragment || mutant(Mutant::packed_behind_fragment);
        const bool alike = packing_class(last.builder.service()) == packing_class(tag.service);
        if (open && alike && last.builder.append(tag, pieces)) return Submit::queued;
    }
    if (!open_frame()) return Submit::would_block;
    TORC_CHECK(at(count_ - 1).builder.append(tag, pieces));
    return Submit::queued;
}

/// All fragments or none: who comes behind must not be mixed with them.
Submit SendLane::submit_unit(const wire::MessageTag& tag, const wire::Pieces& pieces,
                             std::size_t frames) {
    if (frames > frames_max_ - count_) return Submit::would_block;
    std::size_t built = 0;
    for (std::size_t left = frames; left != 0; --left) {
        if (!open_frame()) {
            for (; left != frames; ++left) drop_last();
            return Submit::would_block;
        }
        Pending& pending = at(count_ - 1);
        built += pending.builder.append_fragment(tag, pieces, built);
        pending.fragment = true;
        pending.unit = static_cast<std::uint16_t>(left);
    }
    TORC_CHECK(built == pieces.length());
    ++units_;
    return Submit::queued;
}

/// Builds fragments while there is room. They take at most half of the lane, so that the messages
/// of other sessions are not shut out for as long as a large one takes.
Submit SendLane::submit_large(const wire::MessageTag& tag, const wire::Pieces& pieces) {
    while (large_.built < large_.total && fragments_ < (frames_max_ + 1) / 2 && open_frame()) {
        Pending& pending = at(count_ - 1);
        large_.built += pending.builder.append_fragment(tag, pieces, large_.built);
        pending.fragment = true;
        pending.unit = 0;
        pending.last_fragment = large_.built == large_.total;
        ++fragments_;
    }
    return large_.built == 0 ? Submit::would_block : Submit::partial;
}

bool SendLane::take_finished() {
    if (!large_.finished) return false;
    large_ = Large{};
    return true;
}

/// Puts an empty frame at the end; false if the lane is full or no frame is to be had.
bool SendLane::open_frame() {
    if (count_ == frames_max_) return false;
    const FrameRef frame = context_.frames.acquire();
    if (!frame) {
        context_.count(telemetry::CounterId::pool_dry);
        return false;
    }
    ++count_;
    at(count_ - 1) =
        Pending{{frame, context_.settings.frame_bytes, context_.me.index, context_.config_hash}};
    return true;
}

void SendLane::drop_last() {
    context_.frames.release(at(count_ - 1).builder.frame());
    --count_;
}

std::size_t SendLane::frames_for(std::size_t allowed, bool or_one_unit) const {
    const std::size_t most = std::min(allowed, count_);
    if (units_ == 0 || mutant(Mutant::unit_cut)) return most;
    std::size_t frames = 0;
    while (frames < most) {
        const std::size_t next = std::max<std::size_t>(1, at(frames).unit);
        if (frames + next > most && !(frames == 0 && or_one_unit)) break;
        frames += next;
    }
    return frames;
}

FrameRef SendLane::pop() {
    TORC_CHECK(count_ != 0);
    Pending& oldest = at(0);
    const FrameRef frame = oldest.builder.frame();
    if (oldest.unit == 0) --fragments_;
    if (oldest.fragment && oldest.unit == 1) --units_;
    if (oldest.last_fragment) large_.finished = true;
    head_ = (head_ + 1) & mask_;
    --count_;
    return frame;
}

void SendLane::restart_fragmented() {
    if (!large_.active || large_.finished || mutant(Mutant::large_message_continued)) return;
    drop_fragments();
    large_.built = 0;
    context_.count(telemetry::CounterId::partial_restarted);
}

void SendLane::drop_fragments() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count_; ++i) {
        if (at(i).unit == 0) {
            context_.frames.release(at(i).builder.frame());
        } else {
            at(kept++) = at(i);
        }
    }
    count_ = kept;
    fragments_ = 0;
}

void SendLane::clear() {
    for (std::size_t i = 0; i < count_; ++i) context_.frames.release(at(i).builder.frame());
    count_ = fragments_ = units_ = 0;
    large_ = Large{};
}

}  // namespace torc::ordering
