// What waits for the token: control messages of the groups layer in front, the application's
// behind. protocol.md 3.1, 9.3. While the directories are being joined after a merge only the
// first lane moves.
#pragma once

#include <algorithm>

#include "base/mutants.hpp"
#include "ordering/send_lane.hpp"

namespace torc::ordering {

/// Frames that may wait in each lane.
inline constexpr std::size_t kPendingFramesMax = 2 * kBurstMax;
inline constexpr std::size_t kPendingControlMax = 64;
/// Bytes of one control message at most; the groups layer cuts its state in chunks below it.
inline constexpr std::size_t kControlMessageBytesMax = 32 * 1024;

class SendQueue {
public:
    explicit SendQueue(const Context& context)
        : control_(context, kPendingControlMax, kControlMessageBytesMax),
          application_(context, pending_max(context.settings),
                       context.settings.message_bytes + wire::kEnvelopeRoom) {}

    SendLane& lane(bool control) { return control ? control_ : application_; }
    void hold_application(bool hold) { held_ = hold; }
    bool holds_application() const { return held_; }

    /// Frames that wait, and those of them that may have a seq now.
    std::size_t backlog() const { return control_.size() + application_.size(); }
    std::size_t sendable() const {
        const bool held = held_ && !mutant(Mutant::application_not_held);
        return control_.size() + (held ? 0 : application_.size());
    }
    /// How many frames a visit takes that may take `allowed`: no unit is cut. At least one if both
    /// `allowed` and `sendable` are not 0.
    std::size_t frames_for(std::size_t allowed) const {
        const std::size_t control = control_.frames_for(allowed, true);
        if (control >= allowed || control < control_.size() || sendable() == control_.size()) {
            return control;
        }
        return control + application_.frames_for(allowed - control, control == 0);
    }
    /// The next frame to get a seq, with its loan; `sendable` must not be 0.
    FrameRef pop() { return control_.empty() ? application_.pop() : control_.pop(); }

    /// A new ring: application messages go out on it. What the groups layer said to the members of
    /// the old one is void: it speaks anew, and an old SYNC taken for a new one would tell a past
    /// lineage, and so sets of a view that came along together would be told apart.
    void change_ring() {
        control_.clear();
        application_.restart_fragmented();
    }
    void clear() {
        control_.clear();
        application_.clear();
    }
    std::size_t loans() const { return backlog(); }

private:
    /// Enough for a few visits; more would only add delay in front of the token.
    static std::size_t pending_max(const config::ClusterSettings& settings) {
        return std::min<std::size_t>(kPendingFramesMax, std::size_t{4} * settings.burst_frames);
    }

    SendLane control_;
    SendLane application_;
    bool held_{false};
};

}  // namespace torc::ordering
