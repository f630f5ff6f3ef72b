// The byte ring between a client and the daemon: what a record costs with both ends in one thread,
// and what two processes move through it. Compare with baseline_copy of as many bytes: a record is
// written once and read in place.
#include <csignal>
#include <cstring>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <vector>

#include <sched.h>
#include <unistd.h>

#include "base/check.hpp"
#include "bench/micro/measure.hpp"
#include "client_shm/rings.hpp"
#include "client_shm/server/segment.hpp"

namespace torc::bench {
namespace {

using client_shm::DeliverHeader;
using client_shm::RecordType;
using client_shm::RecordView;
using client_shm::RingConsumer;
using client_shm::RingProducer;
using client_shm::RingStatus;
using client_shm::Segment;
using client_shm::SubmitHeader;

constexpr std::uint64_t kCapacity = std::uint64_t{1} << 20;
/// Bytes between two publications: what a pass of the poll loop moves.
constexpr std::uint64_t kBatchBytes = 128 * 1024;
constexpr std::uint64_t kBatchRecordsMax = 64;

std::uint64_t batch_of(std::uint64_t body_bytes) {
    return std::max<std::uint64_t>(1, std::min(kBatchRecordsMax, kBatchBytes / body_bytes));
}

Segment make_segment(client_shm::SegmentKind kind) {
    auto segment = Segment::make(
        {client_shm::kSegmentMagic, client_shm::kLayoutVersion, kind, kCapacity, 0, 0},
        client_shm::SegmentWriter::daemon);
    TORC_CHECK(segment.has_value());
    return std::move(*segment);
}

/// One direction, in memory as the daemon makes it: data and tail in one segment, head in another.
class Channel {
public:
    RingProducer producer() {
        auto* const header = forth_.header<DeliverHeader>();
        return {forth_.data(), kCapacity, &header->deliver_tail,
                &back_.header<SubmitHeader>()->deliver_head};
    }
    RingConsumer consumer() {
        auto* const header = forth_.header<DeliverHeader>();
        return {forth_.data(), kCapacity, &back_.header<SubmitHeader>()->deliver_head,
                &header->deliver_tail};
    }

private:
    Segment forth_ = make_segment(client_shm::SegmentKind::deliver);
    Segment back_ = make_segment(client_shm::SegmentKind::submit);
};

/// Writes one record; false if there is no room now.
bool write_record(RingProducer& ring, const std::vector<std::byte>& body, std::uint64_t number) {
    const RingStatus status = ring.reserve(body.size());
    if (status == RingStatus::full) return false;
    TORC_CHECK(status == RingStatus::ok);
    std::memcpy(ring.body(), body.data(), body.size());
    ring.commit({static_cast<std::uint32_t>(body.size()), RecordType::message, 0, number});
    return true;
}

/// Reads one record as a program would: looks at the header, then at both ends of the body.
bool read_record(RingConsumer& ring, std::uint64_t number) {
    RecordView record;
    const RingStatus status = ring.peek(record);
    if (status == RingStatus::empty) return false;
    TORC_CHECK(status == RingStatus::ok && record.header.operation == number);
    const std::size_t last = record.header.body_bytes - 1;
    benchmark::DoNotOptimize(std::to_integer<int>(record.body[0]) +
                             std::to_integer<int>(record.body[last]));
    ring.advance(record);
    return true;
}

/// Items: records, written and read.
void one_thread(benchmark::State& state) {
    Channel channel;
    RingProducer producer = channel.producer();
    RingConsumer consumer = channel.consumer();
    const std::vector<std::byte> body = payload_of(static_cast<std::size_t>(state.range(0)));
    const std::uint64_t batch = batch_of(body.size());
    std::uint64_t written = 0;
    std::uint64_t read = 0;
    for (auto _ : state) {
        for (std::uint64_t i = 0; i < batch; ++i)
            TORC_CHECK(write_record(producer, body, written++));
        producer.publish();
        for (std::uint64_t i = 0; i < batch; ++i) TORC_CHECK(read_record(consumer, read++));
        consumer.publish();
    }
    report(state, read, read * body.size());
}

// --- two processes -------------------------------------------------------------------------------

/// A process of our own that lives no longer than this object. `work` runs until it is killed.
class Helper {
public:
    template <typename Work>
    explicit Helper(Work work) : pid_(fork()) {
        TORC_CHECK(pid_ >= 0);
        if (pid_ != 0) return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) work();
    }
    ~Helper() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    Helper(const Helper&) = delete;
    Helper& operator=(const Helper&) = delete;

    /// For a wait that a dead helper would never end.
    void check_alive() const { TORC_CHECK(waitpid(pid_, nullptr, WNOHANG) == 0); }

private:
    pid_t pid_;
};

/// Gives the other process its turn: this may be a machine with less cores than processes. Now and
/// then looks whether it still lives.
void wait_for(const Helper& helper) {
    static std::uint32_t waits = 0;
    if (++waits % 1024 == 0) helper.check_alive();
    sched_yield();
}

/// One process writes as fast as there is room, another reads. Items: records.
void two_processes(benchmark::State& state) {
    Channel channel;
    const std::vector<std::byte> body = payload_of(static_cast<std::size_t>(state.range(0)));
    const std::uint64_t batch = batch_of(body.size());
    RingConsumer consumer = channel.consumer();
    std::uint64_t read = 0;
    const Helper reader([&] {
        std::uint64_t got = 0;
        while (got < batch && read_record(consumer, read)) ++got, ++read;
        consumer.publish();
        if (got == 0) sched_yield();
    });
    RingProducer producer = channel.producer();
    std::uint64_t written = 0;
    for (auto _ : state) {
        for (std::uint64_t i = 0; i < batch; ++written, ++i) {
            while (!write_record(producer, body, written)) {
                producer.publish();
                wait_for(reader);
            }
        }
        producer.publish();
    }
    while (producer.refresh() && producer.fill() != 0) wait_for(reader);
    TORC_CHECK(producer.fill() == 0);
    report(state, written, written * body.size());
}

/// A record there and one back, one at a time. Items: round trips.
void two_processes_round_trip(benchmark::State& state) {
    Channel there;
    Channel back;
    const std::vector<std::byte> body = payload_of(static_cast<std::size_t>(state.range(0)));
    RingConsumer request = there.consumer();
    RingProducer answer = back.producer();
    std::uint64_t answered = 0;
    const Helper echo([&] {
        if (!read_record(request, answered)) {
            sched_yield();
            return;
        }
        request.publish();
        TORC_CHECK(write_record(answer, body, answered++));
        answer.publish();
    });
    RingProducer producer = there.producer();
    RingConsumer consumer = back.consumer();
    std::uint64_t trips = 0;
    for (auto _ : state) {
        TORC_CHECK(write_record(producer, body, trips));
        producer.publish();
        while (!read_record(consumer, trips)) wait_for(echo);
        consumer.publish();
        ++trips;
    }
    report(state, trips, trips * 2 * body.size());
}

BENCHMARK(baseline_copy)->Arg(64)->Arg(1024)->Arg(64 * 1024);
BENCHMARK(one_thread)->Arg(64)->Arg(1024)->Arg(64 * 1024);
BENCHMARK(two_processes)->Arg(64)->Arg(1024)->Arg(64 * 1024)->UseRealTime();
BENCHMARK(two_processes_round_trip)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace torc::bench
