#include "tests/sim/recorder.hpp"

#include <algorithm>
#include <string>

#include "tests/checker/check.hpp"
#include "tests/sim/memberships.hpp"

namespace torc::sim {
namespace {

using telemetry::TraceEvent;
using telemetry::TraceKind;

check::Service service_of(Service service) { return static_cast<check::Service>(service); }
static_assert(static_cast<int>(check::Service::safe) == static_cast<int>(Service::safe));

/// The simulator counts messages of a session from 0, the checker from 1.
std::uint64_t number_of(std::uint64_t message) { return message + 1; }

check::Cause cause_of(engine::ViewCause cause) {
    switch (cause) {
        case engine::ViewCause::join:
            return check::Cause::join;
        case engine::ViewCause::leave:
            return check::Cause::leave;
        case engine::ViewCause::disconnect:
            return check::Cause::disconnect;
        case engine::ViewCause::self_leave:
            return check::Cause::self_leave;
        case engine::ViewCause::network:
        case engine::ViewCause::transitional:
            break;
    }
    return check::Cause::network;
}

}  // namespace

Recorder::Node& Recorder::node_of(Life life) {
    if (life.node >= nodes_.size()) nodes_.resize(life.node + 1);
    return nodes_[life.node];
}

/// A crash and a departure look the same: nothing more comes from there.
void Recorder::end(std::uint32_t index, Node& node) {
    if (node.boot == 0) return;
    const check::Process process{index, node.boot};
    std::vector<check::Session> lost;
    for (const auto& [id, session] : node.open) lost.push_back(session);
    std::sort(lost.begin(), lost.end());
    for (const check::Session& session : lost) put(check::Lost{process, session});
    put(check::Fail{process});
    node = Node{};
}

void Recorder::on_boot(Life life) {
    Node& node = node_of(life);
    end(life.node, node);
    node.boot = life.boot;
    put(check::Boot{at(life)});
}

check::List Recorder::nodes_of(std::uint64_t bitmap) {
    scratch_.clear();
    for (std::uint32_t node = 0; node < 64; ++node) {
        if ((bitmap >> node & 1) != 0) scratch_.push_back(node);
    }
    return trace_.list(scratch_);
}

void Recorder::on_trace(Life life, const TraceEvent& event) {
    Node& node = node_of(life);
    const auto index = static_cast<std::uint32_t>(event.b >> 32);
    const auto sender = static_cast<std::uint32_t>(event.b >> 16 & 0xFFFF);
    const auto service = static_cast<check::Service>(event.b & 0xFFFF);
    const check::Ring id{event.c, event.a & 0xFFFF};  // of a configuration
    if (event.kind == TraceKind::sent) {
        put(check::Sent{at(life), node.ring, event.a, index, service, event.c});
    } else if (event.kind == TraceKind::message) {
        const check::Ring ring = event.d == node.ring.epoch ? node.ring : check::Ring{event.d, 0};
        put(check::Delivered{at(life), ring, event.a, index, sender, service, event.c});
    } else if (event.kind == TraceKind::transitional) {
        put(check::Transitional{at(life), id, nodes_of(event.d)});
    } else if (event.kind == TraceKind::regular) {
        node.ring = id;
        put(check::Regular{at(life), id, nodes_of(event.d)});
    }
}

/// Sessions are noticed when they first do something.
check::Session Recorder::session_of(Life life, SessionId id) {
    Node& node = node_of(life);
    const auto [found, fresh] = node.open.try_emplace(raw(id));
    if (fresh) {
        const std::string name = "#s" + std::to_string(id.slot) + "#n" + std::to_string(life.node);
        found->second = {trace_.name(name), raw(id) >> 16 | (raw(id) & 0xFFFF) << 16};
        put(check::Opened{at(life), found->second});
    }
    return found->second;
}

template <typename Groups>
check::List Recorder::groups_of(std::uint64_t message, const Groups& groups) {
    const auto [known, fresh] = groups_.try_emplace(message, 0);
    if (!fresh) {
        const std::vector<std::uint32_t>& names = trace_.numbers(known->second);
        const bool same = std::equal(
            names.begin(), names.end(), groups.begin(), groups.end(),
            [this](check::Name name, std::string_view text) { return trace_.text(name) == text; });
        if (same) return known->second;
    }
    scratch_.clear();
    for (const std::string_view group : groups) scratch_.push_back(trace_.name(group));
    return known->second = trace_.list(scratch_);
}

void Recorder::on_said(Life life, SessionId session, std::uint64_t message, Service service,
                       const std::vector<std::string>& groups, bool subgroup) {
    if (said_.contains(message)) return;
    offered_[message] = {at(life),
                         session_of(life, session),
                         number_of(message),
                         service_of(service),
                         groups_of(message, groups),
                         subgroup};
}

void Recorder::put_said(std::uint64_t message) {
    const auto offered = offered_.find(message);
    if (offered == offered_.end()) return;
    put(offered->second);
    offered_.erase(offered);
    said_.insert(message);
}

void Recorder::on_taken(Life, SessionId, std::uint64_t message) { put_said(message); }

void Recorder::on_refused(Life life, SessionId session, std::uint64_t message) {
    put_said(message);
    put(check::Refused{at(life), session_of(life, session), number_of(message)});
}

void Recorder::on_asked(Life life, SessionId session, std::string_view group) {
    put(check::Asked{at(life), session_of(life, session), trace_.name(group)});
}

void Recorder::on_flushed(Life life, SessionId session, std::string_view group) {
    put(check::Flushed{at(life), session_of(life, session), trace_.name(group)});
}

void Recorder::on_received(Life life, SessionId session, std::uint64_t message,
                           const engine::Delivery& delivery) {
    put_said(message);
    put(check::Heard{at(life), session_of(life, session), number_of(message),
                     service_of(delivery.service), groups_of(message, delivery.groups)});
}

void Recorder::on_view(Life life, const engine::ViewEvent& event) {
    const check::Session session = session_of(life, event.session);
    const check::Name group = trace_.name(event.group);
    if (event.cause == engine::ViewCause::transitional) {
        return put(check::Signal{at(life), session, group});
    }
    check::View view{at(life),
                     session,
                     group,
                     {event.ring.epoch, raw(event.ring.representative)},
                     event.index,
                     cause_of(event.cause),
                     0,
                     0,
                     event.my_vs_set,
                     false};
    const std::pair key{raw(event.session), group};
    // Who leaves without a view is one that waited for its first: plain groups give it at once.
    const bool first = view.cause == check::Cause::self_leave || is_first_of_flush_group(event);
    const auto kind = node_of(life).is_flush.try_emplace(key, first).first;
    view.flush = kind->second;
    if (view.cause == check::Cause::self_leave) node_of(life).is_flush.erase(kind);
    scratch_.clear();
    for (const std::string_view member : event.members) scratch_.push_back(trace_.name(member));
    view.members = trace_.list(scratch_);
    scratch_.assign(event.vs_set_of.begin(), event.vs_set_of.end());
    view.sets = trace_.list(scratch_);
    put(view);
}

void Recorder::on_closed(Life life, SessionId session) {
    const check::Session who = session_of(life, session);
    node_of(life).open.erase(raw(session));
    put(check::Closed{at(life), who});
}

void Recorder::on_lost(Life life, SessionId session) {
    const check::Session who = session_of(life, session);
    node_of(life).open.erase(raw(session));
    put(check::Lost{at(life), who});
}

void Recorder::at_rest(const std::vector<Life>& alive) {
    for (std::uint32_t index = 0; index < nodes_.size(); ++index) {
        Node& node = nodes_[index];
        if (std::find(alive.begin(), alive.end(), Life{index, node.boot}) == alive.end()) {
            end(index, node);
        }
    }
    put(check::Rest{});
}

/// The second opinion, of somebody who never saw the code.
void Recorder::ask_checker() const {
    const check::Verdict verdict = check::check(trace_);
    if (verdict.clean()) return;
    std::string text = "the checker disagrees:";
    for (const check::Finding& finding : verdict.findings()) {
        text.append("\n  ").append(finding.property).append(": ").append(finding.text);
    }
    throw Violation(text);
}

}  // namespace torc::sim
