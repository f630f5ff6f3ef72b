#include "tests/sim/oracle.hpp"

namespace torc::sim {
namespace {

using telemetry::TraceEvent;
using telemetry::TraceKind;

bool is_totally_ordered(Service service) { return service >= Service::causal; }

/// Configurations are traced with their representative in the low 16 bits of `a`.
Ring ring_of(const TraceEvent& event) { return {event.c, event.a & 0xFFFF}; }

}  // namespace

void Oracle::see(Life life, std::uint64_t what, std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    trace_ = mix(trace_, std::uint64_t{life.node} << 32 | life.boot);
    for (const std::uint64_t word : {what, a, b, c}) trace_ = mix(trace_, word);
}

void Oracle::on_boot(Life life) {
    lives_[life] = History{};
    if (witness_ != nullptr) witness_->on_boot(life);
}

void Oracle::on_said(Life life, SessionId session, std::uint64_t message, Service service,
                     const std::vector<std::string>& groups, bool subgroup) {
    groups_.on_said(life, session, message, groups, subgroup);
    if (witness_ != nullptr) witness_->on_said(life, session, message, service, groups, subgroup);
}

void Oracle::on_taken(Life life, SessionId session, std::uint64_t message) {
    if (witness_ != nullptr) witness_->on_taken(life, session, message);
}

void Oracle::on_trace(Life life, const TraceEvent& event) {
    see(life, static_cast<std::uint64_t>(event.kind), event.a, event.b, event.c);
    trace_ = mix(trace_, static_cast<std::uint64_t>(ns_of(event.at)));
    if (witness_ != nullptr) witness_->on_trace(life, event);
    History& history = lives_.at(life);
    if (event.kind == TraceKind::message) return on_message(life, history, event);
    if (event.kind == TraceKind::transitional) return on_transitional(life, history, event);
    if (event.kind == TraceKind::regular) return on_regular(life, history, event);
    const bool sent = event.kind == TraceKind::frame_sent;
    if (!sent && event.kind != TraceKind::frame_stored) return;
    if (!history.installed || event.c != history.ring.first) return;
    RingRecord& ring = rings_[history.ring];
    ring.holders[event.a] |= std::uint64_t{1} << life.node;
    if (sent) ring.known_at_send.try_emplace(event.a, history.last_ordered);
}

void Oracle::on_message(Life life, History& history, const TraceEvent& event) {
    ++messages_;
    const std::uint64_t seq = event.a;
    const Place place = place_of(seq, event.b >> 32);
    const Body body{event.b >> 16 & 0xFFFF, static_cast<Service>(event.b & 0xFFFF), event.c};
    if (seq == 0) return;  // unreliable: integrity is checked by the receiving client
    if (!history.installed) fail(life, "delivers before its first configuration");

    RingRecord& ring = rings_[history.ring];
    const auto [known, fresh] = ring.bodies.try_emplace(place, body);
    if (!fresh && !(known->second == body)) fail(life, "two bodies for one place in the order");
    if (!history.delivered.insert(place).second) {
        fail(life, "message delivered twice, seq " + std::to_string(seq));
    }
    if (is_totally_ordered(body.service)) check_order(life, history, place, body);
    if (body.service != Service::safe) return;
    if (history.in_transitional) {
        history.safe_transitional.insert(place);
        return;
    }
    ring.safe_regular.insert(place);
    if ((ring.holders[seq] & history.members) != history.members) {
        fail(life, "SAFE before every member holds it, seq " + std::to_string(seq));
    }
}

void Oracle::check_order(Life life, History& history, Place place, const Body& body) {
    const std::string seq = std::to_string(seq_of(place));
    if (place <= history.last_ordered) fail(life, "order goes backwards, seq " + seq);
    history.last_ordered = place;
    history.ordered_hash = mix(mix(history.ordered_hash, place), body.hash);
    if (history.in_transitional) return;

    std::vector<Place>& order = rings_[history.ring].order;
    if (history.regular_at == order.size()) {
        order.push_back(place);
    } else if (order[history.regular_at] != place) {
        fail(life, "gap or other order: delivers seq " + seq + " where seq " +
                       std::to_string(seq_of(order[history.regular_at])) + " stands");
    }
    ++history.regular_at;
}

void Oracle::on_transitional(Life life, History& history, const TraceEvent& event) {
    if (history.in_transitional) fail(life, "two transitional configurations in a row");
    if (history.installed && (event.d & ~history.members) != 0) {
        fail(life, "transitional members who were not in the regular configuration");
    }
    if ((event.d >> life.node & 1) == 0) fail(life, "not in its own transitional configuration");
    history.in_transitional = true;
    history.transitional = ring_of(event);
    history.together = event.d;
    groups_.on_together(life, event.d);
    history.ordered_split = history.ordered_hash;
}

void Oracle::on_regular(Life life, History& history, const TraceEvent& event) {
    ++installs_;
    const Ring ring = ring_of(event);
    if ((event.d >> life.node & 1) == 0) fail(life, "not in its own configuration");
    const auto [known, fresh] = rings_.try_emplace(ring);
    if (fresh) known->second.members_hash = event.b;
    if (known->second.members_hash != event.b) fail(life, "one ring id with two member lists");
    if (history.installed && history.ring.first >= ring.first) {
        fail(life, "ring epoch does not rise");
    }
    if (history.installed && !history.in_transitional) fail(life, "no transitional configuration");
    if (history.installed) close_passage(life, history, ring);
    groups_.on_ring(ring, event.d);

    history.ring = ring;
    history.in_transitional = false;
    history.installed = true;
    history.members = event.d;
    history.regular_at = 0;
    history.last_ordered = 0;
    history.ordered_hash = 0;
    history.delivered.clear();
    history.safe_transitional.clear();
}

void Oracle::close_passage(Life life, const History& history, const Ring& ring) {
    const auto [found, fresh] = rings_[history.ring].passages.try_emplace(history.transitional);
    Passage& passage = found->second;
    if (fresh) {
        passage = {life,
                   ring,
                   history.delivered,
                   history.safe_transitional,
                   history.together,
                   0,
                   history.ordered_hash,
                   history.ordered_split};
    }
    passage.takers |= std::uint64_t{1} << life.node;
    if (passage.together != history.together) {
        fail(life, "one transitional configuration with two member lists");
    }
    if (passage.to != ring) fail(life, "one transitional configuration leads to two regular ones");
    if (passage.delivered != history.delivered) {
        fail(life, "moved together with others but delivered another set");
    }
    if (passage.ordered_hash != history.ordered_hash) {
        fail(life, "moved together with others but delivered another order");
    }
    if (passage.ordered_split != history.ordered_split) {
        fail(life, "transitional signal at another place than those who came along");
    }
}

void Oracle::on_accepted(Life life, std::uint64_t message) {
    History& history = lives_.at(life);
    if (history.accepted.try_emplace(message, 0).second) ++history.outstanding;
}

void Oracle::on_own_received(Life life, History& history, std::uint64_t message) {
    const auto mine = history.accepted.find(message);
    if (mine == history.accepted.end()) {
        history.accepted[message] = 1;  // a large message comes back before it is accepted
        return;
    }
    if (mine->second == kRefused) fail(life, "own message received that was refused");
    if (++mine->second > 1) fail(life, "own message received twice");
    --history.outstanding;
}

void Oracle::on_received(Life life, SessionId session, std::uint64_t message,
                         const engine::Delivery& delivery, bool own) {
    see(life, message, raw(session), delivery.seq.raw, delivery.index);
    if (witness_ != nullptr) witness_->on_received(life, session, message, delivery);
    History& history = lives_.at(life);
    if (own) on_own_received(life, history, message);
    if (delivery.service < Service::fifo) return;
    // A message id is: sending session in the upper 32 bits, its counter in the lower ones.
    const std::uint64_t stream = (message >> 32) << 16 | session.slot;
    std::uint64_t& last = history.last_of_session[stream];
    const std::uint64_t counter = (message & 0xFFFFFFFF) + 1;
    if (counter <= last) fail(life, "FIFO order of a session broken");
    last = counter;
    groups_.on_received(life, session, message, delivery, !history.in_transitional);
}

void Oracle::on_view(Life life, const engine::ViewEvent& event) {
    see(life, static_cast<std::uint64_t>(event.cause), event.ring.epoch, event.index,
        raw(event.session));
    if (witness_ != nullptr) witness_->on_view(life, event);
    groups_.on_view(life, event);
}

void Oracle::on_refused(Life life, SessionId session, std::uint64_t message) {
    see(life, message, raw(session), 0, 0);
    History& history = lives_.at(life);
    const auto [found, unknown] = history.accepted.try_emplace(message, kRefused);
    if (!unknown && found->second == 0) --history.outstanding;
    found->second = kRefused;
    if (witness_ != nullptr) witness_->on_refused(life, session, message);
}

void Oracle::on_asked(Life life, SessionId session, std::string_view group) {
    see(life, raw(session), group.size(), 1, 0);
    if (witness_ != nullptr) witness_->on_asked(life, session, group);
}

void Oracle::on_flushed(Life life, SessionId session, std::string_view group) {
    groups_.on_flushed(life, session, group);
    if (witness_ != nullptr) witness_->on_flushed(life, session, group);
}

void Oracle::on_closed(Life life, SessionId session, std::uint32_t sender) {
    if (witness_ != nullptr) witness_->on_closed(life, session);
    forget(life, session, sender);
}

void Oracle::on_lost(Life life, SessionId session, std::uint32_t sender) {
    if (witness_ != nullptr) witness_->on_lost(life, session);
    forget(life, session, sender);
}

void Oracle::forget(Life life, SessionId session, std::uint32_t sender) {
    groups_.on_closed(life, session);
    History& history = lives_.at(life);
    std::erase_if(history.accepted, [&](const auto& entry) {
        const bool given_up = entry.first >> 32 == sender && entry.second == 0;
        if (given_up) --history.outstanding;
        return given_up;
    });
}

void Oracle::at_rest(const std::vector<Life>& alive) {
    std::uint64_t expected = 0;
    for (const Life& life : alive) expected |= std::uint64_t{1} << life.node;
    for (const Life& life : alive) {
        const History& history = lives_.at(life);
        if (history.ring != lives_.at(alive.front()).ring) fail(life, "not in the others' ring");
        if (history.members != expected) fail(life, "ring is not made of the living nodes");
        // All is stable, so all have all of it: also what was sent by others.
        const History& first = lives_.at(alive.front());
        if (history.regular_at != first.regular_at ||
            history.delivered.size() != first.delivered.size()) {
            fail(life, "at rest, but delivered more or less than another member of its ring");
        }
        if (outstanding(life) != 0) {
            fail(life, std::to_string(outstanding(life)) + " accepted messages never came back");
        }
    }
    for (const auto& [id, ring] : rings_) check_passages(ring);
    if (witness_ != nullptr) witness_->at_rest(alive);
}

}  // namespace torc::sim
