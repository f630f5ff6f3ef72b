// A few rings wired by hand: each with a pool of its own that counts loans, one network with a
// constant delay between them, and a planner that does what FORM would do. Virtual time.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ordering/ring.hpp"
#include "wire/data.hpp"
#include "wire/status.hpp"
#include "wire/validate.hpp"

namespace torc::ordering::testing {

inline constexpr std::uint32_t kHash = 0x1234;

struct Packet {
    std::size_t from{0};
    std::size_t to{0};
    wire::Channel channel{};
    Instant due{};
    std::vector<std::byte> bytes;

    wire::Kind kind() const { return static_cast<wire::Kind>(bytes[2]); }
    bool is(wire::Kind k) const { return kind() == k; }
    wire::DataView data() const { return wire::DataView::of_validated(bytes); }
    wire::Token token() const {
        return *wire::decode_token(std::span(bytes).subspan(sizeof(wire::HopHeader)));
    }
};

/// Frames of one node. Every loan must come back exactly once.
class FakePool {
public:
    FrameRef lend(std::size_t size, bool writable) {
        auto buffer = std::make_unique<Buffer>();
        FrameRef frame{buffer.get(), buffer->bytes.data(), static_cast<std::uint32_t>(size),
                       writable ? static_cast<std::uint32_t>(kFrameBytesMax) : 0u};
        lent_.emplace(buffer.get(), std::move(buffer));
        return frame;
    }
    FrameRef acquire() {
        if (dry || left == 0) return {};
        --left;
        return lend(0, true);
    }
    void give_back(void* cookie) {
        EXPECT_EQ(lent_.erase(cookie), 1u) << "a loan was given back twice";
    }
    std::size_t loans() const { return lent_.size(); }

    bool dry{false};
    std::size_t left{SIZE_MAX};  ///< acquisitions until it is dry

private:
    struct Buffer {
        std::array<std::byte, kFrameBytesMax> bytes;
    };
    std::map<void*, std::unique_ptr<Buffer>> lent_;
};

/// What one ring told its engine, as text: "m:hello", "t:0,1", "r:0,1".
struct Heard {
    std::string what;
    NodeIndex sender{kNoNode};
    Service service{};
    RingId ring;
    Seq seq;
    std::uint32_t session{0};
    Seq stable;  ///< of the ring when it was handed up
};

class Cluster;

struct Node {
    Cluster* cluster{nullptr};
    std::size_t index{0};
    Member member;
    FakePool pool;
    std::vector<Heard> heard;
    std::vector<RingEvent> events;
    std::unique_ptr<telemetry::CounterValues> values{std::make_unique<telemetry::CounterValues>()};
    std::unique_ptr<telemetry::CounterSet> counters;
    std::unique_ptr<Ring> ring;
    std::function<void(wire::Token&)> on_visit;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> skipped;  ///< seq, sender
    std::uint64_t token_seqs_passed{0};

    std::uint64_t count(telemetry::CounterId id) const { return counters->get(id); }
    /// Message texts only, in order.
    std::vector<std::string> messages() const {
        std::vector<std::string> texts;
        for (const Heard& item : heard) {
            if (item.what[0] == 'm') texts.push_back(item.what.substr(2));
        }
        return texts;
    }
    std::vector<std::string> everything() const {
        std::vector<std::string> texts;
        for (const Heard& item : heard) texts.push_back(item.what);
        return texts;
    }
    bool got(const std::string& text) const {
        const auto texts = messages();
        return std::find(texts.begin(), texts.end(), text) != texts.end();
    }
    bool reported(RingEvent event) const {
        return std::find(events.begin(), events.end(), event) != events.end();
    }
};

inline config::ClusterSettings test_settings(std::size_t nodes) {
    config::ClusterSettings settings;
    for (std::size_t i = 0; i < nodes; ++i) {
        settings.nodes.push_back({"n" + std::to_string(i), static_cast<std::uint32_t>(i),
                                  NodeIndex{static_cast<std::uint16_t>(i)}});
    }
    settings.message_bytes = 64 * 1024;
    return settings;
}

class Cluster {
public:
    static constexpr Nanos kDelay = std::chrono::microseconds{10};

