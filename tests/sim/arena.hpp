// Frame memory of one simulated node, with a ledger: every loan must come back exactly once.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/check.hpp"
#include "base/frame_ref.hpp"

namespace torc::sim {

class Arena {
public:
    Arena(std::size_t frame_bytes, std::size_t frames)
        : frame_bytes_(frame_bytes), limit_(frames) {}

    /// A writable frame, or an empty one when `frames` are out, or others have them all.
    FrameRef lend() {
        if (dry_ || lent_ >= limit_) return {};
        if (free_.empty()) {
            slots_.push_back(std::make_unique<Slot>());
            slots_.back()->bytes.resize(frame_bytes_);
            free_.push_back(slots_.back().get());
        }
        Slot* const slot = free_.back();
        free_.pop_back();
        slot->lent = true;
        ++lent_;
        return {slot, slot->bytes.data(), 0, static_cast<std::uint32_t>(frame_bytes_)};
    }

    void take_back(void* cookie) {
        Slot* const slot = static_cast<Slot*>(cookie);
        if (abandoned_) return;
        TORC_CHECK(slot->lent && "a loan came back twice");
        slot->lent = false;
        --lent_;
        free_.push_back(slot);
    }

    std::size_t lent() const { return lent_; }
    void set_limit(std::size_t frames) { limit_ = frames; }
    void set_dry(bool dry) { dry_ = dry; }
    /// The run failed in the middle of a step of the engine: what it gives back counts no more.
    void abandon() { abandoned_ = true; }

private:
    struct Slot {
        std::vector<std::byte> bytes;
        bool lent{false};
    };
    std::size_t frame_bytes_;
    std::size_t limit_;
    std::size_t lent_{0};
    bool dry_{false};
    bool abandoned_{false};
    std::vector<std::unique_ptr<Slot>> slots_;
    std::vector<Slot*> free_;
};

}  // namespace torc::sim
