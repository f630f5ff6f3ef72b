// Digest of what the oracles remember: a run that comes to a known state with other memories could
// still be judged otherwise.
#include "tests/explore/digest.hpp"
#include "tests/explore/world.hpp"

namespace torc::explore {
namespace {

using namespace sim;

/// Sets without an order are summed up.
template <typename Set, typename Word>
void add_unordered(Hasher& hash, const Set& set, Word&& word) {
    std::uint64_t sum = 0;
    for (const auto& one : set) sum += mix(0x13198A2E03707344u, word(one));
    hash.add(set.size(), sum);
}

void add(Hasher& hash, Life life) { hash.add(life.node, life.boot); }
void add(Hasher& hash, const Ring& ring) { hash.add(ring.first, ring.second); }

void add(Hasher& hash, const Oracle::History& history) {
    add(hash, history.ring);
    add(hash, history.transitional);
    hash.add(history.in_transitional, history.installed, history.members, history.regular_at,
             history.last_ordered, history.ordered_hash, history.ordered_split, history.together,
             history.outstanding);
    add_unordered(hash, history.delivered, [](Place place) { return place; });
    for (const Place place : history.safe_transitional) hash.add(place);
    add_unordered(hash, history.last_of_session,
                  [](const auto& one) { return mix(one.first, one.second); });
    add_unordered(hash, history.accepted, [](const auto& one) {
        return mix(one.first, static_cast<std::uint64_t>(one.second));
    });
}

void add(Hasher& hash, const Passage& passage) {
    add(hash, passage.to);
    add_unordered(hash, passage.delivered, [](Place place) { return place; });
    for (const Place place : passage.safe_transitional) hash.add(place);
    hash.add(passage.together, passage.takers, passage.ordered_hash, passage.ordered_split);
}

void add(Hasher& hash, const RingRecord& record) {
    hash.add(record.members_hash, record.bodies.size(), record.order.size());
    for (const auto& [place, body] : record.bodies) {
        hash.add(place, body.sender, body.service, body.hash);
    }
    for (const Place place : record.order) hash.add(place);
    for (const auto& [seq, nodes] : record.holders) hash.add(seq, nodes);
    for (const auto& [seq, place] : record.known_at_send) hash.add(seq, place);
    for (const Place place : record.safe_regular) hash.add(place);
    for (const auto& [transitional, passage] : record.passages) {
        add(hash, transitional);
        add(hash, passage);
    }
}

using ViewId = std::tuple<Ring, std::uint64_t, std::string>;
void add(Hasher& hash, const ViewId& view) {
    add(hash, std::get<0>(view));
    hash.add(std::get<1>(view), std::string_view{std::get<2>(view)});
}

void add(Hasher& hash, const GroupOracle& groups) {
    for (const auto& [seat, standing] : groups.standings_) {
        add(hash, std::get<0>(seat));
        add(hash, standing.view);
        for (const std::string& name : standing.members) hash.add(std::string_view{name});
        hash.add(standing.received, standing.received_hash, standing.flush, standing.flushed,
                 standing.signalled, standing.along);
    }
    for (const auto& [message, utterance] : groups.utterances_) {
        hash.add(message, utterance.subgroup);
        for (const auto& [group, view] : utterance.views) add(hash, view);
    }
    for (const auto& [message, view] : groups.view_of_) {
        hash.add(message.first);
        add(hash, view);
    }
    for (const auto& [view, list] : groups.lists_) {
        add(hash, view);
        hash.add(std::string_view{list});
    }
    for (const auto& [step, received] : groups.between_) {
        add(hash, std::get<0>(step));
        add(hash, std::get<1>(step));
        hash.add(std::get<2>(step), received.first, received.second);
    }
    for (const auto& [set, origin] : groups.origin_of_set_) {
        add(hash, set.first);
        hash.add(set.second);
        add(hash, origin);
    }
}

}  // namespace

void add(Hasher& hash, const sim::Oracle& oracle, const World& world) {
    for (const auto& [life, history] : oracle.lives_) {
        const Node& node = *world.hosts_[life.node].node;
        if (!node.alive() || node.life() != life) continue;
        add(hash, history);
        const auto together = oracle.groups_.together_.find(life);
        if (together != oracle.groups_.together_.end()) hash.add(together->second);
    }
    for (const auto& [ring, record] : oracle.rings_) {
        add(hash, ring);
        add(hash, record);
    }
    add(hash, oracle.groups_);
}

}  // namespace torc::explore
