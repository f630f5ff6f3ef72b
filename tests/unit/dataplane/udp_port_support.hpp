// What the tests of the kernel-UDP port share: opening, sending and taking as a ring core would.
#pragma once

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/udp_port.hpp"

namespace torc::dataplane {

using config::Dissemination;
using Receive = UdpOptions::Receive;

inline std::unique_ptr<UdpPort> port_of(const config::ClusterSettings& cluster, std::uint16_t node,
                                        Receive receive, std::uint32_t pool = 256) {
    auto port = UdpPort::open(cluster, NodeIndex{node}, {.frame_pool = pool, .receive = receive});
    if (!port) {
        ADD_FAILURE() << port.error().message << " | " << port.error().remedy;
        return nullptr;
    }
    return std::move(*port);
}

inline FrameRef frame_with(UdpPort& port, const std::string& text) {
    FrameRef frame = port.acquire();
    EXPECT_TRUE(frame);
    std::memcpy(frame.data, text.data(), text.size());
    frame.size = static_cast<std::uint32_t>(text.size());
    return frame;
}

inline void send(UdpPort& port, const std::string& text, NodeIndex to,
                 wire::Channel channel = wire::Channel::data) {
    const FrameRef frame = frame_with(port, text);
    port.transmit({frame, to, channel});
    port.release(frame.cookie);
}

/// Looks until `count` frames came or the bounded patience is over; `use` gets each loan.
template <typename Use>
void take_each(UdpPort& port, std::size_t count, Use use) {
    std::array<FrameRef, 32> burst;
    std::size_t taken = 0;
    for (int look = 0; look < 2000 && taken < count; ++look) {
        const std::size_t got = port.receive(burst);
        for (std::size_t i = 0; i < got; ++i) use(burst[i]);
        taken += got;
        if (got == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

inline std::vector<FrameRef> take(UdpPort& port, std::size_t count) {
    std::vector<FrameRef> frames;
    take_each(port, count, [&](const FrameRef& frame) { frames.push_back(frame); });
    return frames;
}

inline std::string text_of(const FrameRef& frame) {
    std::string text(frame.size, '\0');
    std::memcpy(text.data(), frame.data, frame.size);
    return text;
}

inline std::vector<std::string> take_texts(UdpPort& port, std::size_t count) {
    std::vector<std::string> texts;
    take_each(port, count, [&](const FrameRef& frame) {
        texts.push_back(text_of(frame));
        port.release(frame.cookie);
    });
    return texts;
}

/// Nothing more is there; looks often enough for loopback to have delivered.
inline std::size_t take_rest(UdpPort& port) {
    std::size_t rest = 0;
    std::array<FrameRef, 32> burst;
    for (int look = 0; look < 20; ++look) {
        const std::size_t got = port.receive(burst);
        for (std::size_t i = 0; i < got; ++i) port.release(burst[i].cookie);
        rest += got;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return rest;
}

/// Both, or recvmmsg alone where io_uring is forbidden.
inline std::vector<Receive> ways_to_receive() {
    config::ClusterSettings cluster;
    cluster.nodes = {{"probe", 0x7F2D0064, NodeIndex{0}}};  // 127.45.0.100
    cluster.dissemination = Dissemination::unicast;
    const auto probe =
        UdpPort::open(cluster, NodeIndex{0}, {.frame_pool = 64, .receive = Receive::uring});
    if (probe) return {Receive::uring, Receive::mmsg};
    std::fprintf(stderr, "no io_uring here: %s\n", probe.error().message.c_str());
    return {Receive::mmsg};
}

}  // namespace torc::dataplane
