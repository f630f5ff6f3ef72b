// The ring core's side without a control thread, and clients that do by hand what they like.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "client_shm/names.hpp"
#include "client_shm/server/client_plane.hpp"

namespace torc::client_shm::test {

using config::SlowReaderPolicy;
using engine::Accept;
using engine::ClientOp;

/// A client with writable hands: maps the submit segment as the library would, then does as it
/// likes.
class RawClient {
public:
    explicit RawClient(SessionSlot& slot) : slot_{slot}, capacity_{slot.submit.capacity()} {
        const std::size_t once = kSegmentHeaderBytes + capacity_;
        base_ = static_cast<std::byte*>(mmap(nullptr, once + capacity_, PROT_NONE,
                                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        mmap(base_, once, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, slot.submit.fd(), 0);
        mmap(base_ + once, capacity_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             slot.submit.fd(), kSegmentHeaderBytes);
        producer = RingProducer(data(), capacity_, &header()->submit_tail, &deliver()->submit_head,
                                &header()->submit_origin);
        consumer = RingConsumer(slot.deliver.data(), capacity_, &header()->deliver_head,
                                &deliver()->deliver_tail, &deliver()->deliver_origin);
    }
    ~RawClient() { munmap(base_, kSegmentHeaderBytes + 2 * capacity_); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    SubmitHeader* header() const { return static_cast<SubmitHeader*>(static_cast<void*>(base_)); }
    DeliverHeader* deliver() const { return slot_.deliver.header<DeliverHeader>(); }
    std::byte* data() const { return base_ + kSegmentHeaderBytes; }
    SessionId id() const { return slot_.id; }
    const DeliveryLog* log() const { return slot_.log; }

    void write(RecordType type, const std::vector<std::byte>& body, std::uint16_t flags = 0) {
        ASSERT_EQ(producer.reserve(body.size()), RingStatus::ok);
        if (!body.empty()) std::memcpy(producer.body(), body.data(), body.size());
        producer.commit({static_cast<std::uint32_t>(body.size()), type, flags, ++operation_});
        producer.publish();
    }
    void join(const std::string& group) {
        std::vector<std::byte> body(name_bytes(group.size()));
        write_name(body.data(), group);
        write(RecordType::join, body);
    }
    static std::vector<std::byte> send_body(const std::string& group, const std::string& payload,
                                            Service service = Service::agreed) {
        const SendBody head{static_cast<std::uint8_t>(service), 0, 77, 1,
                            static_cast<std::uint16_t>(name_bytes(group.size()))};
        const std::size_t at = align_up(sizeof head + head.names_bytes, kPayloadAlign);
        std::vector<std::byte> body(at + payload.size());
        std::memcpy(body.data(), &head, sizeof head);
        write_name(body.data() + sizeof head, group);
        std::memcpy(body.data() + at, payload.data(), payload.size());
        return body;
    }
    void send(const std::string& group, const std::string& payload) {
        write(RecordType::send, send_body(group, payload));
    }
    bool ended() const {
        return deliver()->state.load() == static_cast<std::uint32_t>(SessionState::ended);
    }
    Reason reason() const { return static_cast<Reason>(deliver()->reason.load()); }
    /// Types of everything that has arrived.
    std::vector<RecordType> drain() {
        std::vector<RecordType> types;
        RecordView record;
        while (consumer.peek(record) == RingStatus::ok) {
            types.push_back(record.header.type);
            consumer.advance(record);
        }
        consumer.publish();
        return types;
    }

    RingProducer producer;
    RingConsumer consumer;

private:
    SessionSlot& slot_;
    std::uint64_t capacity_;
    std::byte* base_{nullptr};
    std::uint64_t operation_{0};
};

/// A message of so many zeros for one session, from whatever has the calls of a ClientPlane.
template <typename Clients>
void deliver_zeros(Clients& clients, SessionId to, std::size_t size,
                   Service service = Service::agreed) {
    const std::vector<std::byte> payload(size);
    const std::array<SessionId, 1> sessions{to};
    const std::array<std::string_view, 1> groups{"g"};
    engine::Delivery delivery;
    delivery.sessions = sessions;
    delivery.sender = "#a#n1";
    delivery.groups = groups;
    delivery.service = service;
    delivery.payload = payload;
    clients.deliver(delivery);
}

inline std::vector<std::byte> bytes_of(std::string_view text) {
    std::vector<std::byte> bytes(text.size());
    if (!text.empty()) std::memcpy(bytes.data(), text.data(), text.size());
    return bytes;
}

class PlaneTest : public ::testing::Test {
protected:
    void start(const PlaneOptions& options = {}) {
        auto made = SessionTable::make({"n1", 4, kCapacityMin, 4 * 1024});
        ASSERT_TRUE(made.has_value());
        table = std::move(*made);
        plane = std::make_unique<ClientPlane>(*table, options);
    }
    std::unique_ptr<RawClient> open(const std::string& name = "", const LogReader& reader = {}) {
        Reason reason{};
        SessionSlot* slot = table->open(name, reason, reader);
        EXPECT_NE(slot, nullptr);
        auto client = std::make_unique<RawClient>(*slot);
        pass();
        const auto told = table->take();
        EXPECT_TRUE(told && (told->kind == ToControl::Kind::opened || answer));
        return client;
    }
    /// All operations are accepted from here on, and remembered.
    void record_ops() {
        answer = [this](const ClientOp& op) {
            ops.push_back(op);
            return Accept::accepted;
        };
    }
    /// One pass of the poll loop; notes every operation as text.
    void pass() {
        plane->poll(Instant{}, [this](const ClientOp& op) {
            const Accept accept = answer ? answer(op) : Accept::accepted;
            if (accept == Accept::would_block) return accept;
            switch (op.kind) {
                case ClientOp::Kind::open:
                    seen.push_back("open " + std::string(op.name));
                    break;
                case ClientOp::Kind::close:
                    seen.push_back("close");
                    break;
                case ClientOp::Kind::join:
                    seen.push_back("join " + std::string(op.name));
                    break;
                case ClientOp::Kind::leave:
                    seen.push_back("leave " + std::string(op.name));
                    break;
                case ClientOp::Kind::send:
                    seen.push_back("send " + text(op.payload));
                    break;
                case ClientOp::Kind::flush_ok:
                    seen.push_back("flush_ok " + std::string(op.name));
                    break;
            }
            return accept;
        });
        plane->publish();
    }
    static std::string text(std::span<const std::byte> bytes) {
        return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
    }
    void deliver(SessionId to, std::size_t size, Service service = Service::agreed) {
        deliver_zeros(*plane, to, size, service);
    }
    /// What control has heard of a session.
    std::vector<ToControl> heard() {
        std::vector<ToControl> messages;
        while (const auto message = table->take()) messages.push_back(*message);
        return messages;
    }
    /// The session was ended for `reason`, the engine told, and the slot is free again.
    void expect_ended(RawClient& client, Reason reason) {
        EXPECT_TRUE(client.ended());
        EXPECT_EQ(client.reason(), reason);
        pass();
        EXPECT_EQ(seen.empty() ? "" : seen.back(), "close");
        const auto messages = heard();
        ASSERT_EQ(messages.size(), 2u);
        EXPECT_EQ(messages[0].kind, ToControl::Kind::kick);
        EXPECT_EQ(messages[0].reason, reason);
        EXPECT_EQ(messages[1].kind, ToControl::Kind::released);
        EXPECT_EQ(plane->sessions(), 0u);
        EXPECT_EQ(table->in_use(), 0u);
    }

    std::unique_ptr<SessionTable> table;
    std::unique_ptr<ClientPlane> plane;
    std::function<Accept(const ClientOp&)> answer;
    std::vector<ClientOp> ops;  ///< since record_ops
    std::vector<std::string> seen;
};

}  // namespace torc::client_shm::test
