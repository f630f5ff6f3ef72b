#include "bench/instructions/tiny_cluster.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"

namespace torc::bench {
namespace {

constexpr VirtualTime kPass = 1'000;
/// While the ring forms, most of the time is waiting for timers.
constexpr VirtualTime kTurn = 500'000;
constexpr int kTurnsMax = 100'000;

/// An idle token keeps going round: holding it is not what is measured.
config::ClusterSettings restless_cluster() {
    config::ClusterSettings settings = cluster_of(TinyCluster::kHosts);
    settings.timers.hold_after = std::chrono::hours{1};
    return settings;
}

}  // namespace

TinyCluster::TinyCluster() : settings_(restless_cluster()), wire_(kHosts, settings_.frame_bytes) {
    for (std::uint16_t i = 0; i < kHosts; ++i) {
        hosts_[i] = std::make_unique<TinyHost>(settings_, NodeIndex{i}, wire_, time_);
    }
    for (auto& host : hosts_) host->start();
    run_until([this] {
        return std::all_of(hosts_.begin(), hosts_.end(), [](const auto& host) {
            return host->engine().ring().members().size() == kHosts &&
                   host->engine().wants_clients();
        });
    });
    for (const std::size_t node : {1u, 2u}) {
        host(node).client().join(kGroup);
        host(node).client().publish();
    }
    run_until([this] {
        return std::all_of(hosts_.begin(), hosts_.end(), [](const auto& host) {
            return host->engine().groups().directory().membership_count() == kHosts - 1;
        });
    });
    run_until([this] { return token_ && token_->to == 0; });
    for (auto& host : hosts_) host->client().drain();
}

TinyCluster::~TinyCluster() {
    carry();
    if (token_) wire_.end(token_->to).release(token_->frame);
    for (auto& host : hosts_) host.reset();
    TORC_CHECK(wire_.lent() == 0);
}

void TinyCluster::pass(std::size_t node) {
    time_ += kPass;
    host(node).pass();
}

void TinyCluster::carry() {
    while (!wire_.empty()) {
        const Packet packet = wire_.take();
        Inbox& inbox = host(packet.to).inbox();
        switch (packet.kind()) {
            case wire::Kind::token:
                // A second one is a copy that was sent again while the program had the first.
                if (token_) {
                    wire_.end(packet.to).release(packet.frame);
                } else {
                    token_ = packet;
                }
                break;
            case wire::Kind::data:
                inbox.data.push_back(packet);
                break;
            case wire::Kind::status:
            case wire::Kind::wake:
            case wire::Kind::join:
            case wire::Kind::propose:
            case wire::Kind::state:
            case wire::Kind::plan:
            case wire::Kind::merge:
                inbox.urgent.push_back(packet);
                break;
        }
    }
}

void TinyCluster::give_token(std::size_t node) {
    TORC_CHECK(token_ && token_->to == node);
    const Packet token = *std::exchange(token_, std::nullopt);
    host(node).inbox().urgent.push_back(token);
}

/// Everybody once, with all that has arrived.
void TinyCluster::turn() {
    if (token_) give_token(token_->to);
    for (std::size_t node = 0; node < kHosts; ++node) {
        pass(node);
        carry();
    }
}

template <typename Condition>
void TinyCluster::run_until(Condition condition) {
    for (int turns = 0; !condition(); ++turns) {
        TORC_CHECK(turns < kTurnsMax);
        time_ += kTurn;
        turn();
    }
}

}  // namespace torc::bench
