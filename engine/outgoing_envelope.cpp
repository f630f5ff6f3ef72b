#include "engine/outgoing_envelope.hpp"

#include <cstring>

#include "base/mutants.hpp"

namespace torc::engine {

bool OutgoingEnvelope::is_to(std::span<const std::string_view> destinations) const {
    if (length_ == 0 || destinations.size() != destinations_) return false;
    const std::byte* at = bytes_.data() + names_at_;
    for (const std::string_view name : destinations) {
        if (std::to_integer<std::size_t>(*at) != name.size()) return false;
        if (std::memcmp(at + 1, name.data(), name.size()) != 0) return false;
        at += 1 + name.size();
    }
    return true;
}

std::span<const std::byte> OutgoingEnvelope::write(const Head& head, std::string_view session_name,
                                                   std::span<const std::string_view> destinations,
                                                   bool same_names) {
    if (!same_names || head != head_) {
        length_ = groups::write_envelope(head.kind, head.flags, head.type, session_name,
                                         destinations, bytes_, head.views);
        names_at_ = sizeof(groups::EnvelopeHeader) + session_name.size();
        destinations_ = destinations.size();
        const bool as_before =
            mutant(Mutant::envelope_by_session) && number_ != 0 && head.session == head_.session;
        if (!as_before && ++number_ == 0) ++number_;
        head_ = head;
    }
    return {bytes_.data(), length_};
}

}  // namespace torc::engine
