// Opens one DPDK port by settings and drives it: the tests' other end, and a measuring tool.
//
//   port_blast MODE key=value ...
// Modes: open     print what the port is and stop
//        send     `count` multicasts of `size` bytes as fast as they go
//        receive  count frames until `seconds` are over
//        ping     `count` round trips of `size` bytes with node `to`, which runs `echo`
//        echo     answer each token frame to its sender
//        chat     `burst` multicasts every `gap_us`, and count what comes: for kill and restart
// Keys:  node nodes device mesh_dir frame_bytes pool eal(repeatable) spread(multicast|unicast)
//        subnet count size burst gap_us seconds to idle(yield|sleep)
// The last line on stdout is `end key=value ...`. Exit 2 if the port does not open.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "dataplane/dpdk/ether_port.hpp"
#include "dataplane/dpdk/mesh_port.hpp"
#include "dataplane/dpdk/open_port.hpp"

namespace {

using namespace torc;             // NOLINT: a test program
using namespace torc::dataplane;  // NOLINT

std::atomic<bool> stop_wanted{false};

Instant now() {
    return Instant{
        std::chrono::duration_cast<Nanos>(std::chrono::steady_clock::now().time_since_epoch())};
}

struct Arguments {
    std::string mode;
    std::multimap<std::string, std::string> values;

    std::string text(const std::string& key, const std::string& fallback = {}) const {
        const auto found = values.find(key);
        return found == values.end() ? fallback : found->second;
    }
    std::uint64_t number(const std::string& key, std::uint64_t fallback) const {
        const std::string value = text(key);
        std::uint64_t result = fallback;
        std::from_chars(value.data(), value.data() + value.size(), result);
        return result;
    }
};

config::ClusterSettings make_cluster(const Arguments& args) {
    config::ClusterSettings cluster;
    const auto nodes = args.number("nodes", 2);
    const auto subnet = static_cast<std::uint32_t>(args.number("subnet", 0x0A540000));
    for (std::uint64_t i = 0; i < nodes; ++i) {
        cluster.nodes.push_back({"n" + std::to_string(i),
                                 static_cast<std::uint32_t>(subnet + 1 + i),
                                 static_cast<NodeIndex>(i)});
    }
    cluster.frame_bytes = static_cast<std::uint32_t>(args.number("frame_bytes", kFrameBytesMin));
    if (args.text("spread") == "unicast") {
        cluster.dissemination = config::Dissemination::unicast;
    }
    return cluster;
}

config::NodeSettings make_node(const Arguments& args) {
    config::NodeSettings node;
    node.port = config::PortKind::dpdk;
    node.node = "n" + args.text("node", "0");
    node.device = args.text("device", "vhost-mesh");
    node.mesh_dir = args.text("mesh_dir");
    node.frame_pool = static_cast<std::uint32_t>(args.number("pool", 16384));
    const auto range = args.values.equal_range("eal");
    for (auto it = range.first; it != range.second; ++it) node.eal.push_back(it->second);
    return node;
}

/// What stands at the head of each frame of ours.
struct Stamp {
    std::uint16_t from{0};
    std::uint16_t to{0};
    std::uint32_t number{0};
    std::int64_t sent_ns{0};
};

class Driver {
public:
    Driver(const Arguments& args, Port& port)
        : args_(args),
          port_(port),
          self_(static_cast<std::uint16_t>(args.number("node", 0))),
          size_(std::max<std::uint64_t>(args.number("size", 64), sizeof(Stamp))),
          deadline_(now() + std::chrono::milliseconds(
                                static_cast<std::int64_t>(args.number("seconds", 3) * 1000))) {}

    void run() {
        if (args_.mode == "send") send();
        if (args_.mode == "receive") receive();
        if (args_.mode == "ping") ping();
        if (args_.mode == "echo") echo();
        if (args_.mode == "chat") chat();
        drain();
    }

    std::array<std::uint64_t, kNodesMax> heard{};
    std::uint64_t missing{0};  ///< gaps in the numbers of one sender
    std::vector<std::int64_t> round_trips;
    std::uint64_t sent{0};
    std::uint64_t sleeps{0};
    double seconds{0};

private:
    bool over() const { return stop_wanted || now() >= deadline_; }

    bool put(std::uint16_t to, wire::Channel channel, const Stamp& stamp) {
        FrameRef frame = port_.acquire();
        if (!frame) return false;
        std::memset(frame.data, 0x5A, size_);
        std::memcpy(frame.data, &stamp, sizeof stamp);
        frame.size = static_cast<std::uint32_t>(size_);
        port_.transmit({frame, to == 0xFFFF ? kNoNode : static_cast<NodeIndex>(to), channel});
        port_.release(frame.cookie);
        ++sent;
        return true;
    }

