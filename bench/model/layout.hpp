// The bound that the model's throughput is held against: what links carry of frames as the wire
// format makes them, if every link to a node is full all the time. Pure arithmetic.
//
//     eff      = payload bytes in a full frame / bytes of that frame on the wire
//     one link = R * eff
//     ordered  = R * eff * n / (n - 1)
//
// for n nodes that all send: each takes (n-1)/n of everything from its link, its own comes for
// nothing. A frame on the wire has 66 bytes around the UDP payload (Ethernet, IPv4, UDP, preamble,
// check sequence, gap) and 48 of headers in it. Tokens are not taken off.
#pragma once

#include <cstddef>
#include <cstdint>

namespace torc::model {

/// How messages of one size lie in frames.
struct Layout {
    std::size_t messages{0};    ///< in one full frame; 1 if a message takes several frames
    std::size_t frames{0};      ///< of one message; 1 if it fits
    std::size_t wire_bytes{0};  ///< of these frames, with all that is around them
};

/// Asks the frame builder itself; all messages are of one session, to one group. `payload`: bytes
/// of a message; `frame_bytes`: UDP payload of the largest frame, as in config::ClusterSettings.
Layout layout_of(std::size_t payload, std::size_t frame_bytes);

/// Ordered payload at each node, its own included, in 1e9 bit/s.
double bound_gbit(const Layout& layout, std::size_t payload, std::uint32_t link_gbit,
                  std::uint32_t nodes);
/// The same as if frames were full to the last byte and held payload alone: the table of the bound,
/// which messages of one size reach only if they fill a frame.
double body_bound_gbit(std::size_t frame_bytes, std::uint32_t link_gbit, std::uint32_t nodes);

}  // namespace torc::model
