#include "bench/instructions/hand_over.hpp"

#include <string_view>
#include <utility>

#include "base/check.hpp"

// As in tiny_host.cpp: the product's templates, apart from the harness, which does not count.
namespace torc::counted {

/// An engine that takes everything, and says of each message that it has its place.
template <typename Clients>
struct TakesAll {
    Clients& clients;

    engine::Accept operator()(const engine::ClientOp& op) const {
        if (op.kind == engine::ClientOp::Kind::send) clients.ordered(op.session, op.service);
        return engine::Accept::accepted;
    }
};

template <typename Clients>
[[gnu::noinline]] void pass(Clients& clients) {
    clients.poll(Instant{}, TakesAll<Clients>{clients});
    clients.publish();
}

}  // namespace torc::counted

namespace torc::bench {
namespace {

constexpr std::string_view kGroup{"group"};
constexpr std::string_view kSender{"#session#n0"};

}  // namespace

OneSession::OneSession(bool is_ahead) {
    client_shm::TableOptions options;
    options.daemon = "n1";
    options.sessions = 1;
    options.ring_bytes = std::size_t{1} << 20;
    options.message_bytes = 4 * 1024;
    auto made = client_shm::SessionTable::make(options);
    TORC_CHECK(made.has_value());
    table = std::move(*made);
    client_shm::PlaneOptions plane_options;
    plane_options.is_ahead = is_ahead;
    plane = std::make_unique<client_shm::ClientPlane>(*table, plane_options);
    client_shm::Reason reason{};
    client_shm::SessionSlot* const slot = table->open("session", reason);
    TORC_CHECK(slot != nullptr);
    client = std::make_unique<TinyClient>(*slot);
    id = slot->id;
}

void OneSession::write(std::size_t messages, std::span<const std::byte> payload) {
    for (std::size_t i = 0; i < messages; ++i) client->send(kGroup, payload);
    client->publish();
}

void PlaneAlone::pass() { counted::pass(*session_.plane); }

HandOver::HandOver() {
    auto link = client_shm::CoreLink::make(*session_.table);
    TORC_CHECK(link.has_value());
    link_ = std::move(*link);
    relay_ = std::make_unique<client_shm::ClientRelay>(*link_, *session_.table);
    relayed_ = std::make_unique<client_shm::RelayedPlane>(*link_, *session_.plane);
    client_pass();
    ring_pass();
    client_pass();
}

void HandOver::write(std::size_t messages, std::span<const std::byte> payload) {
    session_.write(messages, payload);
}

void HandOver::client_pass() { relayed_->pass(Instant{}); }

void HandOver::ring_pass() { counted::pass(*relay_); }

void HandOver::deliver(std::size_t messages, std::span<const std::byte> payload) {
    engine::Delivery delivery;
    delivery.sessions = {&session_.id, 1};
    delivery.sender = kSender;
    delivery.groups = {&kGroup, 1};
    delivery.service = Service::agreed;
    delivery.payload = payload;
    for (std::size_t i = 0; i < messages; ++i) {
        delivery.seq.raw = ++seq_;
        relay_->deliver(delivery);
    }
    relay_->publish();
}

void HandOver::drain(std::size_t messages) { TORC_CHECK(session_.client->drain() == messages); }

}  // namespace torc::bench
