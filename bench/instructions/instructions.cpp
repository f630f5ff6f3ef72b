// Fixed pieces of work for callgrind to count: what a daemon executes for a message in, a DATA
// frame sent, one received and delivered, a token's visit, a message out, and an empty pass of its
// loop. No clock, no chance: every run executes the same instructions (compare.py).
//
// A round is a story of four steps: the client of host 0 writes a burst of messages, host 0 takes
// them, the token comes and they leave, host 1 receives and delivers them, and the token passes
// host 1, which has nothing to send. Each workload lives through the same rounds; what differs is
// the step that counts.
#include <array>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.hpp"
#include "bench/instructions/collect.hpp"
#include "bench/instructions/hand_over.hpp"
#include "bench/instructions/many_readers.hpp"
#include "bench/instructions/tiny_cluster.hpp"
#include "bench/micro/payload.hpp"

namespace torc::bench {
namespace {

using telemetry::CounterId;

/// Rounds before those that count: by then each slot, frame and table that is used has been used.
constexpr int kWarmRounds = 8;
constexpr int kRounds = 8;
/// Of a fan-out, which is many times a message out.
constexpr int kFanOutRounds = 2;
/// Messages that a pass takes of one sender (client_shm::PlaneOptions).
constexpr std::size_t kFanOutBurst = 64;
/// Messages of one session that are under way between two cores at the most.
constexpr std::size_t kHandedOver = client_shm::OpWindow::kOpsMax;
/// Of a step that has no burst: visits, passes.
constexpr int kRepeats = 64;

constexpr std::size_t kSender = 0;
constexpr std::size_t kReceiver = 1;

/// Messages of one size: a burst of full frames and no frame more.
struct Load {
    std::vector<std::byte> payload;
    std::size_t messages;
};

enum class Step : std::uint8_t { message_in, data_sent, data_received, visit_loaded };

/// Cuts the profile behind what was counted; its name says of what, and how often it happened.
void end_workload(const std::string& name, std::uint64_t items) {
    TORC_CHECK(items > 0);
    std::printf("%s %llu\n", name.c_str(), static_cast<unsigned long long>(items));
    end_part(name + " " + std::to_string(items));
}

/// Passes until the host has taken all messages: as many as a pass takes of one session.
void take_in(TinyCluster& cluster, std::size_t messages) {
    const std::uint64_t before = cluster.host(kSender).plane().counters().operations;
    while (cluster.host(kSender).plane().counters().operations - before < messages) {
        cluster.pass(kSender);
    }
    TORC_CHECK(cluster.host(kSender).plane().counters().operations - before == messages);
}

void round(TinyCluster& cluster, const Load& load, const Step* counted) {
    const auto counts = [counted](Step step) { return counted != nullptr && *counted == step; };
    TinyHost& sender = cluster.host(kSender);
    for (std::size_t i = 0; i < load.messages; ++i) {
        sender.client().send(TinyCluster::kGroup, load.payload);
    }
    sender.client().publish();
    {
        const Collecting collecting(counts(Step::message_in));
        take_in(cluster, load.messages);
    }
    cluster.give_token(kSender);
    {
        const Collecting collecting(counts(Step::data_sent));
        cluster.pass(kSender);
    }
    cluster.carry();
    {
        const Collecting collecting(counts(Step::data_received));
        cluster.pass(kReceiver);
    }
    cluster.give_token(kReceiver);
    {
        const Collecting collecting(counts(Step::visit_loaded));
        cluster.pass(kReceiver);
    }
    cluster.carry();
    cluster.pass(2);
    cluster.give_token(2);
    cluster.pass(2);
    cluster.carry();
    TORC_CHECK(cluster.host(kReceiver).client().drain() == load.messages);
    TORC_CHECK(cluster.host(2).client().drain() == load.messages);
}

/// What the step is counted by, as the daemons count it themselves.
std::uint64_t items_of(TinyCluster& cluster, Step step) {
    switch (step) {
        case Step::message_in:
            return cluster.host(kSender).plane().counters().operations;
        case Step::data_sent:
            return cluster.host(kSender).count(CounterId::data_sent);
        case Step::data_received:
            return cluster.host(kReceiver).count(CounterId::data_received);
        case Step::visit_loaded:
            return cluster.host(kReceiver).count(CounterId::token_accepted);
    }
    return 0;
}

void count_step(const std::string& name, const Load& load, Step step) {
    TinyCluster cluster;
    for (int i = 0; i < kWarmRounds; ++i) round(cluster, load, nullptr);
    const std::uint64_t before = items_of(cluster, step);
    for (int i = 0; i < kRounds; ++i) round(cluster, load, &step);
    end_workload(name, items_of(cluster, step) - before);
}

/// The token goes round and finds nothing to do. Items: visits.
void count_visit_idle() {
    TinyCluster cluster;
    for (int i = 0; i < kWarmRounds + kRepeats; ++i) {
        for (std::size_t node = 0; node < TinyCluster::kHosts; ++node) {
            cluster.give_token(node);
            const Collecting collecting(i >= kWarmRounds && node == kSender);
            cluster.pass(node);
            cluster.carry();
        }
    }
    end_workload("visit_idle", kRepeats);
}

/// The loop finds nothing at all. Items: passes.
void count_pass_idle() {
    TinyCluster cluster;
    for (int i = 0; i < kWarmRounds + kRepeats; ++i) {
        const Collecting collecting(i >= kWarmRounds);
        cluster.pass(kSender);
    }
    end_workload("pass_idle", kRepeats);
}

/// A message that the engine has for one session: a record written, and shown with its batch.
/// Items: messages.
void count_message_out(const std::string& name, const Load& load) {
    TinyCluster cluster;
    TinyHost& host = cluster.host(kReceiver);
    const SessionId session = host.session();
    const std::string_view group = TinyCluster::kGroup;
    engine::Delivery delivery;
    delivery.sessions = {&session, 1};
    delivery.sender = "#session#n0";
    delivery.groups = {&group, 1};
    delivery.service = Service::agreed;
    delivery.payload = load.payload;
    for (int i = 0; i < kWarmRounds + kRounds; ++i) {
        {
            const Collecting collecting(i >= kWarmRounds);
            for (std::size_t sent = 0; sent < load.messages; ++sent) {
                ++delivery.seq.raw;
                host.plane().deliver(delivery);
            }
            host.plane().publish();
        }
        TORC_CHECK(host.client().drain() == load.messages);
    }
    end_workload(name, kRounds * load.messages);
}

/// A burst of messages for so many sessions of this daemon. Items: messages, whoever reads them.
void count_fan_out(const std::string& name, std::size_t readers, bool share) {
    const std::vector<std::byte> payload = payload_of(64);
    ManyReaders many(readers, share);
    for (int i = 0; i < 2 * kFanOutRounds; ++i) {
        {
            const Collecting collecting(i >= kFanOutRounds);
            many.burst(kFanOutBurst, payload);
        }
        many.drain(kFanOutBurst);
    }
    end_workload(name + "/64/" + std::to_string(readers), kFanOutRounds * kFanOutBurst);
}

/// Where clients have a core of their own: what a message in and a message out cost either core,
/// beside the engine. Items: messages.
void count_hand_over(std::size_t payload_bytes) {
    enum class Part : std::uint8_t { in_client, in_ring, out_ring, out_client };
    constexpr std::array<const char*, 4> kNames{"in_client", "in_ring", "out_ring", "out_client"};
    const std::vector<std::byte> payload = payload_of(payload_bytes);
    for (std::size_t part = 0; part < kNames.size(); ++part) {
        HandOver cores;
        for (int i = 0; i < kWarmRounds + kRounds; ++i) {
            const auto counts = [&](Part wanted) {
                return i >= kWarmRounds && static_cast<Part>(part) == wanted;
            };
            cores.write(kHandedOver, payload);
            {
                const Collecting collecting(counts(Part::in_client));
                cores.client_pass();
            }
            {
                const Collecting collecting(counts(Part::in_ring));
                cores.ring_pass();
            }
            {
                const Collecting collecting(counts(Part::in_client));
                cores.client_pass();  // answers
            }
            {
                const Collecting collecting(counts(Part::out_ring));
                cores.deliver(kHandedOver, payload);
            }
            {
                const Collecting collecting(counts(Part::out_client));
                cores.client_pass();
            }
            cores.drain(kHandedOver);
        }
        end_workload("hand_over_" + std::string(kNames[part]) + "/" + std::to_string(payload_bytes),
                     kRounds * kHandedOver);
    }
}

/// The same work on one core, for comparison. Items: messages.
void count_plane_in(std::size_t payload_bytes) {
    const std::vector<std::byte> payload = payload_of(payload_bytes);
    PlaneAlone alone;
    for (int i = 0; i < kWarmRounds + kRounds; ++i) {
        alone.write(kHandedOver, payload);
        const Collecting collecting(i >= kWarmRounds);
        alone.pass();
    }
    end_workload("plane_in/" + std::to_string(payload_bytes), kRounds * kHandedOver);
}

void count_all() {
    const std::vector<Load> loads{{payload_of(64), 64 * 19}, {payload_of(1350), 64}};
    for (const Load& load : loads) {
        const std::string size = "/" + std::to_string(load.payload.size());
        count_step("message_in" + size, load, Step::message_in);
        count_step("data_sent" + size, load, Step::data_sent);
        count_step("data_received" + size, load, Step::data_received);
        count_message_out("message_out" + size, load);
    }
    count_step("visit_loaded", loads.back(), Step::visit_loaded);
    count_visit_idle();
    count_pass_idle();
    for (const std::size_t readers : {1u, 10u, 100u, 1000u}) {
        count_fan_out("fan_out", readers, true);
    }
    count_fan_out("copies_out", 100, false);
    for (const std::size_t payload : {64u, 1350u}) {
        count_plane_in(payload);
        count_hand_over(payload);
    }
}

}  // namespace
}  // namespace torc::bench

int main() {
    torc::bench::count_all();
    return 0;
}
