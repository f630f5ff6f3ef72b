// What process groups cost on top of an ordered message: finding the local members that want it,
// and changing the membership. Compare with baseline_upcall, which hands a finished delivery over.
#include <string>
#include <vector>

#include "bench/micro/lone_daemon.hpp"

namespace torc::bench {
namespace {

constexpr std::size_t kPayload = 64;

std::uint16_t members_of(const benchmark::State& state) {
    return static_cast<std::uint16_t>(state.range(0));
}
std::uint64_t runs_of(const benchmark::State& state) {
    return static_cast<std::uint64_t>(state.iterations());
}

/// Handing over a delivery that is ready. Items: messages.
void baseline_upcall(benchmark::State& state) {
    const std::vector<SessionId> sessions(members_of(state));
    groups::Delivery delivery;
    delivery.sessions = sessions;
    std::uint64_t copies = 0;
    void (*deliver)(void*, const groups::Delivery&) = [](void* count, const groups::Delivery& d) {
        *static_cast<std::uint64_t*>(count) += d.sessions.size();
    };
    benchmark::DoNotOptimize(deliver);
    for (auto _ : state) {
        deliver(&copies, delivery);
        benchmark::ClobberMemory();
    }
    TORC_CHECK(copies == runs_of(state) * sessions.size());
    report(state, runs_of(state), runs_of(state) * kPayload);
}

/// As many groups as `state` says.
std::vector<std::string_view> destinations_of(const benchmark::State& state) {
    std::vector<std::string_view> names;
    names.reserve(kGroupsPerMessageMax);
    for (std::size_t i = 0; i < members_of(state); ++i) names.push_back(Daemon::group_name(i));
    return names;
}

/// In front of a message with so many destinations. Items: envelopes.
void write_envelope(benchmark::State& state) {
    const std::vector<std::string_view> names = destinations_of(state);
    std::vector<std::byte> room(groups::kEnvelopeBytesMax);
    std::size_t length = 0;
    for (auto _ : state) {
        length = groups::write_envelope(EnvelopeKind::message, 0, 7, "far", names, room);
        benchmark::ClobberMemory();
    }
    report(state, runs_of(state), runs_of(state) * length);
}

void read_envelope(benchmark::State& state) {
    const auto bytes = record(EnvelopeKind::message, "far", destinations_of(state), kPayload);
    for (auto _ : state) {
        groups::Envelope envelope;
        TORC_CHECK(groups::read_envelope(bytes, envelope));
        benchmark::DoNotOptimize(envelope);
    }
    report(state, runs_of(state), runs_of(state) * bytes.size());
}

/// A message for a group with so many local members; 0: nobody here wants it. Items: messages.
void on_message(benchmark::State& state) {
    Daemon daemon(members_of(state), 1);
    const auto bytes = record(EnvelopeKind::message, "far", {Daemon::group_name(0)}, kPayload);
    for (auto _ : state) daemon.order(kOther, 0, bytes);
    TORC_CHECK(daemon.deliveries == runs_of(state) * members_of(state));
    report(state, runs_of(state), runs_of(state) * kPayload);
}

/// A message for so many groups that all have the same ten members here: each gets it once.
void on_message_to_groups(benchmark::State& state) {
    constexpr std::uint16_t kLocals = 10;
    Daemon daemon(kLocals, members_of(state));
    const auto bytes = record(EnvelopeKind::message, "far", destinations_of(state), kPayload);
    for (auto _ : state) daemon.order(kOther, 0, bytes);
    TORC_CHECK(daemon.deliveries == runs_of(state) * kLocals);
    report(state, runs_of(state), runs_of(state) * kPayload);
}

/// A message to the private name of one of so many sessions here. Items: messages.
void on_private_message(benchmark::State& state) {
    Daemon daemon(members_of(state), 1);
    const std::string last = "#s" + std::to_string(members_of(state) - 1) + "#n0";
    const auto bytes = record(EnvelopeKind::message, "far", {last}, kPayload);
    for (auto _ : state) daemon.order(kOther, 0, bytes);
    TORC_CHECK(daemon.deliveries == runs_of(state));
    report(state, runs_of(state), runs_of(state) * kPayload);
}

/// A session elsewhere joins and leaves a group with so many members here, each of which gets a
/// view with all names. Items: changes.
void join_and_leave(benchmark::State& state) {
    Daemon daemon(members_of(state), 1);
    const auto join = record(EnvelopeKind::join, "far", {Daemon::group_name(0)});
    const auto leave = record(EnvelopeKind::leave, "far", {Daemon::group_name(0)});
    const std::uint64_t before = daemon.views;
    for (auto _ : state) {
        daemon.order(kOther, 0, join);
        daemon.order(kOther, 0, leave);
    }
    const std::uint64_t changes = 2 * runs_of(state);
    TORC_CHECK(daemon.views - before == changes * members_of(state));
    report(state, changes, changes * join.size());
}

BENCHMARK(baseline_upcall)->Arg(10);
BENCHMARK(write_envelope)->Arg(1)->Arg(kGroupsPerMessageMax);
BENCHMARK(read_envelope)->Arg(1)->Arg(kGroupsPerMessageMax);
BENCHMARK(on_message)->Arg(0)->Arg(1)->Arg(10)->Arg(100);
BENCHMARK(on_message_to_groups)->Arg(10)->Arg(kGroupsPerMessageMax);
BENCHMARK(on_private_message)->Arg(1)->Arg(100);
BENCHMARK(join_and_leave)->Arg(1)->Arg(10)->Arg(100);

}  // namespace
}  // namespace torc::bench
