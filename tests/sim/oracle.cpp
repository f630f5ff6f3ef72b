#include "tests/sim/oracle.hpp"

#include <sstream>

namespace torc::sim {
namespace {

using telemetry::TraceEvent;
using telemetry::TraceKind;

constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
    return (hash ^ value) * 0x9E3779B97F4A7C15u + 1;
}

Service service_of(std::uint64_t b) { return static_cast<Service>(b & 0xFFFF); }
bool is_totally_ordered(Service service) { return service >= Service::causal; }

/// Configurations are traced with their representative in the low 16 bits of `a`.
std::pair<std::uint64_t, std::uint64_t> ring_of(const TraceEvent& event) {
    return {event.c, event.a & 0xFFFF};
}

}  // namespace

void Oracle::fail(Life life, const std::string& what) const {
    std::ostringstream text;
    text << "node " << life.node << " boot " << life.boot << ": " << what;
    throw Violation(text.str());
}

void Oracle::on_boot(Life life) { lives_[life] = History{}; }

void Oracle::on_trace(Life life, const TraceEvent& event) {
    History& history = lives_.at(life);
    if (event.kind == TraceKind::message) return on_message(life, history, event);
    if (event.kind == TraceKind::transitional) return on_transitional(life, history, event);
    if (event.kind == TraceKind::regular) return on_regular(life, history, event);
    const bool held = event.kind == TraceKind::frame_sent || event.kind == TraceKind::frame_stored;
    if (held && history.installed && event.c == history.ring.first) {
        holders_[{history.ring, event.a}] |= std::uint64_t{1} << life.node;
    }
}

void Oracle::on_message(Life life, History& history, const TraceEvent& event) {
    ++messages_;
    const std::uint64_t seq = event.a;
    const std::uint64_t index = event.b >> 32;
    const Body body{event.b & 0xFFFFFFFF, event.c};
    if (seq == 0) return;  // unreliable: integrity is checked by the receiving client
    if (!history.installed) fail(life, "delivers before its first configuration");

    const auto [known, fresh] = bodies_.try_emplace(Place{history.ring, seq, index}, body);
    if (!fresh && !(known->second == body)) fail(life, "two bodies for one place in the order");
    if (!history.delivered.insert({seq, index}).second) {
        fail(life, "message delivered twice, seq " + std::to_string(seq));
    }
    const Service service = service_of(event.b);
    if (is_totally_ordered(service)) check_order(life, history, seq, index, body);
    if (service == Service::safe && !history.in_transitional) {
        const std::uint64_t holders = holders_[{history.ring, seq}];
        if ((holders & history.members) != history.members) {
            fail(life, "SAFE before every member holds it, seq " + std::to_string(seq));
        }
    }
}

void Oracle::check_order(Life life, History& history, std::uint64_t seq, std::uint64_t index,
                         const Body& body) {
    const std::uint64_t place = seq << 8 | index;
    if (place <= history.last_ordered) fail(life, "order goes backwards, seq " + std::to_string(seq));
    history.last_ordered = place;
    history.ordered_hash = mix(mix(history.ordered_hash, place), body.hash);
    if (history.in_transitional) return;

    auto& order = order_of_[history.ring];
    if (history.regular_at == order.size()) {
        order.emplace_back(seq, index);
    } else if (order[history.regular_at] != std::make_tuple(seq, index)) {
        fail(life, "gap or other order: delivers seq " + std::to_string(seq) + " where seq " +
                       std::to_string(std::get<0>(order[history.regular_at])) + " stands");
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
    history.ordered_split = history.ordered_hash;
}

void Oracle::on_regular(Life life, History& history, const TraceEvent& event) {
    ++installs_;
    const Ring ring = ring_of(event);
    if ((event.d >> life.node & 1) == 0) fail(life, "not in its own configuration");
    const auto [known, fresh] = members_of_.try_emplace(ring, event.b);
    if (!fresh && known->second != event.b) fail(life, "one ring id with two member lists");
    if (history.installed && !history.in_transitional) fail(life, "no transitional configuration");

    if (history.installed) {
        Passage& passage = passages_[{history.ring, history.transitional}];
        if (!passage.known) {
            passage = {history.ring, ring, history.delivered, history.ordered_hash,
                       history.ordered_split, event.d, true};
        } else if (passage.to != ring) {
            fail(life, "one transitional configuration leads to two regular ones");
        } else if (passage.delivered != history.delivered) {
            fail(life, "moved together with others but delivered another set");
        } else if (passage.ordered_hash != history.ordered_hash) {
            fail(life, "moved together with others but delivered another order");
        } else if (passage.ordered_split != history.ordered_split) {
            fail(life, "transitional signal at another place than those who came along");
        }
    }
    history.ring = ring;
    history.in_transitional = false;
    history.installed = true;
    history.members = event.d;
    history.regular_at = 0;
    history.last_ordered = 0;
    history.ordered_hash = 0;
    history.delivered.clear();
}

void Oracle::on_accepted(Life life, std::uint64_t message) {
    lives_.at(life).accepted.try_emplace(message, 0);
}

void Oracle::on_received(Life life, SessionId session, std::uint64_t message, Service service,
                         bool own) {
    History& history = lives_.at(life);
    if (own) {
        const auto mine = history.accepted.find(message);
        if (mine == history.accepted.end()) {
            history.accepted[message] = 1;  // a large message comes back before it is accepted
        } else if (++mine->second > 1) {
            fail(life, "own message received twice");
        }
    }
    if (service < Service::fifo) return;
    // A message id is: sending session in the upper 32 bits, its counter in the lower ones.
    const std::uint64_t stream = (message >> 32) << 16 | session.slot;
    std::uint64_t& last = history.last_of_session[stream];
    const std::uint64_t counter = (message & 0xFFFFFFFF) + 1;
    if (counter <= last) fail(life, "FIFO order of a session broken");
    last = counter;
}

void Oracle::on_view(Life life, const engine::ViewEvent& event) {
    if (event.cause == engine::ViewCause::transitional ||
        event.cause == engine::ViewCause::self_leave) {
        return;
    }
    std::string members;
    for (const std::string_view member : event.members) members.append(member).push_back(' ');
    for (const std::uint16_t set : event.vs_set_of) members.append(std::to_string(set)).push_back(',');
    const auto key = std::make_tuple(Ring{event.ring.epoch, raw(event.ring.representative)},
                                     event.index, std::string(event.group));
    const auto [known, fresh] = views_.try_emplace(key, members);
    if (!fresh && known->second != members) {
        fail(life, "one view id with two member lists in group " + std::string(event.group) +
                       ": " + members + "| " + known->second);
    }
}

std::size_t Oracle::outstanding(Life life) const {
    std::size_t count = 0;
    for (const auto& [message, times] : lives_.at(life).accepted) count += times == 0 ? 1 : 0;
    return count;
}

void Oracle::at_rest(const std::vector<Life>& alive) {
    std::uint64_t expected = 0;
    for (const Life& life : alive) expected |= std::uint64_t{1} << life.node;
    for (const Life& life : alive) {
        const History& history = lives_.at(life);
        if (history.ring != lives_.at(alive.front()).ring) fail(life, "not in the others' ring");
        if (history.members != expected) fail(life, "ring is not made of the living nodes");
        if (outstanding(life) != 0) {
            fail(life, std::to_string(outstanding(life)) + " accepted messages never came back");
        }
    }
}

}  // namespace torc::sim
