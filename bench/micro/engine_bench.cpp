// The whole pure core end to end: three engines in one thread, formed by their own membership, with
// a session each that multicasts to a group of all three. Validation, ordering, groups, and the
// hand-over of a delivery; no port and no client memory. One processor does the work of three
// daemons here, so a third of the time is what one of them pays for a message.
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "bench/micro/measure.hpp"
#include "bench/micro/tiny_wire.hpp"
#include "engine/engine.hpp"

namespace torc::bench {
namespace {

using engine::Accept;
using engine::ClientOp;

constexpr std::string_view kGroup{"group"};

class TinyCluster {
public:
    explicit TinyCluster(std::uint16_t nodes)
        : settings_(cluster_of(nodes)), wire_(nodes, settings_.frame_bytes), nodes_(nodes) {
        for (std::uint16_t i = 0; i < nodes; ++i) boot(i);
        run_until([this] {
            return std::all_of(nodes_.begin(), nodes_.end(), [this](const Node& node) {
                return node.engine->ring().members().size() == nodes_.size() &&
                       node.engine->wants_clients();
            });
        });
        for (std::uint16_t i = 0; i < nodes; ++i) join(i);
        run_until([this] {
            return std::all_of(nodes_.begin(), nodes_.end(), [this](const Node& node) {
                return node.view_members == nodes_.size();
            });
        });
    }
    ~TinyCluster() {
        while (!wire_.empty()) {
            const Packet packet = wire_.take();
            wire_.end(packet.to).release(packet.frame);
        }
        for (Node& node : nodes_) node.engine->shutdown();
        TORC_CHECK(wire_.lent() == 0);
    }
    TinyCluster(const TinyCluster&) = delete;
    TinyCluster& operator=(const TinyCluster&) = delete;

    std::size_t size() const { return nodes_.size(); }
    std::uint64_t delivered(std::size_t node) const { return nodes_[node].messages; }

    Accept send(std::size_t node, std::span<const std::byte> payload) {
        ClientOp op;
        op.kind = ClientOp::Kind::send;
        op.session = kSession;
        op.groups = {&kGroup, 1};
        op.payload = payload;
        return nodes_[node].engine->on_client(now_, op);
    }
    /// Runs until the token has been everywhere once.
    void rotate() {
        for (std::size_t visits = 0; visits < nodes_.size();) {
            if (wire_.empty()) {
                idle();
                continue;
            }
            visits += wire_.front().kind() == wire::Kind::token ? 1 : 0;
            hand_over();
        }
        for (Node& node : nodes_) {
            if (now_ >= node.engine->next_deadline()) node.engine->on_timer(now_);
        }
    }
    template <typename Condition>
    void run_until(Condition condition) {
        for (int steps = 0; !condition(); ++steps) {
            TORC_CHECK(steps < 1'000'000);
            wire_.empty() ? idle() : hand_over();
        }
    }

private:
    static constexpr SessionId kSession{0, 1};

    struct Node {
        telemetry::CounterValues values;
        std::unique_ptr<telemetry::CounterSet> counters;
        std::unique_ptr<engine::Engine> engine;
        std::uint64_t messages{0};
        std::uint64_t bytes{0};
        std::size_t view_members{0};
    };
    static Node& node_of(void* node) { return *static_cast<Node*>(node); }

    void boot(std::uint16_t index) {
        Node& node = nodes_[index];
        node.counters = std::make_unique<telemetry::CounterSet>(node.values);
        engine::Effects effects;
        effects.frames = wire_.end(index);
        effects.driver = &node;
        effects.deliver_fn = [](void* self, const engine::Delivery& delivery) {
            node_of(self).messages += delivery.sessions.size();
            node_of(self).bytes += delivery.payload.size();
        };
        effects.view_fn = [](void* self, const engine::ViewEvent& event) {
            node_of(self).view_members = event.members.size();
        };
        effects.session_fn = [](void*, SessionId, engine::SessionOutcome) {};
        engine::EngineOptions options;
        options.me = NodeIndex{index};
        options.incarnation = Incarnation{100u + index};
        options.seed = index;
        node.engine = std::make_unique<engine::Engine>(settings_, options, effects, *node.counters);
        node.engine->start(now_);
    }
    void join(std::uint16_t index) {
        const std::string name = "s" + std::to_string(index);
        ClientOp op;
        op.session = kSession;
        op.kind = ClientOp::Kind::open;
        op.name = name;
        TORC_CHECK(nodes_[index].engine->on_client(now_, op) == Accept::accepted);
        op.kind = ClientOp::Kind::join;
        op.name = kGroup;
        TORC_CHECK(nodes_[index].engine->on_client(now_, op) == Accept::accepted);
    }
    void hand_over() {
        now_ += std::chrono::microseconds{1};
        const Packet packet = wire_.take();
        nodes_[packet.to].engine->on_frame(now_, packet.frame);
    }
    /// Nothing is on its way: the next thing to happen is a timer.
    void idle() {
        Instant next = kNever;
        for (const Node& node : nodes_) next = std::min(next, node.engine->next_deadline());
        now_ = std::max(now_, next);
        for (Node& node : nodes_) {
            if (now_ >= node.engine->next_deadline()) node.engine->on_timer(now_);
        }
    }

