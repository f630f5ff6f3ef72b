#include "bench/instructions/many_readers.hpp"

#include <string>
#include <string_view>
#include <sys/resource.h>
#include <utility>

#include "base/check.hpp"

namespace torc::bench {
namespace {

constexpr std::string_view kGroup{"group"};
constexpr std::string_view kSender{"#session#n0"};
constexpr std::uint64_t kMessageBytes = 4 * 1024;

/// Two bells and two segments a session.
void allow_descriptors(std::size_t readers) {
    const rlim_t wanted = 4 * readers + 64;
    rlimit limit{};
    TORC_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted;
    TORC_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

client_shm::TableOptions table_options(std::size_t readers) {
    client_shm::TableOptions options;
    options.daemon = "n1";
    options.sessions = static_cast<std::uint32_t>(readers);
    options.ring_bytes = client_shm::kCapacityMin;
    options.message_bytes = kMessageBytes;
    return options;
}

}  // namespace

ManyReaders::ManyReaders(std::size_t readers, bool share) {
    allow_descriptors(readers);
    auto made = client_shm::SessionTable::make(table_options(readers));
    TORC_CHECK(made.has_value());
    table_ = std::move(*made);
    plane_ = std::make_unique<client_shm::ClientPlane>(*table_, client_shm::PlaneOptions{});
    for (std::size_t i = 0; i < readers; ++i) {
        client_shm::Reason reason{};
        client_shm::SessionSlot* const slot = table_->open("", reason, {share, 0});
        TORC_CHECK(slot != nullptr);
        clients_.push_back(std::make_unique<TinyClient>(*slot));
        slot->submit.close_fd();
        slot->deliver.close_fd();
        ids_.push_back(slot->id);
    }
    std::size_t opened = 0;
    while (opened < readers) {
        opened += plane_->poll(Instant{},
                               [](const engine::ClientOp&) { return engine::Accept::accepted; });
    }
}

void ManyReaders::burst(std::size_t messages, std::span<const std::byte> payload) {
    engine::Delivery delivery;
    delivery.sessions = ids_;
    delivery.sender = kSender;
    delivery.groups = {&kGroup, 1};
    delivery.service = Service::agreed;
    delivery.payload = payload;
    for (std::size_t i = 0; i < messages; ++i) {
        delivery.seq.raw = ++seq_;
        plane_->deliver(delivery);
    }
    plane_->publish();
}

void ManyReaders::drain(std::size_t messages) {
    for (const auto& client : clients_) TORC_CHECK(client->drain() == messages);
}

}  // namespace torc::bench
