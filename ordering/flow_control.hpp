// How many new frames a token visit may send. protocol.md 3.7: the bound is on frames that are not
// known to be everywhere, not on frames per rotation; a visit's share follows the backlogs.
#pragma once

#include <cstdint>

#include "config/settings.hpp"
#include "ordering/in_flight_window.hpp"
#include "wire/token.hpp"

namespace torc::ordering {

/// A frame is in flight for three and a half rotations: sent behind the token, it misses the first
/// aru, and two visits must see the same. So many bursts of everybody must fit below the bound;
/// else who comes first takes what credit there is, and one uplink works at a time
/// (protocol.md 3.7).
inline constexpr std::uint64_t kRotationsInFlight = 4;
/// A visit's share is not below this: on fast links fewer frames are gone before the token is.
inline constexpr std::uint64_t kBurstFloor = 8;

class FlowControl {
public:
    explicit FlowControl(const config::ClusterSettings& settings)
        : window_(settings), burst_max_(settings.burst_frames) {}

    void start_ring(std::size_t members) {
        sent_ = {};
        window_.start_ring(members);
    }

    /// The representative, before its own `allowance`: what may be in flight until it comes again.
    void lead(const InFlightWindow::Visit& visit, wire::Token& token) {
        token.window = window_.visit(visit);
    }
    /// What may be in flight by this token.
    std::uint64_t window(const wire::Token& token) const { return window_.by_token(token.window); }

    /// Copies that one visit may send again: half of a burst, so that a storm of repairs cannot
    /// starve the token.
    std::uint32_t repairs_max() const { return burst_max_ < 2 ? 1 : burst_max_ / 2; }

    struct Visit {
        std::uint64_t in_flight{0};  ///< seq on the token minus stable
        std::uint64_t backlog{0};    ///< my frames that wait
        std::uint64_t sendable{0};   ///< those that may go now
        std::uint32_t repairs{0};    ///< copies sent on this visit
    };
    /// New frames for this visit.
    std::uint32_t allowance(const Visit& visit, const wire::Token& token) const;

    struct Sent {
        std::uint32_t frames{0};
        std::uint32_t bytes{0};
        std::uint32_t backlog{0};  ///< frames left behind
    };
    /// Replaces what I reported on my last visit by what I did on this one.
    void report(const Sent& sent, wire::Token& token);

private:
    /// Total backlog on the token with mine as it is now.
    std::uint64_t total_backlog(std::uint64_t mine, const wire::Token& token) const;

    InFlightWindow window_;
    std::uint32_t burst_max_;
    Sent sent_;
};

}  // namespace torc::ordering
