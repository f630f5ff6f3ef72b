// Large messages coming together from fragments: one buffer a daemon, allocated once. protocol.md
// 3.9. Fragments are fed in their sender's order. A first fragment always opens anew; at an install
// everything unfinished is dropped, whoever sent it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/ids.hpp"
#include "wire/data.hpp"

namespace torc::ordering {

class Reassembly {
public:
    /// Address space for `daemons` messages; untouched pages take no memory.
    Reassembly(std::size_t daemons, std::size_t bytes_max);

    enum class Outcome : std::uint8_t {
        open,      ///< taken, more to come
        complete,  ///< `message()` has it
        broken,    ///< no first fragment, too many bytes or too few: dropped
    };
    Outcome add(NodeIndex sender, const wire::MessageView& fragment);
    /// The message just completed; valid until the sender's next fragment.
    std::span<const std::byte> message(NodeIndex sender) const;
    /// Drops what is unfinished; gives how many messages that were.
    std::size_t reset();

private:
    struct Partial {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t total{0};
        std::size_t filled{0};
        bool open{false};
    };

    std::size_t bytes_max_;
    std::vector<Partial> partials_;
};

}  // namespace torc::ordering
