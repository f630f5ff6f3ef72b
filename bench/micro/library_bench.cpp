// The client's side: what torc_send(), torc_receive() and torc_receive_into() cost the program,
// without the daemon. The session is put together by hand on ordinary memory; this thread plays the
// daemon outside of the measured time. Compare with baseline_copy of shm_ring_bench: a message is
// copied once.
#include <cstring>
#include <memory>
#include <span>
#include <sys/mman.h>
#include <sys/socket.h>
#include <vector>

#include <unistd.h>

#include "base/check.hpp"
#include "bench/micro/measure.hpp"
#include "client_shm/client/session.hpp"
#include "client_shm/names.hpp"

namespace torc::bench {
namespace {

using client_shm::DaemonHeader;
using client_shm::DeliverHeader;
using client_shm::MessageBody;
using client_shm::RecordType;
using client_shm::RingConsumer;
using client_shm::RingProducer;
using client_shm::RingStatus;
using client_shm::SubmitHeader;

constexpr std::uint64_t kCapacity = std::uint64_t{1} << 20;
constexpr std::size_t kBatch = 64;

/// Header and ring, the ring mapped twice in a row.
class Memory {
public:
    Memory() {
        const int fd = memfd_create("library_bench", MFD_CLOEXEC);
        const std::size_t once = client_shm::kSegmentHeaderBytes + kCapacity;
        TORC_CHECK(ftruncate(fd, static_cast<off_t>(once)) == 0);
        base_ = static_cast<std::byte*>(mmap(nullptr, once + kCapacity, PROT_NONE,
                                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
        constexpr int kBoth = PROT_READ | PROT_WRITE;
        mmap(base_, once, kBoth, MAP_SHARED | MAP_FIXED, fd, 0);
        mmap(base_ + once, kCapacity, kBoth, MAP_SHARED | MAP_FIXED, fd,
             client_shm::kSegmentHeaderBytes);
        close(fd);
    }
    template <typename Header>
    Header* header() const {
        return static_cast<Header*>(static_cast<void*>(base_));
    }
    std::byte* data() const { return base_ + client_shm::kSegmentHeaderBytes; }

private:
    std::byte* base_;
};

/// A session with nobody at the other end but us.
class LoneSession {
public:
    LoneSession() {
        TORC_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets_) == 0);
        auto* const submit_header = submit_.header<SubmitHeader>();
        auto* const deliver_header = deliver_.header<DeliverHeader>();
        deliver_header->state.store(static_cast<std::uint32_t>(client_shm::SessionState::open));
        raw.socket = sockets_[0];
        raw.message_bytes_max = 64 * 1024;
        raw.submit_header = submit_header;
        raw.deliver_header = deliver_header;
        raw.daemon_header = daemon_.header<DaemonHeader>();
        raw.fork_guard = &guard_;
        raw.submit = RingProducer(submit_.data(), kCapacity, &submit_header->submit_tail,
                                  &deliver_header->submit_head, &submit_header->submit_origin);
        raw.deliver = RingConsumer(deliver_.data(), kCapacity, &submit_header->deliver_head,
                                   &deliver_header->deliver_tail, &deliver_header->deliver_origin);
        producer_ = RingProducer(deliver_.data(), kCapacity, &deliver_header->deliver_tail,
                                 &submit_header->deliver_head, &deliver_header->deliver_origin);
    }
    /// As the daemon: all that was sent is read.
    void take_all() {
        const auto* const submit_header = submit_.header<SubmitHeader>();
        deliver_.header<DeliverHeader>()->submit_head.store(submit_header->submit_tail.load());
    }
    /// As the daemon: one message more.
    void deliver(std::span<const std::byte> payload) {
        MessageBody body{};
        body.group_count = 1;
        body.names_bytes = 2 * client_shm::name_bytes(5);
        const std::size_t at =
            client_shm::align_up(sizeof body + body.names_bytes, client_shm::kPayloadAlign);
        TORC_CHECK(producer_.reserve(at + payload.size()) == RingStatus::ok);
        std::memcpy(producer_.body(), &body, sizeof body);
        client_shm::write_name(client_shm::write_name(producer_.body() + sizeof body, "#a#n1"),
                               "group");
        std::memcpy(producer_.body() + at, payload.data(), payload.size());
        producer_.commit(
            {static_cast<std::uint32_t>(at + payload.size()), RecordType::message, 0, 0});
        producer_.publish();
    }

    torc_session raw;

private:
    Memory submit_;
    Memory deliver_;
    Memory daemon_;
    RingProducer producer_;
    std::uint32_t guard_{1};
    int sockets_[2];
};

/// Items: messages.
void send(benchmark::State& state) {
    const auto session = std::make_unique<LoneSession>();
    const std::vector<std::byte> payload = payload_of(static_cast<std::size_t>(state.range(0)));
    std::uint64_t sent = 0;
    for (auto _ : state) {
        time_piece(state, [&] {
            for (std::size_t i = 0; i < kBatch; ++i) {
                TORC_CHECK(torc_send(&session->raw, TORC_AGREED, "group", 7, payload.data(),
                                     payload.size(), 0) == TORC_OK);
            }
        });
        sent += kBatch;
        session->take_all();
    }
    report(state, sent, sent * payload.size());
}

/// As views of the ring, given back one by one. Items: messages.
void receive(benchmark::State& state) {
    const auto session = std::make_unique<LoneSession>();
    const std::vector<std::byte> payload = payload_of(static_cast<std::size_t>(state.range(0)));
    std::uint64_t received = 0;
    for (auto _ : state) {
        for (std::size_t i = 0; i < kBatch; ++i) session->deliver(payload);
        time_piece(state, [&] {
            torc_message message;
            for (std::size_t i = 0; i < kBatch; ++i) {
                TORC_CHECK(torc_receive(&session->raw, &message, 0) == TORC_OK);
                TORC_CHECK(torc_release(&session->raw, &message) == TORC_OK);
            }
        });
        received += kBatch;
    }
    report(state, received, received * payload.size());
}

#if !defined(TORC_BENCH_LAYOUT_1)  // to be compiled against an older library, for comparison
/// As copies. Items: messages.
void receive_into(benchmark::State& state) {
    const auto session = std::make_unique<LoneSession>();
    const std::vector<std::byte> payload = payload_of(static_cast<std::size_t>(state.range(0)));
    std::vector<std::byte> room(payload.size());
    std::vector<std::byte> names(1024);
    const iovec piece{room.data(), room.size()};
    const torc_target target{&piece, 1, names.data(), names.size(), 0, 0};
    std::uint64_t received = 0;
    for (auto _ : state) {
        for (std::size_t i = 0; i < kBatch; ++i) session->deliver(payload);
        time_piece(state, [&] {
            torc_message message;
            for (std::size_t i = 0; i < kBatch; ++i) {
                TORC_CHECK(torc_receive_into(&session->raw, &message, &target, 0) == TORC_OK);
            }
        });
        received += kBatch;
    }
    report(state, received, received * payload.size());
}
BENCHMARK(receive_into)->Arg(64)->Arg(1024)->UseManualTime();
#endif

BENCHMARK(send)->Arg(64)->Arg(1024)->UseManualTime();
BENCHMARK(receive)->Arg(64)->Arg(1024)->UseManualTime();

}  // namespace
}  // namespace torc::bench
