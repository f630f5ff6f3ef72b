// What groups cost when there are many of them: changes in a directory of thousands of groups, a
// session's end, names among thousands of sessions, and the joining of directories.
#include <memory>
#include <string>
#include <vector>

#include "bench/micro/lone_daemon.hpp"

namespace torc::bench {
namespace {

constexpr std::size_t kGroupsOfSession = 3;

std::size_t argument(const benchmark::State& state) {
    return static_cast<std::size_t>(state.range(0));
}
std::uint64_t runs_of(const benchmark::State& state) {
    return static_cast<std::uint64_t>(state.iterations());
}

std::string group_name(std::size_t number) { return "market.prices." + std::to_string(number); }

std::vector<std::byte> change(EnvelopeKind kind, std::string_view session, std::size_t group) {
    return record(kind, session, {group_name(group)});
}

/// Sessions of `of`, three groups each, until there are so many groups.
void populate(Daemon& daemon, std::size_t groups, NodeIndex of = kOther) {
    for (std::size_t group = 0; group < groups; ++group) {
        const auto slot = static_cast<std::uint16_t>(1 + group / kGroupsOfSession);
        const std::string session = "s" + std::to_string(slot);
        daemon.order(of, slot, change(EnvelopeKind::join, session, group));
    }
    TORC_CHECK(daemon.groups().directory().group_count() == groups);
}

/// The memory of a daemon's groups, reserved for what the defaults allow. Items: daemons.
void construct(benchmark::State& state) {
    for (auto _ : state) {
        Daemon daemon(0, 0);
        benchmark::DoNotOptimize(daemon);
    }
    report(state, runs_of(state), 0);
}

/// A session elsewhere joins and leaves one of so many groups; nobody here is told. Items: changes.
void join_and_leave_among(benchmark::State& state) {
    Daemon daemon(0, 0);
    populate(daemon, argument(state));
    const auto join = change(EnvelopeKind::join, "far", argument(state) / 2);
    const auto leave = change(EnvelopeKind::leave, "far", argument(state) / 2);
    for (auto _ : state) {
        daemon.order(kOther, 0, join);
        daemon.order(kOther, 0, leave);
    }
    report(state, 2 * runs_of(state), 2 * runs_of(state) * join.size());
}

/// A session elsewhere that is in three of so many groups ends. Items: disconnects.
void disconnect_among(benchmark::State& state) {
    Daemon daemon(0, 0);
    populate(daemon, argument(state));
    const std::size_t before = daemon.groups().directory().membership_count();
    const auto gone = record(EnvelopeKind::disconnect, "far", {});
    std::vector<std::vector<std::byte>> joins;
    joins.reserve(kGroupsOfSession);
    for (std::size_t i = 0; i < kGroupsOfSession; ++i) {
        joins.push_back(change(EnvelopeKind::join, "far", argument(state) / 2 + i));
    }
    constexpr std::uint16_t kBatch = 64;
    for (auto _ : state) {
        for (std::uint16_t slot = 0; slot < kBatch; ++slot) {
            const auto far = static_cast<std::uint16_t>(kSessionsMax - 1 - slot);
            for (const auto& join : joins) daemon.order(kOther, far, join);
        }
        time_piece(state, [&] {
            for (std::uint16_t slot = 0; slot < kBatch; ++slot) {
                daemon.order(kOther, static_cast<std::uint16_t>(kSessionsMax - 1 - slot), gone);
            }
        });
    }
    TORC_CHECK(daemon.groups().directory().membership_count() == before);
    report(state, kBatch * runs_of(state), 0);
}

/// A session of this daemon opens and closes while so many are open. Items: sessions.
void open_and_close_session(benchmark::State& state) {
    groups::Sessions sessions;
    for (std::size_t slot = 1; slot <= argument(state); ++slot) {
        sessions.open({static_cast<std::uint16_t>(slot), 0}, "s" + std::to_string(slot));
    }
    for (auto _ : state) {
        TORC_CHECK(sessions.open({0, 0}, "alice") == groups::Sessions::Open::opened);
        sessions.close({0, 0});
    }
    report(state, runs_of(state), 0);
}

wire::MemberList members(std::initializer_list<NodeIndex> indices) {
    wire::MemberList list;
    for (const NodeIndex index : indices) list.push_back({index, Incarnation{1}});
    return list;
}

/// Installs a ring; `together` came along from the one before.
void install(Daemon& daemon, std::uint64_t epoch, const wire::MemberList& together,
             const wire::MemberList& next) {
    daemon.groups().on_transitional({epoch, together.front().index}, together);
    daemon.groups().on_regular({epoch, next.front().index}, next);
}

/// What a daemon owes the merge, as messages.
std::vector<std::vector<std::byte>> take_chunks(groups::Groups& groups) {
    std::vector<std::vector<std::byte>> chunks;
    while (!groups.chunk_to_send().empty()) {
        chunks.push_back(record(EnvelopeKind::sync, {}, {}));
        const auto chunk = groups.chunk_to_send();
        chunks.back().insert(chunks.back().end(), chunk.begin(), chunk.end());
        groups.chunk_sent();
    }
    return chunks;
}

/// Two daemons with so many groups each, the same ones, come together: from the first chunk to the
/// joined directory. Items: merges.
void merge(benchmark::State& state) {
    Daemon here(0, 0);
    Daemon there(0, 0, kOther);
    populate(here, argument(state), kMe);
    populate(there, argument(state), kOther);
    std::uint64_t epoch = 1;
    std::uint64_t bytes = 0;
    for (auto _ : state) {
        install(here, ++epoch, members({kMe}), members({kMe, kOther}));
        install(there, epoch, members({kOther}), members({kMe, kOther}));
        const auto mine = take_chunks(here.groups());
        const auto theirs = take_chunks(there.groups());
        time_piece(state, [&] {
            for (const auto& chunk : mine) here.order(kMe, 0, chunk);
            for (const auto& chunk : theirs) here.order(kOther, 0, chunk);
        });
        TORC_CHECK(here.groups().directory().membership_count() == 2 * argument(state));
        for (const auto& chunk : mine) there.order(kMe, 0, chunk);
        for (const auto& chunk : theirs) there.order(kOther, 0, chunk);
        for (const auto& chunk : mine) bytes += chunk.size();
        for (const auto& chunk : theirs) bytes += chunk.size();
        install(here, ++epoch, members({kMe}), members({kMe}));
        install(there, epoch, members({kOther}), members({kOther}));
    }
    report(state, runs_of(state), bytes);
}

BENCHMARK(construct);
BENCHMARK(merge)->UseManualTime()->Arg(100)->Arg(10'000);
BENCHMARK(join_and_leave_among)->Arg(10)->Arg(10'000);
BENCHMARK(disconnect_among)->UseManualTime()->Arg(10)->Arg(10'000);
BENCHMARK(open_and_close_session)->Arg(0)->Arg(4'000);

}  // namespace
}  // namespace torc::bench
