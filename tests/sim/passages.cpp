#include "tests/sim/passages.hpp"

#include <array>

#include "base/limits.hpp"

namespace torc::sim {
namespace {

/// Backwards: once something of a sender was delivered, nothing of it before that may be missing.
void check_fifo(const RingRecord& ring, const Passage& passage) {
    std::array<bool, kNodesMax> delivered_later{};
    for (auto at = ring.bodies.rbegin(); at != ring.bodies.rend(); ++at) {
        const auto& [place, body] = *at;
        if (body.service < Service::fifo) continue;
        if (passage.delivered.contains(place)) {
            delivered_later.at(body.sender) = true;
        } else if (delivered_later.at(body.sender)) {
            fail(passage.first, "lacks seq " + std::to_string(seq_of(place)) + " of n" +
                                    std::to_string(body.sender) + ", but delivered later ones");
        }
    }
}

/// Forwards: behind the first ordered message that is missing, only what its sender sent without
/// having delivered that one.
void check_causality(const RingRecord& ring, const Passage& passage) {
    Place first_missing = 0;
    for (const auto& [place, body] : ring.bodies) {
        if (body.service < Service::causal) continue;
        if (!passage.delivered.contains(place)) {
            if (first_missing == 0) first_missing = place;
            continue;
        }
        const auto known = ring.known_at_send.find(seq_of(place));
        if (first_missing == 0 || known == ring.known_at_send.end()) continue;
        if (known->second >= first_missing) {
            fail(passage.first, "delivers seq " + std::to_string(seq_of(place)) + " of n" +
                                    std::to_string(body.sender) + " without seq " +
                                    std::to_string(seq_of(first_missing)) +
                                    ", which its sender had delivered before it sent");
        }
    }
}

void check_holds_safe(const std::set<Place>& safe, const Passage& passage, const char* where) {
    for (const Place place : safe) {
        if (passage.delivered.contains(place)) continue;
        fail(passage.first, "never delivered seq " + std::to_string(seq_of(place)) +
                                ", which another member delivered as SAFE in " + where);
    }
}

}  // namespace

void check_passages(const RingRecord& ring) {
    for (const auto& [transitional, passage] : ring.passages) {
        check_fifo(ring, passage);
        check_causality(ring, passage);
        check_holds_safe(ring.safe_regular, passage, "the regular configuration");
        for (const auto& [other, their] : ring.passages) {
            if (other == transitional || (their.together & passage.takers) == 0) continue;
            check_holds_safe(their.safe_transitional, passage, "a transitional configuration");
        }
    }
}

}  // namespace torc::sim