    config::ClusterSettings settings_;
    TinyWire wire_;
    std::vector<Node> nodes_;
    Instant now_{std::chrono::seconds{1}};
};

/// What the members have sent, and that all of it arrived.
class Load {
public:
    Load(TinyCluster& cluster, std::span<const std::byte> payload)
        : cluster_(cluster), payload_(payload), before_(cluster.delivered(0)) {}

    /// Every member sends as much as its engine takes; the token goes round once.
    void rotation() {
        for (std::size_t node = 0; node < cluster_.size(); ++node) {
            while (cluster_.send(node, payload_) == Accept::accepted) ++accepted_;
        }
        cluster_.rotate();
    }
    std::uint64_t delivered() const { return cluster_.delivered(0) - before_; }
    /// Large messages may be half taken: each member ends with one that is wholly taken.
    void check_all_delivered() {
        for (std::size_t node = 0; node < cluster_.size(); ++node) {
            while (cluster_.send(node, payload_) != Accept::accepted) cluster_.rotate();
            ++accepted_;
        }
        cluster_.run_until([this] { return delivered() >= accepted_; });
        TORC_CHECK(delivered() == accepted_);
    }

private:
    TinyCluster& cluster_;
    std::span<const std::byte> payload_;
    std::uint64_t before_;
    std::uint64_t accepted_{0};
};

/// All members send without pause; one iteration is one rotation. Items: messages ordered, each
/// delivered to the session of every member.
void engines_saturated(benchmark::State& state) {
    TinyCluster cluster(static_cast<std::uint16_t>(state.range(0)));
    const std::vector<std::byte> payload = payload_of(static_cast<std::size_t>(state.range(1)));
    Load load(cluster, payload);
    for (int warm = 0; warm < 4; ++warm) load.rotation();
    const std::uint64_t before = load.delivered();
    for (auto _ : state) load.rotation();
    const std::uint64_t messages = load.delivered() - before;
    load.check_all_delivered();
    report(state, messages, messages * payload.size());
    state.counters["deliveries"] = benchmark::Counter(
        static_cast<double>(messages * cluster.size()), benchmark::Counter::kIsRate);
}

/// One message at a time from one member, until all have it: what the core adds to a round trip.
/// Items: messages.
void engines_one_message(benchmark::State& state) {
    TinyCluster cluster(static_cast<std::uint16_t>(state.range(0)));
    const std::vector<std::byte> payload = payload_of(static_cast<std::size_t>(state.range(1)));
    const std::size_t last = cluster.size() - 1;
    std::uint64_t messages = 0;
    for (auto _ : state) {
        const std::uint64_t before = cluster.delivered(last);
        TORC_CHECK(cluster.send(0, payload) == Accept::accepted);
        ++messages;
        cluster.run_until([&] { return cluster.delivered(last) > before; });
    }
    report(state, messages, messages * payload.size());
}

BENCHMARK(baseline_copy)->Arg(64)->Arg(1350);
BENCHMARK(engines_saturated)
    ->ArgNames({"nodes", "bytes"})
    ->ArgsProduct({{3}, {64, 1350, 8850, 65'536}})
    ->Args({7, 1350});
BENCHMARK(engines_one_message)->ArgNames({"nodes", "bytes"})->Args({3, 64});

}  // namespace
}  // namespace torc::bench
