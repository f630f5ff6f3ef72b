// What stands at the front of every frame of a blast. Only torc-blast reads it, on the machine that
// wrote it, from the same build: it has no byte order and no version.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "base/ids.hpp"

namespace torc::blast {

enum class Kind : std::uint32_t {
    hello,  ///< of the sender, until all receivers have said that they are ready
    ready,  ///< a receiver's answer
    load,   ///< what is counted
    end,    ///< of the sender: nothing comes any more
};

struct BlastFrame {
    std::uint64_t mark;
    Kind kind;
    std::uint16_t from;
    std::uint16_t turn;  ///< load: the sender's way to take turns, a place in kTurns (turns.hpp)
};

/// "TORCBLST": nothing else that might stray in begins so.
inline constexpr std::uint64_t kMark = 0x544F5243424C5354;

inline void write_frame(std::span<std::byte> room, Kind kind, NodeIndex from,
                        std::uint16_t turn = 0) {
    const BlastFrame frame{kMark, kind, raw(from), turn};
    std::memcpy(room.data(), &frame, sizeof frame);
}

/// Nothing if these bytes are no frame of a blast.
inline std::optional<BlastFrame> read_frame(std::span<const std::byte> bytes) {
    BlastFrame frame;
    if (bytes.size() < sizeof frame) return std::nullopt;
    std::memcpy(&frame, bytes.data(), sizeof frame);
    if (frame.mark != kMark || frame.kind > Kind::end) return std::nullopt;
    return frame;
}

}  // namespace torc::blast
