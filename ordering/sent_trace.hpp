// Tells the trace which messages of mine got their place, with the same hash that a receiver's
// trace of the delivery has. Only for drivers that ask for it (the simulator, whose checker reads
// it): it reads every byte that is sent.
#pragma once

#include <array>
#include <cstdint>

#include "ordering/context.hpp"
#include "wire/data.hpp"

namespace torc::ordering {

class SentTrace {
public:
    /// A frame of mine goes out; `seq` is zero in one without a place. Cost: all its bytes.
    void frame(const Context& context, const wire::DataView& frame);

private:
    /// Of the large message under way, by lane: application, control.
    std::array<std::uint64_t, 2> so_far_{};
};

}  // namespace torc::ordering