    explicit Cluster(std::size_t nodes) : Cluster(test_settings(nodes)) {}
    explicit Cluster(const config::ClusterSettings& settings) : settings_(settings) {
        nodes_.resize(settings.nodes.size());
        for (std::size_t i = 0; i < nodes_.size(); ++i) boot(i);
    }
    ~Cluster() {
        for (Node& node : nodes_) {
            if (!node.ring) continue;
            node.ring->shutdown();
            EXPECT_EQ(node.ring->loans(), 0u);
            EXPECT_EQ(node.pool.loans(), 0u) << "node " << node.index << " kept frames";
        }
    }
    Cluster(const Cluster&) = delete;
    Cluster& operator=(const Cluster&) = delete;

    Node& operator[](std::size_t i) { return nodes_[i]; }
    std::size_t size() const { return nodes_.size(); }
    Instant now() const { return now_; }
    const config::ClusterSettings& settings() const { return settings_; }

    void boot(std::size_t i) {
        Node& node = nodes_[i];
        node.cluster = this;
        node.index = i;
        node.member = {NodeIndex{static_cast<std::uint16_t>(i)}, Incarnation{100 + i}};
        node.counters = std::make_unique<telemetry::CounterSet>(*node.values);
        node.ring = std::make_unique<Ring>(settings_, node.member, kHash, io_of(node),
                                           upcalls_of(node), *node.counters);
        node.ring->boot(now_, 0);
    }

    // --- network -------------------------------------------------------------------------------
    /// True: the packet is lost. Asked for each copy.
    std::function<bool(const Packet&)> lose;
    /// Sees every copy that is not lost, before it is handed over.
    std::function<void(const Packet&)> watch;
    std::vector<Packet> sent;  ///< everything sent, if `record`
    bool record{false};

    void put(std::size_t from, const wire::Transmit& transmit) {
        const std::span<const std::byte> bytes = transmit.frame.bytes();
        for (std::size_t to = 0; to < nodes_.size(); ++to) {
            if (to == from) continue;
            if (transmit.to != kNoNode && raw(transmit.to) != to) continue;
            Packet packet{from, to, transmit.channel, now_ + kDelay, {bytes.begin(), bytes.end()}};
            EXPECT_EQ(wire::validate(packet.bytes, kHash), wire::RejectReason::none)
                << "a ring sent a frame that no ring would take";
            if (record) sent.push_back(packet);
            if (lose && lose(packet)) continue;
            wire_.push_back(std::move(packet));
        }
    }
    void hand_over(const Packet& packet) {
        Node& node = nodes_[packet.to];
        if (!node.ring) return;
        if (watch) watch(packet);
        const FrameRef frame = node.pool.lend(packet.bytes.size(), false);
        std::memcpy(frame.data, packet.bytes.data(), packet.bytes.size());
        switch (packet.kind()) {
            case wire::Kind::data:
                node.ring->on_data(now_, frame);
                break;
            case wire::Kind::token:
                node.ring->on_token(now_, frame);
                break;
            case wire::Kind::status:
                node.ring->on_status(now_, frame);
                break;
            case wire::Kind::wake:
                node.ring->on_wake(now_, frame);
                break;
            case wire::Kind::join:
            case wire::Kind::propose:
            case wire::Kind::state:
            case wire::Kind::plan:
            case wire::Kind::merge:
                FAIL() << "a ring sends no control frames";
        }
        collect(node);
    }
    void inject(std::size_t to, std::vector<std::byte> bytes) {
        hand_over(Packet{0, to, {}, now_, std::move(bytes)});
    }

