#include "tests/unit/engine/cluster.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "tests/sim/options.hpp"

namespace torc::engine::test {
namespace {

std::string listed(std::uint64_t members) {
    std::string text;
    for (int i = 0; i < 64; ++i) {
        if ((members >> i & 1) != 0) text += ' ' + std::to_string(i);
    }
    return text;
}

std::string text_of(const ViewEvent& event) {
    std::string text = event.cause == ViewCause::transitional ? "signal " : "view ";
    text += std::string(event.group) + ":";
    for (const std::string_view member : event.members) text.append(" ").append(member);
    return text;
}

}  // namespace

std::uint64_t Host::rejected(wire::RejectReason reason) const {
    return count(telemetry::counter_at(telemetry::kFirstRejectCounter, reason));
}

std::uint64_t Host::rejected() const {
    std::uint64_t sum = 0;
    for (std::size_t reason = 1; reason < wire::kRejectReasons; ++reason) {
        sum += rejected(static_cast<wire::RejectReason>(reason));
    }
    return sum;
}

Facts Host::facts() const {
    return {engine->former().state(),
            engine->ring().id(),
            engine->ring().aru(),
            engine->ring().high(),
            engine->ring().delivered(),
            received.size(),
            views};
}

config::ClusterSettings settings_of(std::size_t nodes) {
    config::ClusterSettings settings =
        sim::options_from_seed(1, static_cast<std::uint32_t>(nodes)).cluster;
    settings.in_flight_frames = 256;
    settings.burst_frames = 64;
    return settings;
}

Cluster::Cluster(std::size_t hosts, const config::ClusterSettings& settings) {
    for (std::size_t i = 0; i < hosts; ++i) {
        add(NodeIndex{static_cast<std::uint16_t>(i)}, settings);
    }
}

/// Engines give their loans back when they go; that needs everything else.
Cluster::~Cluster() {
    for (const auto& host : hosts_) host->engine.reset();
}

std::size_t Cluster::add(NodeIndex index, const config::ClusterSettings& settings) {
    auto host = std::make_unique<Host>();
    host->index = index;
    hosts_.push_back(std::move(host));
    settings_.push_back(settings);
    ports_.push_back(std::make_unique<Port>(Port{this, hosts_.size() - 1}));
    return hosts_.size() - 1;
}

void Cluster::boot(std::size_t place) {
    Host& host = *hosts_[place];
    host.engine.reset();
    host.values = {};
    host.counters = std::make_unique<telemetry::CounterSet>(host.values);
    host.arena = std::make_unique<sim::Arena>(kFrameBytesMax + 64, 3 * kWindowFrames);
    EngineOptions options;
    options.me = host.index;
    options.incarnation = Incarnation{1000 + ++boots_};
    options.seed = boots_;
    host.engine = std::make_unique<Engine>(settings_[place], options,
                                           effects_of(ports_[place].get()), *host.counters);
    host.engine->start(now_);
}

void Cluster::boot_all() {
    for (std::size_t i = 0; i < hosts_.size(); ++i) boot(i);
}

void Cluster::wake(std::size_t place) {
    Host& host = *hosts_[place];
    host.asleep = false;
    for (const Bytes& packet : std::exchange(host.slept_through, {})) inject(place, packet);
}

Effects Cluster::effects_of(Port* port) {
    static constexpr auto host = [](void* at) -> Host& {
        const Port& mine = *static_cast<Port*>(at);
        return *mine.cluster->hosts_[mine.host];
    };
    Effects effects;
    effects.frames.driver = effects.driver = port;
    effects.frames.acquire_fn = [](void* at) {
        return host(at).dry ? FrameRef{} : host(at).arena->lend();
    };
    effects.frames.release_fn = [](void* at, void* cookie) { host(at).arena->take_back(cookie); };
    effects.frames.transmit_fn = [](void* at, const wire::Transmit& transmit) {
        const Port& mine = *static_cast<Port*>(at);
        mine.cluster->transmit(mine.host, transmit);
    };
    effects.deliver_fn = [](void* at, const Delivery& delivery) {
        const auto* text = reinterpret_cast<const char*>(delivery.payload.data());
        host(at).log.emplace_back(text, std::min<std::size_t>(delivery.payload.size(), 40));
        for (const SessionId session : delivery.sessions) {
            host(at).seen[session.slot].push_back(host(at).log.back());
        }
        host(at).received.push_back({std::string(delivery.sender),
                                     Bytes(delivery.payload.begin(), delivery.payload.end()),
                                     delivery.service});
    };
    effects.view_fn = [](void* at, const ViewEvent& event) {
        ++host(at).views;
        host(at).seen[event.session.slot].push_back(text_of(event));
    };
    effects.flush_fn = [](void* at, const FlushRequest& request) {
        host(at).seen[request.session.slot].push_back("flush " + std::string(request.group));
    };
    effects.trace_fn = [](void* at, const telemetry::TraceEvent& event) {
        if (event.kind == telemetry::TraceKind::regular) {
            host(at).log.push_back("regular" + listed(event.d));
        } else if (event.kind == telemetry::TraceKind::transitional) {
            host(at).log.push_back("transitional" + listed(event.d));
        }
    };
    effects.session_fn = [](void* at, SessionId, SessionOutcome outcome) {
        host(at).outcomes.push_back(outcome);
    };
    return effects;
}

void Cluster::transmit(std::size_t from, const wire::Transmit& transmit) {
    const auto bytes = transmit.frame.bytes();
    sent_.emplace_back(bytes.begin(), bytes.end());
    for (std::size_t to = 0; to < hosts_.size(); ++to) {
        if (to == from || (transmit.to != kNoNode && hosts_[to]->index != transmit.to)) continue;
        if (filter_ && !filter_(from, to, static_cast<wire::Kind>(bytes[2]))) continue;
        packets_.push({now_ + std::chrono::microseconds{10}, ties_++, to, sent_.back()});
    }
}

void Cluster::inject(std::size_t place, std::span<const std::byte> bytes) {
    FrameRef frame = hosts_[place]->arena->lend();
    std::copy(bytes.begin(), bytes.end(), frame.data);
    frame.size = static_cast<std::uint32_t>(bytes.size());
    frame.capacity = 0;
    engine(place).on_frame(now_, frame);
}

Instant Cluster::next_at() const {
    Instant next = packets_.empty() ? kNever : packets_.top().at;
    for (const auto& host : hosts_) {
        if (!host->engine || host->asleep) continue;
        next = std::min(next, std::max(now_, host->engine->next_deadline()));
    }
    return next;
}

bool Cluster::step() {
    const Instant next = next_at();
    if (next == kNever) return false;
    now_ = next;
    if (!packets_.empty() && packets_.top().at <= now_) {
        const Packet packet = packets_.top();
        packets_.pop();
        if (!alive(packet.to)) return true;
        if (hosts_[packet.to]->asleep) {
            hosts_[packet.to]->slept_through.push_back(packet.bytes);
        } else {
            inject(packet.to, packet.bytes);
        }
        return true;
    }
    for (const auto& host : hosts_) {
        if (host->engine && !host->asleep && host->engine->next_deadline() <= now_) {
            host->engine->on_timer(now_);
            return true;
        }
    }
    return true;
}

void Cluster::run_for(Nanos time) {
    const Instant end = now_ + time;
    while (next_at() <= end && step()) {
    }
    now_ = end;
}

bool Cluster::run_until(const std::function<bool()>& done, Nanos limit) {
    const Instant end = now_ + limit;
    while (!done()) {
        if (next_at() > end || !step()) return false;
    }
    return true;
}

bool Cluster::in_one_ring(const std::vector<std::size_t>& hosts) const {
    const Engine& first = *hosts_[hosts.front()]->engine;
    return std::all_of(hosts.begin(), hosts.end(), [&](std::size_t place) {
        const Engine& engine = *hosts_[place]->engine;
        return engine.wants_clients() && engine.ring().id() == first.ring().id() &&
               engine.ring().members().size() == hosts.size();
    });
}

bool Cluster::form(const std::vector<std::size_t>& hosts) {
    return run_until([&] { return in_one_ring(hosts); });
}

Bytes Cluster::last_sent(wire::Kind kind) const {
    const auto found = std::find_if(sent_.rbegin(), sent_.rend(), [&](const Bytes& frame) {
        return frame[2] == static_cast<std::byte>(kind);
    });
    return found == sent_.rend() ? Bytes{} : *found;
}

Accept Cluster::open(std::size_t host, SessionId session, std::string_view name) {
    ClientOp op;
    op.kind = ClientOp::Kind::open;
    op.session = session;
    op.name = name;
    return act(host, op);
}

Accept Cluster::join(std::size_t host, SessionId session, std::string_view group, JoinKind kind) {
    ClientOp op;
    op.kind = ClientOp::Kind::join;
    op.session = session;
    op.name = group;
    op.join_kind = kind;
    return act(host, op);
}

Accept Cluster::flush_ok(std::size_t host, SessionId session, std::string_view group) {
    ClientOp op;
    op.kind = ClientOp::Kind::flush_ok;
    op.session = session;
    op.name = group;
    return act(host, op);
}

Accept Cluster::send(std::size_t host, SessionId session, std::string_view group,
                     std::span<const std::byte> payload, Service service) {
    ClientOp op;
    op.kind = ClientOp::Kind::send;
    op.session = session;
    op.groups = {&group, 1};
    op.service = service;
    op.payload = payload;
    return act(host, op);
}

bool Cluster::send_all(std::size_t host, SessionId session, std::string_view group,
                       std::span<const std::byte> payload, Service service) {
    return run_until(
        [&] { return send(host, session, group, payload, service) == Accept::accepted; });
}

Bytes bytes_of(std::string_view text) {
    Bytes bytes(text.size());
    if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
}

Bytes pattern(std::size_t length) {
    Bytes bytes(length);
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>(i * 31 + i / 251);
    return bytes;
}

}  // namespace torc::engine::test
