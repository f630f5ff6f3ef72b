// Measures the kernel-UDP port alone: one process floods, another counts. Not part of the product;
// udp_rate.sh runs the two in network namespaces joined by a veth pair and prints the table that
// stands in udp_port.hpp.
//
//   udp_rate send|receive|look uring|mmsg BYTES SECONDS [unicast|multicast [single]]
//
// `single` sends one message a frame instead of segmented ones.
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <sys/resource.h>

#include <sched.h>

#include "dataplane/clock.hpp"
#include "dataplane/udp_port.hpp"

namespace torc::dataplane {
namespace {

constexpr std::size_t kBurst = 64;  // frames between two flushes: one visit of the token

std::uint32_t number_of(std::string_view text) {
    std::uint32_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

config::ClusterSettings veth_cluster(std::uint32_t bytes, bool multicast) {
    config::ClusterSettings cluster;
    cluster.nodes = {{"sender", 0x0A2D0001, NodeIndex{0}}, {"receiver", 0x0A2D0002, NodeIndex{1}}};
    cluster.frame_bytes = std::max<std::uint32_t>(bytes, kFrameBytesMin);
    cluster.dissemination =
        multicast ? config::Dissemination::multicast : config::Dissemination::unicast;
    return cluster;
}

void print(const char* who, std::uint64_t frames, std::uint32_t bytes, Nanos time,
           std::uint64_t lost, double cpu) {
    const double seconds = static_cast<double>(time.count()) * 1e-9;
    const double rate = seconds > 0 ? static_cast<double>(frames) / seconds : 0;
    // The machine may be busy with other things: frames per second of processor time are what the
    // port can do with a core of its own.
    std::printf(
        "%-8s %4u B %9.0f frames/s %6.2f Gbit/s, a core's worth %9.0f frames/s, lost %llu\n", who,
        bytes, rate, rate * bytes * 8e-9, cpu > 0 ? static_cast<double>(frames) / cpu : 0,
        static_cast<unsigned long long>(lost));
}

void flood(UdpPort& port, Clock& clock, std::uint32_t bytes, Nanos duration) {
    const Instant begin = clock.now();
    const double cpu = cpu_seconds();
    Instant now = begin;
    for (; now < begin + duration; now = clock.now()) {
        for (std::size_t i = 0; i < kBurst; ++i) {
            FrameRef frame = port.acquire();
            std::memset(frame.data, 0x5A, bytes);
            frame.size = bytes;
            port.transmit({frame, kNoNode, wire::Channel::data});
            port.release(frame.cookie);
        }
        port.flush();
    }
    const PortCounters counters = port.counters();
    print("sent", counters.tx_frames, bytes, now - begin, counters.tx_dropped, cpu_seconds() - cpu);
}

void count(UdpPort& port, Clock& clock, std::uint32_t bytes, Nanos duration) {
    std::array<FrameRef, kBurst> frames;
    Instant first{};
    Instant last{};
    double cpu = 0;
    const Instant give_up = clock.now() + duration + std::chrono::seconds(2);
    for (Instant now = clock.now(); now < give_up; now = clock.now()) {
        const std::size_t got = port.receive(frames);
        for (std::size_t i = 0; i < got; ++i) port.release(frames[i].cookie);
        if (got == 0) {
            sched_yield();
            if (first != Instant{} && now - last > std::chrono::milliseconds(300)) break;
            continue;
        }
        if (first == Instant{}) {
            first = now;
            cpu = cpu_seconds();
        }
        last = now;
    }
    port.maintain(give_up);
    const PortCounters counters = port.counters();
    print("received", counters.rx_frames, bytes, last - first, counters.rx_missed,
          cpu_seconds() - cpu);
}

/// What a pass of the loop pays for looking at a quiet port.
void look(UdpPort& port) {
    std::array<FrameRef, kBurst> frames;
    constexpr int kLooks = 1'000'000;
    port.receive(frames);
    const double cpu = cpu_seconds();
    for (int i = 0; i < kLooks; ++i) port.receive(frames);
    std::printf("a look at a quiet port: %.0f ns\n", (cpu_seconds() - cpu) * 1e9 / kLooks);
}

int run(int argc, char** argv) {
    if (argc < 5) {
        std::fprintf(
            stderr,
            "usage: %s send|receive|look uring|mmsg BYTES SECONDS [unicast|multicast [single]]\n",
            argv[0]);
        return 2;
    }
    const bool sends = std::string_view(argv[1]) == "send";
    const auto bytes = number_of(argv[3]);
    const Nanos duration = std::chrono::seconds(number_of(argv[4]));
    const bool multicast = argc > 5 && std::string_view(argv[5]) == "multicast";
    const auto receive = std::string_view(argv[2]) == "mmsg" ? UdpOptions::Receive::mmsg
                                                             : UdpOptions::Receive::uring;
    auto port = UdpPort::open(veth_cluster(bytes, multicast),
                              NodeIndex{static_cast<std::uint16_t>(sends ? 0 : 1)},
                              {.receive = receive, .segmented_send = argc <= 6});
    if (!port || bytes == 0) {
        std::fprintf(stderr, "%s\n", port ? "no size" : port.error().message.c_str());
        return 1;
    }
    if (std::string_view(argv[1]) == "look") return look(**port), 0;
    Clock clock = Clock::open();
    sends ? flood(**port, clock, bytes, duration) : count(**port, clock, bytes, duration);
    return 0;
}

}  // namespace
}  // namespace torc::dataplane

int main(int argc, char** argv) { return torc::dataplane::run(argc, argv); }
