// Which requests for lost frames are answered, and to whom: the first with a copy to the one who
// asks; if a second one asks for the same soon after, with one to all; then not at all for a while.
// protocol.md 3.6. Whatever a NACK says, and however many come, no more copies leave than `most`
// between two visits of the token.
#pragma once

#include <array>
#include <cstdint>

#include "base/ids.hpp"
#include "base/mutants.hpp"
#include "base/time.hpp"
#include "ordering/nack.hpp"

namespace torc::ordering {

/// How long an answer is taken to be on its way: longer than requests for one loss are apart, which
/// is the way through ports that are full, or kStatusInterval.
inline constexpr Nanos kAnswerInterval = std::chrono::microseconds{100};

class NackAnswers {
public:
    void start_ring() {
        last_.fill(Last{});
        copies_ = 0;
    }

    /// `visit`: of the token, whichever was the last.
    bool may_send(std::uint64_t visit, std::uint32_t most) {
        if (visit != visit_) copies_ = 0;
        visit_ = visit;
        return copies_ < most || mutant(Mutant::nack_without_bound);
    }

    enum class To : std::uint8_t { nobody, requester, everybody };
    /// The caller sends it.
    To answer(Instant now, Seq seq, NodeIndex requester) {
        Last& last = last_[seq.raw % Nack::kBits];
        const bool recent = last.seq == seq && now < last.at + kAnswerInterval;
        if (recent && (last.to == kNoNode || last.to == requester)) return To::nobody;
        last = {seq, recent ? kNoNode : requester, now};
        ++copies_;
        return recent ? To::everybody : To::requester;
    }

private:
    struct Last {
        Seq seq;
        NodeIndex to{kNoNode};  ///< kNoNode: everybody
        Instant at{};
    };

    std::array<Last, Nack::kBits> last_{};  ///< by seq; no two of one NACK share a place
    std::uint64_t visit_{0};
    std::uint32_t copies_{0};
};

}  // namespace torc::ordering
