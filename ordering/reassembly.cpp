#include "ordering/reassembly.hpp"

#include <cstring>

#include "base/check.hpp"

namespace torc::ordering {

Reassembly::Reassembly(std::size_t daemons, std::size_t bytes_max)
    : bytes_max_(bytes_max), partials_(daemons) {
    for (Partial& partial : partials_) {
        partial.bytes = std::make_unique_for_overwrite<std::byte[]>(bytes_max);
    }
}

Reassembly::Outcome Reassembly::add(NodeIndex sender, const wire::MessageView& fragment) {
    TORC_CHECK(raw(sender) < partials_.size());
    Partial& partial = partials_[raw(sender)];
    if (fragment.has(wire::kFirstFragment)) {
        partial.open = fragment.total <= bytes_max_;
        partial.total = fragment.total;
        partial.filled = 0;
    }
    if (!partial.open || partial.total - partial.filled < fragment.bytes.size()) {
        partial.open = false;
        return Outcome::broken;
    }
    std::memcpy(partial.bytes.get() + partial.filled, fragment.bytes.data(), fragment.bytes.size());
    partial.filled += fragment.bytes.size();
    if (!fragment.has(wire::kLastFragment)) return Outcome::open;
    partial.open = false;
    return partial.filled == partial.total ? Outcome::complete : Outcome::broken;
}

std::span<const std::byte> Reassembly::message(NodeIndex sender) const {
    const Partial& partial = partials_[raw(sender)];
    return {partial.bytes.get(), partial.total};
}

std::size_t Reassembly::reset() {
    std::size_t dropped = 0;
    for (Partial& partial : partials_) {
        if (partial.open) ++dropped;
        partial.open = false;
    }
    return dropped;
}

}  // namespace torc::ordering
