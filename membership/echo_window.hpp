// Which of my own control messages are recent: whoever echoes one of them hears me *now*, which no
// replay can show (protocol.md 4.3, `hears`). Eight marks cover the window; the oldest eighth of it
// may be forgotten early, never late.
#pragma once

#include <cstdint>

#include "base/fixed_vec.hpp"
#include "base/time.hpp"

namespace torc::membership {

class EchoWindow {
public:
    explicit EchoWindow(Nanos window) : window_(window) {}

    /// Gives the `ctl` of the message that is sent now.
    std::uint64_t next(Instant now) {
        ++newest_;
        if (marks_.empty() || now - marks_.back().at >= window_ / static_cast<int>(kMarks)) {
            if (marks_.full()) marks_.erase_at(0);
            marks_.push_back({now, newest_});
        }
        return newest_;
    }

    /// The whole `ctl` behind the low half that a peer echoed; 0 if I never sent one.
    std::uint64_t resolve(std::uint32_t ctl_low) const {
        const std::uint64_t age = static_cast<std::uint32_t>(newest_) - ctl_low;
        const std::uint64_t wrapped = age & 0xFFFFFFFFu;
        return wrapped < newest_ ? newest_ - wrapped : 0;
    }

    /// Whether I sent this one within the window.
    bool is_recent(std::uint64_t ctl, Instant now) const {
        if (ctl == 0 || ctl > newest_) return false;
        for (const Mark& mark : marks_) {
            if (now - mark.at <= window_) return ctl >= mark.ctl;
        }
        return false;
    }

    std::uint64_t newest() const { return newest_; }

private:
    static constexpr std::size_t kMarks = 8;
    struct Mark {
        Instant at{};
        std::uint64_t ctl{0};
    };
    Nanos window_;
    std::uint64_t newest_{0};
    FixedVec<Mark, kMarks> marks_;
};

}  // namespace torc::membership
