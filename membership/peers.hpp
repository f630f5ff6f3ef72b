// What was heard from whom: freshness per incarnation, the newest JOIN or MERGE of every index, and
// whether its sender hears me. protocol.md 4.3 (`ctl`, `hears`, acceptable outsiders) reads this.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/fixed_vec.hpp"
#include "base/ids.hpp"
#include "base/time.hpp"
#include "wire/membership.hpp"

namespace torc::membership {

/// Incarnations of one index that are told apart; the one heard longest ago makes room.
inline constexpr std::size_t kIncarnationsKept = 4;

/// The newest JOIN or MERGE that came from an index.
struct Presence {
    enum class Kind : std::uint8_t { none, join, merge };
    Kind kind{Kind::none};
    Incarnation incarnation{};
    Instant at{};
    std::uint64_t ctl{0};
    std::uint64_t echo{0};  ///< my ctl that it echoed, or 0
    bool leaving{false};
    bool spent{false};  ///< older than an episode that excluded its sender: no ground to admit it
    RingId ring;        ///< MERGE: its ring; JOIN: its old ring
    wire::EpisodeSet fail;     ///< JOIN
    wire::MemberList members;  ///< MERGE: of its ring
};

class Peers {
public:
    explicit Peers(std::size_t nodes) : known_(nodes), presence_(nodes) {}

    /// Any control message: its sender lives. Late ones (not newer than the newest) change nothing.
    void note_any(Instant now, const wire::Control& control);
    /// False for a JOIN or MERGE that is not newer than the newest of its incarnation: drop it.
    bool note_presence(const wire::Control& control);

    Presence& presence(NodeIndex index) { return presence_[raw(index)]; }
    const Presence& presence(NodeIndex index) const { return presence_[raw(index)]; }
    std::size_t nodes() const { return presence_.size(); }

    /// When this very incarnation was heard last; long ago if never.
    Instant heard_at(const Member& member) const;

    /// The list for my next JOIN or MERGE: whose presence is not older than `window`.
    wire::HearsList hears(Instant now, Nanos window) const;

private:
    struct Record {
        Incarnation incarnation{};
        std::uint64_t newest{0};
        std::uint64_t newest_presence{0};
        Instant heard{};
    };
    using Records = FixedVec<Record, kIncarnationsKept>;
    Record& record_of(const Member& member);

    std::vector<Records> known_;
    std::vector<Presence> presence_;
};

/// Long before every instant of a driver, and safe to subtract from one.
inline constexpr Instant kLongAgo = instant_from_ns(std::int64_t{-1} << 62);

}  // namespace torc::membership
