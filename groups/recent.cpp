#include "groups/recent.hpp"

#include <algorithm>
#include <cstring>

namespace torc::groups {

RecentMessages::RecentMessages() {
    for (Kept& kept : kept_) kept.sessions.reserve(kSessionsMax);
}

Delivery* RecentMessages::find(const Origin& origin, std::span<const std::byte> message) {
    Kept& kept = kept_of(origin.sender);
    if (kept.length == 0 || message.size() < kept.length || kept.origin != origin) return nullptr;
    if (std::memcmp(message.data(), kept.envelope.data(), kept.length) != 0) return nullptr;
    kept.delivery.payload = message.subspan(kept.length);
    kept.delivery.repeats = false;
    return &kept.delivery;
}

Delivery* RecentMessages::keep(const Origin& origin, std::span<const std::byte> bytes,
                               const Envelope& envelope, const Delivery& delivery) {
    Kept& kept = kept_of(origin.sender);
    kept.length = 0;
    if (bytes.size() > kEnvelopeKeptMax) return nullptr;

    const auto* const begin = static_cast<const char*>(static_cast<const void*>(bytes.data()));
    const auto* const own =
        static_cast<const char*>(static_cast<const void*>(kept.envelope.data()));
    std::copy(bytes.begin(), bytes.end(), kept.envelope.begin());
    kept.groups.clear();
    for (const std::string_view group : envelope.groups) {
        kept.groups.push_back({own + (group.data() - begin), group.size()});
    }
    std::copy(delivery.sender.begin(), delivery.sender.end(), kept.sender.begin());
    kept.sessions.assign(delivery.sessions.begin(), delivery.sessions.end());

    kept.delivery = delivery;
    kept.delivery.sender = {kept.sender.data(), delivery.sender.size()};
    kept.delivery.groups = kept.groups.span();
    kept.delivery.sessions = kept.sessions;
    kept.origin = origin;
    kept.length = bytes.size();
    return &kept.delivery;
}

}  // namespace torc::groups