    // --- time ----------------------------------------------------------------------------------
    /// One packet or timer. False if nothing is left before `end`.
    bool step(Instant end) {
        Instant next = wire_.empty() ? kNever : wire_.front().due;
        Node* timer = nullptr;
        for (Node& node : nodes_) {
            if (!node.ring || node.ring->next_deadline() >= next) continue;
            next = node.ring->next_deadline();
            timer = &node;
        }
        if (next > end) return false;
        now_ = std::max(now_, next);
        if (timer != nullptr) {
            timer->ring->on_timer(now_);
            collect(*timer);
            return true;
        }
        const Packet packet = std::move(wire_.front());
        wire_.pop_front();
        hand_over(packet);
        return true;
    }
    void run_for(Nanos span) {
        const Instant end = now_ + span;
        while (step(end)) {
        }
        now_ = std::max(now_, end);
    }
    /// Runs until the condition holds; a test that waits in vain fails.
    template <typename Condition>
    void run_until(Condition condition, Nanos at_most = std::chrono::seconds{5}) {
        const Instant end = now_ + at_most;
        while (!condition() && step(end)) {
        }
        EXPECT_TRUE(condition()) << "did not happen within the time";
    }
    void drop_wire() { wire_.clear(); }
    std::size_t on_wire() const { return wire_.size(); }

    // --- messages ------------------------------------------------------------------------------
    Submit submit(std::size_t from, const std::string& text, Service service = Service::agreed,
                  std::uint32_t session = 1, bool control = false) {
        const std::array<std::span<const std::byte>, 2> pieces{
            std::as_bytes(std::span(text.data(), text.size() / 2)),
            std::as_bytes(std::span(text.data() + text.size() / 2, text.size() - text.size() / 2))};
        Outgoing message;
        message.session = session;
        message.service = service;
        message.control = control;
        message.pieces = pieces;
        const Submit answer = nodes_[from].ring->submit(now_, message);
        collect(nodes_[from]);
        return answer;
    }
    void send(std::size_t from, const std::string& text, Service service = Service::agreed,
              std::uint32_t session = 1) {
        EXPECT_EQ(submit(from, text, service, session), Submit::queued) << text;
    }
    bool all_got(const std::string& text) {
        return std::all_of(nodes_.begin(), nodes_.end(),
                           [&](const Node& node) { return node.got(text); });
    }
    bool all_stable() {
        const Seq high = nodes_[0].ring->high();
        return std::all_of(nodes_.begin(), nodes_.end(), [&](const Node& node) {
            return node.ring->high() == high && node.ring->stable() == high &&
                   node.ring->delivered() == high && node.ring->backlog() == 0;
        });
    }

    // --- forming rings -------------------------------------------------------------------------
    using Set = std::vector<std::size_t>;

    /// What FORM does: states of all, one PLAN, the recovery token. Does not run the recovery.
    RingId begin_forming(const Set& who, bool with_states = true) {
        const RingId ring{++epoch_ << 24, nodes_[who.front()].member.index};
        std::map<std::size_t, wire::OldRingState> states;
        for (const std::size_t i : who) states[i] = nodes_[i].ring->snapshot();
        wire::MemberList members;
        for (const std::size_t i : who) members.push_back(nodes_[i].member);
        for (const std::size_t i : who) {
            RecoveryStart start;
            start.ring = ring;
            start.members = members;
            start.order = order_for(i, who, states, ring);
            start.start_token = i == who.front();
            std::vector<Holder> holders;
            for (const Member& member : start.order.together) {
                holders.push_back({member, &states[raw(member.index)]});
            }
            if (with_states) start.holders = holders;
            nodes_[i].ring->begin_recovery(now_, start);
            collect(nodes_[i]);
        }
        return ring;
    }
    RingId form(const Set& who, bool with_states = true) {
        const RingId ring = begin_forming(who, with_states);
        run_until([&] {
            return std::all_of(who.begin(), who.end(), [&](std::size_t i) {
                return nodes_[i].ring->operational() && nodes_[i].ring->id() == ring;
            });
        });
        return ring;
    }
    Set everybody() const {
        Set all;
        for (std::size_t i = 0; i < nodes_.size(); ++i) all.push_back(i);
        return all;
    }
    void forget_heard() {
        for (Node& node : nodes_) node.heard.clear();
    }

private:
    static wire::RecoveryOrder order_for(std::size_t me, const Set& who,
                                         std::map<std::size_t, wire::OldRingState>& states,
                                         const RingId& ring) {
        wire::RecoveryOrder order;
        order.old_ring = states[me].ring;
        order.low_aru = states[me].aru;
        std::set<Member> obligations;
        for (const std::size_t i : who) {
            const wire::OldRingState& state = states[i];
            if (state.ring != order.old_ring) continue;
            order.together.push_back(
                {NodeIndex{static_cast<std::uint16_t>(i)}, Incarnation{100 + i}});
            order.low_aru = std::min(order.low_aru, state.aru);
            order.stable_max = std::max(order.stable_max, state.stable);
            order.high_max = std::max(order.high_max, state.high);
            obligations.insert(state.obligations.begin(), state.obligations.end());
        }
        for (const Member& member : obligations) order.obligations.push_back(member);
        order.transitional = {ring.epoch, order.together.front().index};
        order.final_holes.resize(distance(order.low_aru, order.high_max));
        for (std::size_t bit = 0; bit < order.final_holes.size(); ++bit) {
            const Seq seq = order.low_aru + bit + 1;
            bool held = false;
            for (const Member& member : order.together) {
                const wire::OldRingState& state = states[raw(member.index)];
                held = held || seq <= state.aru || state.have.test(seq.raw - state.aru.raw - 1);
            }
            if (!held) order.final_holes.set(bit);
        }
        return order;
    }

