// A token must be passed on even when the pool is dry: this keeps frames for it aside.
#pragma once

#include "base/fixed_vec.hpp"
#include "wire/frame_io.hpp"

namespace torc::ordering {

class TokenFrames {
public:
    static constexpr std::size_t kReserve = 2;

    explicit TokenFrames(const wire::FrameIo& frames) : frames_(frames) {}

    /// Fills the reserve as far as the pool gives; whether a `take` will succeed.
    bool ready() {
        while (!spare_.full()) {
            const FrameRef frame = frames_.acquire();
            if (!frame) break;
            spare_.push_back(frame);
        }
        return !spare_.empty();
    }
    /// Only after `ready` said yes.
    FrameRef take() {
        const FrameRef frame = spare_.back();
        spare_.pop_back();
        return frame;
    }
    void clear() {
        for (const FrameRef& frame : spare_) frames_.release(frame);
        spare_.clear();
    }
    std::size_t loans() const { return spare_.size(); }

private:
    const wire::FrameIo& frames_;
    FixedVec<FrameRef, kReserve> spare_;
};

}  // namespace torc::ordering
