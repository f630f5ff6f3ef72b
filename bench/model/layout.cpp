#include "bench/model/layout.hpp"

#include <array>
#include <string_view>
#include <vector>

#include "base/check.hpp"
#include "groups/envelope.hpp"
#include "tests/sim/physical_network.hpp"
#include "wire/data.hpp"

namespace torc::model {
namespace {

// As tests/sim/physical_host.cpp names its session and its group.
constexpr std::string_view kSession = "s0";
constexpr std::string_view kGroup = "g";

double ordered(double link_gbit, double efficiency, std::uint32_t nodes) {
    return link_gbit * efficiency * nodes / (nodes - 1);
}

/// A frame that is filled and thrown away.
class Scratch {
public:
    explicit Scratch(std::size_t frame_bytes) : bytes_(frame_bytes) {}

    wire::FrameBuilder builder() {
        const FrameRef frame{this, bytes_.data(), 0, static_cast<std::uint32_t>(bytes_.size())};
        return {frame, bytes_.size(), NodeIndex{0}, 0};
    }

private:
    std::vector<std::byte> bytes_;
};

}  // namespace

Layout layout_of(std::size_t payload, std::size_t frame_bytes) {
    std::array<std::byte, groups::kEnvelopeBytesMax> envelope;
    const std::size_t prefix = groups::write_envelope(groups::EnvelopeKind::message, 0, 0, kSession,
                                                      {&kGroup, 1}, envelope);
    const std::vector<std::byte> body(payload);
    const std::array<std::span<const std::byte>, 2> pieces{std::span(envelope).first(prefix), body};
    Scratch scratch(frame_bytes);
    wire::FrameBuilder frame = scratch.builder();
    Layout layout;
    const wire::MessageTag tag{.envelope = static_cast<std::uint32_t>(prefix)};
    while (frame.append(tag, pieces)) ++layout.messages;
    if (layout.messages > 0) {
        return {layout.messages, 1, sim::bytes_on_wire(frame.frame().size)};
    }
    layout.messages = 1;
    for (std::size_t offset = 0; offset < prefix + payload; ++layout.frames) {
        frame = scratch.builder();
        const std::size_t taken = frame.append_fragment({}, pieces, offset);
        TORC_CHECK(taken > 0);
        offset += taken;
        layout.wire_bytes += sim::bytes_on_wire(frame.frame().size);
    }
    return layout;
}

double bound_gbit(const Layout& layout, std::size_t payload, std::uint32_t link_gbit,
                  std::uint32_t nodes) {
    const auto bytes = static_cast<double>(layout.messages * payload);
    return ordered(link_gbit, bytes / static_cast<double>(layout.wire_bytes), nodes);
}

double body_bound_gbit(std::size_t frame_bytes, std::uint32_t link_gbit, std::uint32_t nodes) {
    const auto body = static_cast<double>(frame_bytes - wire::kDataOverhead);
    return ordered(link_gbit, body / static_cast<double>(sim::bytes_on_wire(frame_bytes)), nodes);
}

}  // namespace torc::model
