// The daemon's side of its clients (client_shm::ClientPlane): taking the operations that clients
// wrote into their segments, and handing a message to 1, 10 and 100 sessions. Real segments and
// bells as the daemon makes them; the clients are played by this thread, outside of the measured
// time. Compare with baseline_copy: a delivery copies its payload once a session.
#include <memory>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "bench/micro/measure.hpp"
#include "bench/micro/tiny_client.hpp"
#include "client_shm/server/client_plane.hpp"

namespace torc::bench {
namespace {

using client_shm::ClientPlane;
using client_shm::SessionSlot;
using client_shm::SessionTable;

constexpr std::string_view kGroup{"group"};
constexpr std::string_view kSender{"#sender#n2"};
/// Records between two publications: what one pass takes of one session.
constexpr std::size_t kBatch = 64;

std::uint64_t runs_of(const benchmark::State& state) {
    return static_cast<std::uint64_t>(state.iterations());
}

/// A plane with so many open sessions.
class Plane {
public:
    explicit Plane(std::size_t sessions) {
        client_shm::TableOptions options;
        options.daemon = "n1";
        options.sessions = static_cast<std::uint32_t>(sessions);
        options.ring_bytes = kBatch * 4096;
        options.message_bytes = 64 * 1024;
        auto made = SessionTable::make(options);
        TORC_CHECK(made.has_value());
        table_ = std::move(*made);
        plane_ = std::make_unique<ClientPlane>(*table_, client_shm::PlaneOptions{});
        for (std::size_t i = 0; i < sessions; ++i) open();
        std::size_t opened = 0;
        while (opened < sessions) {
            opened += plane_->poll(
                Instant{}, [](const engine::ClientOp&) { return engine::Accept::accepted; });
        }
    }

    ClientPlane& operator*() { return *plane_; }
    ClientPlane* operator->() { return plane_.get(); }
    std::vector<std::unique_ptr<TinyClient>> clients;
    std::vector<SessionId> ids;

private:
    void open() {
        client_shm::Reason reason{};
        const SessionSlot* const slot = table_->open("", reason);
        TORC_CHECK(slot != nullptr);
        clients.push_back(std::make_unique<TinyClient>(*slot));
        ids.push_back(slot->id);
    }

    std::unique_ptr<SessionTable> table_;
    std::unique_ptr<ClientPlane> plane_;
};

/// SEND records of one session, decoded and offered, and their room given back. Items: records.
void take_sends(benchmark::State& state) {
    Plane plane(1);
    const std::vector<std::byte> payload = payload_of(static_cast<std::size_t>(state.range(0)));
    std::uint64_t taken = 0;
    std::uint64_t bytes = 0;
    for (auto _ : state) {
        for (std::size_t i = 0; i < kBatch; ++i) plane.clients[0]->send(kGroup, payload);
        plane.clients[0]->publish();
        time_piece(state, [&] {
            taken += plane->poll(Instant{}, [&](const engine::ClientOp& op) {
                bytes += op.payload.size();
                plane->ordered(op.session, op.service);  // at once, as on a ring of one
                return engine::Accept::accepted;
            });
            plane->publish();
        });
    }
    TORC_CHECK(taken == runs_of(state) * kBatch && bytes == taken * payload.size());
    report(state, taken, bytes);
}

/// A pass over so many sessions that have nothing to say. Items: sessions; bytes: the one line of
/// each that is looked at.
void poll_idle(benchmark::State& state) {
    Plane plane(static_cast<std::size_t>(state.range(0)));
    std::size_t taken = 0;
    for (auto _ : state) {
        taken += plane->poll(Instant{},
                             [](const engine::ClientOp&) { return engine::Accept::accepted; });
        plane->publish();
    }
    TORC_CHECK(taken == 0);
    const std::uint64_t looks = runs_of(state) * plane.clients.size();
    report(state, looks, looks * kCacheLine);
}

/// One message for each of so many sessions, records written and shown. Items: records (copies);
/// the counter `message` is the time of one message for all its sessions.
void deliver(benchmark::State& state) {
    Plane plane(static_cast<std::size_t>(state.range(0)));
    const std::vector<std::byte> payload = payload_of(static_cast<std::size_t>(state.range(1)));
    engine::Delivery delivery;
    delivery.sessions = plane.ids;
    delivery.sender = kSender;
    delivery.groups = {&kGroup, 1};
    delivery.service = Service::agreed;
    delivery.payload = payload;
    std::uint64_t records = 0;
    for (auto _ : state) {
        time_piece(state, [&] {
            for (std::size_t i = 0; i < kBatch; ++i) {
                ++delivery.seq.raw;
                plane->deliver(delivery);
            }
            plane->publish();
        });
        for (const auto& client : plane.clients) records += client->drain();
    }
    TORC_CHECK(records == runs_of(state) * kBatch * plane.clients.size());
    report(state, records, records * payload.size());
    state.counters["message"] =
        benchmark::Counter(static_cast<double>(runs_of(state) * kBatch),
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK(baseline_copy)->Arg(64)->Arg(1350);
BENCHMARK(take_sends)->Arg(64)->Arg(1350)->UseManualTime();
BENCHMARK(poll_idle)->Arg(1)->Arg(100);
BENCHMARK(deliver)
    ->ArgNames({"sessions", "bytes"})
    ->ArgsProduct({{1, 10, 100}, {64, 1350}})
    ->UseManualTime();

}  // namespace
}  // namespace torc::bench