    /// One look; every frame is shown to `handle` and given back.
    template <typename Handle>
    std::size_t look(Handle& handle) {
        std::array<FrameRef, 64> frames;
        const std::size_t count = port_.receive(frames);
        for (std::size_t i = 0; i < count; ++i) {
            Stamp stamp;
            if (frames[i].size >= sizeof stamp) {
                std::memcpy(&stamp, frames[i].data, sizeof stamp);
                if (stamp.from < kNodesMax) ++heard[stamp.from];
                handle(stamp);
            }
            port_.release(frames[i].cookie);
        }
        return count;
    }

    /// Looks, keeps house, and yields or sleeps if there was nothing.
    template <typename Handle>
    std::size_t poll(Handle handle) {
        std::size_t count = look(handle);
        maintain_sometimes();
        if (count != 0) {
            empty_ = 0;
            return count;
        }
        if (args_.text("idle") != "sleep" || ++empty_ < 200) {
            sched_yield();
            return 0;
        }
        empty_ = 0;
        port_.arm_wake();
        count = look(handle);
        if (count == 0) sleep();
        return count;
    }

    void maintain_sometimes() {
        if (++polls_ % 64 != 0) return;
        const Instant time = now();
        if (time < maintain_at_) return;
        maintain_at_ = time + std::chrono::milliseconds(1);
        port_.maintain(time);
    }

    void sleep() {
        ++sleeps;
        pollfd wait{port_.wake_fd(), POLLIN, 0};
        const timespec timeout{0, static_cast<long>(port_.sleep_max().count())};
        ppoll(&wait, wait.fd >= 0 ? 1 : 0, &timeout, nullptr);
        port_.maintain(now());
    }

    void settle() {
        const Instant until = now() + std::chrono::milliseconds(
                                          static_cast<std::int64_t>(args_.number("settle", 300)));
        while (now() < until && !stop_wanted) poll([](const Stamp&) {});
    }

    void send() {
        settle();
        const auto count = args_.number("count", 1000);
        const auto burst = args_.number("burst", 32);
        const auto gap = Nanos(static_cast<std::int64_t>(args_.number("gap_us", 0) * 1000));
        const Instant start = now();
        Instant next = start;
        for (std::uint64_t i = 0; i < count && !over();) {
            for (std::uint64_t j = 0; j < burst && i < count; ++j) {
                const Stamp stamp{self_, 0, static_cast<std::uint32_t>(i), 0};
                if (put(0xFFFF, wire::Channel::data, stamp)) ++i;
            }
            port_.flush();
            next += gap;
            do poll([](const Stamp&) {});
            while (now() < next && !over());
        }
        seconds = std::chrono::duration<double>(now() - start).count();
    }

    void receive() {
        std::array<std::uint32_t, kNodesMax> next{};
        Instant first{}, last{};
        const auto count = args_.number("count", 0);
        std::uint64_t got = 0;
        while (!over() && (count == 0 || got < count)) {
            const std::size_t found = poll([&](const Stamp& stamp) {
                if (stamp.from >= kNodesMax) return;
                if (stamp.number > next[stamp.from]) missing += stamp.number - next[stamp.from];
                next[stamp.from] = stamp.number + 1;
            });
            if (found == 0) continue;
            got += found;
            last = now();
            if (first == Instant{}) first = last;
        }
        seconds = std::chrono::duration<double>(last - first).count();
    }

    void ping() {
        settle();
        const auto to = static_cast<std::uint16_t>(args_.number("to", 1));
        const auto count = args_.number("count", 1000);
        const auto gap =
            std::chrono::microseconds(static_cast<std::int64_t>(args_.number("gap_us", 0)));
        for (std::uint64_t i = 0; i < count && !over(); ++i) {
            bool answered = false;
            const Instant quiet = now() + gap;
            while (gap.count() != 0 && now() < quiet) poll([](const Stamp&) {});
            const Instant start = now();
            put(to, wire::Channel::token, {self_, to, static_cast<std::uint32_t>(i), ns_of(start)});
            port_.flush();
            while (!answered && !over() && now() < start + std::chrono::milliseconds(200)) {
                poll([&](const Stamp& stamp) { answered = answered || stamp.number == i; });
            }
            if (answered) round_trips.push_back((now() - start).count());
        }
    }

    void echo() {
        while (!over()) {
            const std::size_t count = poll([&](const Stamp& stamp) {
                put(stamp.from, wire::Channel::token,
                    {self_, stamp.from, stamp.number, stamp.sent_ns});
            });
            if (count != 0) port_.flush();
        }
    }

