// A network between a few nodes of one thread that costs next to nothing: a frame goes from hand to
// hand by reference, as a card's DMA would bring it, so that what is measured is the core. All
// frames come from one arena; the last holder's release makes a frame free again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "base/frame_ref.hpp"
#include "base/limits.hpp"
#include "config/settings.hpp"
#include "wire/frame_io.hpp"
#include "wire/hop.hpp"

namespace torc::bench {

/// Default settings for so many daemons.
inline config::ClusterSettings cluster_of(std::uint16_t nodes) {
    config::ClusterSettings settings;
    for (std::uint16_t i = 0; i < nodes; ++i) {
        settings.nodes.push_back({"n" + std::to_string(i), 0x0A000001u + i, NodeIndex{i}});
    }
    return settings;
}

struct Packet {
    std::size_t to{0};
    FrameRef frame;  ///< a loan of the receiver

    wire::Kind kind() const {
        return static_cast<wire::Kind>(std::to_integer<std::uint8_t>(frame.data[2]));
    }
};

class TinyWire {
public:
    TinyWire(std::size_t nodes, std::uint32_t frame_bytes)
        : frame_bytes_(frame_bytes), bytes_(kFrames * stride()), frames_(kFrames) {
        free_.reserve(kFrames);
        for (Frame& frame : frames_) free_.push_back(&frame);
        for (std::size_t i = 0; i < nodes; ++i) ends_.push_back({this, i});
    }
    TinyWire(const TinyWire&) = delete;
    TinyWire& operator=(const TinyWire&) = delete;

    /// How node `node` reaches the wire.
    wire::FrameIo end(std::size_t node) {
        wire::FrameIo io;
        io.driver = &ends_[node];
        io.acquire_fn = [](void* end) { return end_of(end).wire->acquire(); };
        io.transmit_fn = [](void* end, const wire::Transmit& transmit) {
            end_of(end).wire->transmit(end_of(end).node, transmit);
        };
        io.release_fn = [](void* end, void* cookie) { end_of(end).wire->release(cookie); };
        return io;
    }

    bool empty() const { return packets_.empty(); }
    /// The oldest packet; the wire must not be empty.
    const Packet& front() const { return packets_.front(); }
    /// The same, which is the caller's loan from now on.
    Packet take() {
        const Packet packet = packets_.front();
        packets_.pop_front();
        return packet;
    }
    /// Loans that are out, those on the wire included.
    std::size_t lent() const { return kFrames - free_.size(); }

private:
    static constexpr std::size_t kFrames = kWindowFrames;

    struct Frame {
        std::uint32_t holders{0};
    };
    struct End {
        TinyWire* wire{nullptr};
        std::size_t node{0};
    };
    static End& end_of(void* end) { return *static_cast<End*>(end); }

    std::size_t stride() const { return (frame_bytes_ + kCacheLine - 1) / kCacheLine * kCacheLine; }
    FrameRef acquire() {
        if (free_.empty()) return {};
        Frame* const frame = free_.back();
        free_.pop_back();
        frame->holders = 1;
        const auto index = static_cast<std::size_t>(frame - frames_.data());
        return {frame, bytes_.data() + index * stride(), 0, frame_bytes_};
    }
    void release(void* cookie) {
        Frame* const frame = static_cast<Frame*>(cookie);
        TORC_CHECK(frame->holders > 0);
        if (--frame->holders == 0) free_.push_back(frame);
    }
    void transmit(std::size_t from, const wire::Transmit& transmit) {
        FrameRef copy = transmit.frame;
        copy.capacity = 0;
        for (const End& end : ends_) {
            if (end.node == from) continue;
            if (transmit.to != kNoNode && raw(transmit.to) != end.node) continue;
            ++static_cast<Frame*>(copy.cookie)->holders;
            packets_.push_back({end.node, copy});
        }
    }

    std::uint32_t frame_bytes_;
    std::vector<std::byte> bytes_;
    std::vector<Frame> frames_;
    std::vector<Frame*> free_;  ///< the latest released first: warm, as in a pool's cache
    std::vector<End> ends_;
    std::deque<Packet> packets_;
};

}  // namespace torc::bench
