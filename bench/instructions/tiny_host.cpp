#include "bench/instructions/tiny_host.hpp"

#include <utility>

#include "base/check.hpp"

// The product's templates and inline functions are compiled into whoever calls them. Here the
// callers stand apart from the program around them: what is in torc::bench does not count.
namespace torc::counted {

[[gnu::noinline]] bool pass(bench::TinyHost::Loop& loop) { return loop.run_once(); }

}  // namespace torc::counted

namespace torc::bench {
namespace {

/// Of a session and direction: some bursts of full frames, below the high-water mark.
constexpr std::uint64_t kRingBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kMessageBytes = 64 * 1024;
/// Of virtual time; the clock wants to see it pass once.
constexpr VirtualTime kCalibration = 10'000'000;

dataplane::ClockSources sources_of(VirtualTime& time) {
    dataplane::ClockSources sources;
    sources.context = &time;
    sources.read_tsc = [](void* at) {
        return static_cast<std::uint64_t>(*static_cast<VirtualTime*>(at));
    };
    sources.read_ns = [](void* at) -> std::int64_t { return *static_cast<VirtualTime*>(at); };
    sources.wait = [](void* at) { *static_cast<VirtualTime*>(at) += kCalibration; };
    return sources;
}

template <typename T>
T taken_from(Result<T> made) {
    TORC_CHECK(made.has_value());
    return std::move(*made);
}

client_shm::TableOptions table_options(NodeIndex me) {
    client_shm::TableOptions options;
    options.daemon = "n" + std::to_string(raw(me));
    options.sessions = 1;
    options.ring_bytes = kRingBytes;
    options.message_bytes = kMessageBytes;
    return options;
}

const client_shm::SessionSlot& open_session(client_shm::SessionTable& table) {
    client_shm::Reason reason{};
    const client_shm::SessionSlot* const slot = table.open("session", reason);
    TORC_CHECK(slot != nullptr);
    return *slot;
}

engine::EngineOptions identity_of(NodeIndex me) {
    engine::EngineOptions options;
    options.me = me;
    options.incarnation = Incarnation{100u + raw(me)};
    options.seed = raw(me);
    return options;
}

/// Spins on a core of its own, so that a pass without work makes no system call.
dataplane::LoopOptions loop_options(const config::ClusterSettings& cluster) {
    dataplane::LoopOptions options;
    options.idle = config::IdleStrategy::spin;
    options.owns_core = true;
    options.token_loss = cluster.timers.token_loss;
    return options;
}

}  // namespace

TinyHost::TinyHost(const config::ClusterSettings& cluster, NodeIndex me, TinyWire& wire,
                   VirtualTime& time)
    : wire_(wire),
      me_(me),
      port_(make_tiny_port(wire, raw(me), inbox_)),
      clock_(sources_of(time), true),
      mailbox_(taken_from(dataplane::LoopMailbox::open())),
      table_(taken_from(client_shm::SessionTable::make(table_options(me)))),
      slot_(open_session(*table_)),
      client_(slot_),
      events_(kEventsKept),
      recorder_(events_),
      plane_(*table_, client_shm::PlaneOptions{}),
      outlet_(*port_, plane_, &recorder_),
      engine_(cluster, identity_of(me), outlet_.effects(), counters_),
      loop_({*port_, engine_, plane_, outlet_, clock_, *mailbox_}, loop_options(cluster)) {}

TinyHost::~TinyHost() {
    const wire::FrameIo io = wire_.end(raw(me_));
    for (const Packet& packet : inbox_.urgent) io.release(packet.frame);
    for (const Packet& packet : inbox_.data) io.release(packet.frame);
    engine_.shutdown();
}

void TinyHost::start() { engine_.start(clock_.now()); }

void TinyHost::pass() { TORC_CHECK(counted::pass(loop_)); }

}  // namespace torc::bench