    void chat() {
        const auto gap =
            std::chrono::microseconds(static_cast<std::int64_t>(args_.number("gap_us", 1000)));
        const auto burst = args_.number("burst", 1);
        Instant next = now();
        Instant print = next;
        std::uint32_t number = 0;
        while (!over()) {
            poll([](const Stamp&) {});
            const Instant time = now();
            if (time >= next) {
                next = time + gap;
                for (std::uint64_t i = 0; i < burst; ++i) {
                    put(0xFFFF, wire::Channel::data, {self_, 0, number++, 0});
                }
                port_.flush();
            }
            if (time >= print) {
                print = time + std::chrono::milliseconds(50);
                std::string line = "heard";
                for (std::size_t i = 0; i < args_.number("nodes", 2); ++i) {
                    line += " " + std::to_string(i) + "=" + std::to_string(heard[i]);
                }
                std::printf("%s\n", line.c_str());
                std::fflush(stdout);
            }
        }
    }

    void drain() {
        port_.flush();
        std::array<FrameRef, 64> frames;
        const std::size_t count = port_.receive(frames);
        for (std::size_t i = 0; i < count; ++i) port_.release(frames[i].cookie);
    }

    const Arguments& args_;
    Port& port_;
    std::uint16_t self_;
    std::uint64_t size_;
    Instant deadline_;
    Instant maintain_at_{};
    std::uint64_t polls_{0};
    unsigned empty_{0};
};

void print_end(Driver& driver, const Port& port) {
    const PortCounters counters = port.counters();
    std::string detail;
    std::uint64_t free_frames = 0;
    if (const auto* ether = dynamic_cast<const dpdk::EtherPort*>(&port)) {
        detail = ether->detail();
        free_frames = ether->pool().available();
    } else if (const auto* mesh = dynamic_cast<const dpdk::MeshPort*>(&port)) {
        detail = mesh->detail();
        free_frames = mesh->pool().available();
    }
    std::printf("detail %s\n", detail.c_str());
    auto& rtt = driver.round_trips;
    std::sort(rtt.begin(), rtt.end());
    const auto at = [&](double part) {
        return rtt.empty() ? 0.0
                           : static_cast<double>(rtt[static_cast<std::size_t>(
                                 part * static_cast<double>(rtt.size() - 1))]) /
                                 1000;
    };
    std::printf(
        "end sent=%lu tx=%lu dropped=%lu rx=%lu rejected=%lu missing=%lu loans=%zu "
        "free=%lu seconds=%.4f answered=%zu p50_us=%.2f p99_us=%.2f sleeps=%lu",
        driver.sent, counters.tx_frames, counters.tx_dropped, counters.rx_frames,
        counters.rx_rejected, driver.missing, port.loans(), free_frames, driver.seconds, rtt.size(),
        at(0.5), at(0.99), driver.sleeps);
    for (std::size_t i = 0; i < 8; ++i) std::printf(" from%zu=%lu", i, driver.heard[i]);
    std::printf("\n");
}

int run(const Arguments& args) {
    auto opened = dpdk::open_port(make_cluster(args), make_node(args));
    if (!opened) {
        std::fprintf(stderr, "error: %s\nremedy: %s\n", opened.error().message.c_str(),
                     opened.error().remedy.c_str());
        return 2;
    }
    std::printf("%s", opened->port->describe().c_str());
    std::printf("ready\n");
    std::fflush(stdout);
    Driver driver(args, *opened->port);
    std::atomic<bool> done{false};
    std::thread ring_core([&] {
        const auto cpu = args.number("cpu", 1000);
        if (cpu < CPU_SETSIZE) {
            cpu_set_t set;
            CPU_ZERO(&set);
            CPU_SET(cpu, &set);
            sched_setaffinity(0, sizeof set, &set);
        }
        driver.run();
        done = true;
    });
    while (!done) {
        if (opened->healer) opened->healer->step(now());
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ring_core.join();
    print_end(driver, *opened->port);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Arguments args;
    if (argc > 1) args.mode = argv[1];
    for (int i = 2; i < argc; ++i) {
        const std::string item = argv[i];
        const std::size_t equals = item.find('=');
        if (equals == std::string::npos) {
            std::fprintf(stderr, "key=value expected: %s\n", argv[i]);
            return 64;
        }
        args.values.emplace(item.substr(0, equals), item.substr(equals + 1));
    }
    std::signal(SIGTERM, [](int) { stop_wanted = true; });
    std::signal(SIGINT, [](int) { stop_wanted = true; });
    return run(args);
}