    static Node& node_of(void* node) { return *static_cast<Node*>(node); }
    static wire::FrameIo io_of(Node& node) {
        wire::FrameIo io;
        io.driver = &node;
        io.acquire_fn = [](void* driver) { return node_of(driver).pool.acquire(); };
        io.transmit_fn = [](void* driver, const wire::Transmit& transmit) {
            node_of(driver).cluster->put(node_of(driver).index, transmit);
        };
        io.release_fn = [](void* driver, void* cookie) { node_of(driver).pool.give_back(cookie); };
        return io;
    }
    static std::string list_of(const wire::MemberList& members) {
        std::string text;
        for (const Member& member : members) {
            text += (text.empty() ? "" : ",") + std::to_string(raw(member.index));
        }
        return text;
    }
    RingUpcalls upcalls_of(Node& node) {
        RingUpcalls upcalls;
        upcalls.engine = &node;
        upcalls.deliver_fn = [](void* engine, const OrderedMessage& message) {
            Node& self = node_of(engine);
            std::string text(message.payload.size(), '\0');
            std::memcpy(text.data(), message.payload.data(), message.payload.size());
            self.heard.push_back({"m:" + text, message.sender, message.service, message.ring,
                                  message.seq, message.session, self.ring->stable()});
        };
        upcalls.transitional_fn = [](void* engine, const RingId& id,
                                     const wire::MemberList& members) {
            node_of(engine).heard.push_back({"t:" + list_of(members), kNoNode, {}, id, {}, 0, {}});
        };
        upcalls.regular_fn = [](void* engine, const RingId& id, const wire::MemberList& members) {
            node_of(engine).heard.push_back({"r:" + list_of(members), kNoNode, {}, id, {}, 0, {}});
        };
        upcalls.visit_fn = [](void* engine, Instant, wire::Token& token) {
            if (node_of(engine).on_visit) node_of(engine).on_visit(token);
        };
        upcalls.trace_fn = [](void* engine, telemetry::TraceKind kind, std::uint64_t a,
                              std::uint64_t b, std::uint64_t) {
            if (kind == telemetry::TraceKind::skipped) node_of(engine).skipped.emplace_back(a, b);
            if (kind == telemetry::TraceKind::token_passed) node_of(engine).token_seqs_passed = a;
        };
        return upcalls;
    }
    void collect(Node& node) {
        EXPECT_EQ(node.ring->loans(), node.pool.loans());
        for (RingEvent event = node.ring->take_event(); event != RingEvent::none;
             event = node.ring->take_event()) {
            node.events.push_back(event);
        }
    }

    config::ClusterSettings settings_;
    std::vector<Node> nodes_;
    std::deque<Packet> wire_;
    Instant now_{};
    std::uint64_t epoch_{0};
};

/// The ring breaks: what is on the wire is gone.
inline void cut(Cluster& c) {
    c.drop_wire();
    for (std::size_t i = 0; i < c.size(); ++i) c[i].ring->stop(c.now());
}

}  // namespace torc::ordering::testing
