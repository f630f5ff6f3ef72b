// What may go wrong beside the schedule of faults, all the time and by chance: at links, at hosts
// and at clients. Each seed takes a few of them (swarm testing). All fields are plain numbers, 0 is
// "not this time", so that a scenario file can hold them and a minimiser can switch one off.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"

namespace torc::sim {

/// Of adversarial_network.hpp. Probabilities are per million copies of packets.
struct LinkHazards {
    std::uint32_t burst_start{0};  ///< Gilbert-Elliott: a link turns bad
    std::uint32_t burst_end{0};    ///< and good again
    std::uint32_t burst_loss{0};   ///< loss while it is bad
    std::uint32_t bad_from{0};     ///< one link that loses `bad_loss` all the time
    std::uint32_t bad_to{0};
    std::uint32_t bad_loss{0};
    std::uint32_t nth_kind{0};  ///< wire::Kind of which each nth frame is lost to everybody
    std::uint32_t nth{0};
    std::uint32_t in_order{0};   ///< 1: links are pipes, as real ones are; 0: each copy for itself
    std::uint32_t swap{0};       ///< arrives just before the copy that was sent before it
    std::uint32_t data_lag{0};   ///< us that DATA may take longer than all else
    std::uint32_t token_lag{0};  ///< us that tokens may take longer than all else
    std::uint32_t mangle{0};     ///< bits flipped, cut short, two spliced, length wrong
    std::uint32_t encore{0};     ///< comes once more, up to `encore_ms` later
    std::uint32_t encore_ms{0};
    std::uint32_t token_veto{0};   ///< token comes when it counts as lost already
    std::uint32_t token_again{0};  ///< token comes once more, when the successor has passed it on
    std::uint32_t old_token{0};    ///< beside a token comes one of an earlier ring
    std::uint32_t slow_hosts{0};   ///< a bit a node: takes a while over each frame
    std::uint32_t slow_ns{0};      ///< that while
    std::uint32_t slow_ring{0};    ///< frames that wait at most; more are lost
    std::uint32_t ailments{0};  ///< a bit an Ailment (ailments.hpp) that links may come down with
    std::uint32_t ailment_every{0};  ///< us between two, in the mean
    std::uint32_t ailment_lasts{0};  ///< us, at most
    std::uint32_t forge{0};  ///< beside a packet comes one that lies; such runs have no oracle
};

/// Of node.hpp.
struct HostHazards {
    std::uint32_t clock_ppm{0};      ///< each host's clock is fast or slow by up to this
    std::uint32_t timer_tick{0};     ///< us: timers fire at multiples of it only
    std::uint32_t frames{0};         ///< frame memory, if it is to be less than usual
    std::uint32_t drought_every{0};  ///< us between two times without free frames, in the mean
    std::uint32_t drought_lasts{0};  ///< us, at most
};

/// Of clients.hpp. Probabilities are per million actions.
struct ClientHazards {
    std::uint32_t flood{0};         ///< Service + 1 that all messages have
    std::uint32_t groups{0};        ///< groups instead of the load's
    std::uint32_t destinations{0};  ///< groups of a message, at most
    std::uint32_t empty{0};         ///< message without payload
    std::uint32_t largest{0};       ///< message as large as the cluster allows
    std::uint32_t illegal{0};       ///< something that must be refused
    std::uint32_t self_discard{0};
    std::uint32_t departed{0};    ///< sent to the private name of a session or daemon that is gone
    std::uint32_t fickle{0};      ///< join twice, leave without join, join and leave in one go
    std::uint32_t reopen{0};      ///< closes, and comes back under the same name
    std::uint32_t long_names{0};  ///< 1: some groups have the longest names there are
    std::uint32_t flush{0};       ///< flush groups; see FlushMode
    std::uint32_t flush_wait{0};  ///< us that an answer to a flush request may take
    std::uint32_t silent{0};      ///< never answers a flush request: the deadline must end it
    std::uint32_t subgroup{0};    ///< a subgroup cast instead of another message
    std::uint32_t eager{0};       ///< sends behind its answer, which must be refused
};

/// Which groups are flush groups.
enum FlushMode : std::uint32_t {
    kNoFlush,    ///< none
    kEvenFlush,  ///< each second one
    kAllFlush,
    kMixedFlush,  ///< whoever comes first decides, by chance: members of the other kind must go
};

struct Hazards {
    LinkHazards link;
    HostHazards host;
    ClientHazards client;
};

/// Calls `visit(name, field)` for each field. `Self` is Hazards or const Hazards.
template <class Self, class Visit>
void for_each_hazard(Self& hazards, Visit&& visit) {
    auto& link = hazards.link;
    visit("burst_start", link.burst_start);
    visit("burst_end", link.burst_end);
    visit("burst_loss", link.burst_loss);
    visit("bad_from", link.bad_from);
    visit("bad_to", link.bad_to);
    visit("bad_loss", link.bad_loss);
    visit("nth_kind", link.nth_kind);
    visit("nth", link.nth);
    visit("in_order", link.in_order);
    visit("swap", link.swap);
    visit("data_lag", link.data_lag);
    visit("token_lag", link.token_lag);
    visit("mangle", link.mangle);
    visit("encore", link.encore);
    visit("encore_ms", link.encore_ms);
    visit("token_veto", link.token_veto);
    visit("token_again", link.token_again);
    visit("old_token", link.old_token);
    visit("slow_hosts", link.slow_hosts);
    visit("slow_ns", link.slow_ns);
    visit("slow_ring", link.slow_ring);
    visit("ailments", link.ailments);
    visit("ailment_every", link.ailment_every);
    visit("ailment_lasts", link.ailment_lasts);
    visit("forge", link.forge);
    auto& host = hazards.host;
    visit("clock_ppm", host.clock_ppm);
    visit("timer_tick", host.timer_tick);
    visit("frames", host.frames);
    visit("drought_every", host.drought_every);
    visit("drought_lasts", host.drought_lasts);
    auto& client = hazards.client;
    visit("flood", client.flood);
    visit("groups", client.groups);
    visit("destinations", client.destinations);
    visit("empty", client.empty);
    visit("largest", client.largest);
    visit("illegal", client.illegal);
    visit("self_discard", client.self_discard);
    visit("departed", client.departed);
    visit("fickle", client.fickle);
    visit("reopen", client.reopen);
    visit("long_names", client.long_names);
    visit("flush", client.flush);
    visit("flush_wait", client.flush_wait);
    visit("silent", client.silent);
    visit("subgroup", client.subgroup);
    visit("eager", client.eager);
}

/// The hazards of a seed, with times in proportion to `token_loss`. Never forges: who wants that
/// says so.
Hazards hazards_from_seed(std::uint64_t seed, std::uint32_t nodes, Nanos token_loss);

/// The fields that are not 0, as "name value" with commas; "none".
std::string describe(const Hazards& hazards);

}  // namespace torc::sim
