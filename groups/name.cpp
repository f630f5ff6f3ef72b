#include "groups/name.hpp"

#include <cstring>

#include "base/byte_order.hpp"

namespace torc::groups {
namespace {

bool is_printable(char c) { return c > ' ' && c < 0x7F; }

/// What the first byte of a character beyond ASCII says: its length, and the least and the most
/// that the second byte may be, which rules out overlong forms, surrogates, what lies beyond
/// U+10FFFF, and the control characters U+0080 to U+009F (RFC 3629, section 4).
struct Lead {
    std::size_t length{0};  ///< 0: no character begins so
    std::uint8_t least{0x80};
    std::uint8_t most{0xBF};
};

Lead lead_of(std::uint8_t byte) {
    if (byte == 0xC2) return {2, 0xA0, 0xBF};
    if (byte >= 0xC3 && byte <= 0xDF) return {2, 0x80, 0xBF};
    if (byte == 0xE0) return {3, 0xA0, 0xBF};
    if (byte == 0xED) return {3, 0x80, 0x9F};
    if (byte >= 0xE1 && byte <= 0xEF) return {3, 0x80, 0xBF};
    if (byte == 0xF0) return {4, 0x90, 0xBF};
    if (byte >= 0xF1 && byte <= 0xF3) return {4, 0x80, 0xBF};
    if (byte == 0xF4) return {4, 0x80, 0x8F};
    return {};
}

/// Bytes of the character at the front of `text`; 0 if there is none, or a control character.
std::size_t character(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    if (byte(0) < 0x80) return byte(0) >= 0x20 && byte(0) != 0x7F ? 1 : 0;
    const Lead lead = lead_of(byte(0));
    if (lead.length == 0 || text.size() < lead.length) return 0;
    if (byte(1) < lead.least || byte(1) > lead.most) return 0;
    for (std::size_t i = 2; i < lead.length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return 0;
    }
    return lead.length;
}

bool is_text(std::string_view name) {
    while (!name.empty()) {
        const std::size_t length = character(name);
        if (length == 0) return false;
        name.remove_prefix(length);
    }
    return true;
}

}  // namespace

bool is_session_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameMax &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_printable(c) && c != '#'; });
}

bool is_group_name(std::string_view name) {
    return !name.empty() && name.size() <= kGroupNameMax && name.front() != '#' && is_text(name);
}

bool is_spread_group_name(std::string_view name) {
    static_assert(kSpreadGroupNameMax == kNameMax);
    return is_session_name(name);
}

bool is_destination(std::string_view name) {
    if (is_group_name(name)) return true;
    const PrivateName parts = split_private(name);
    return is_session_name(parts.session) && is_session_name(parts.daemon);
}

PrivateName split_private(std::string_view name) {
    if (name.size() < 4 || name.front() != '#') return {};
    const std::size_t second = name.find('#', 1);
    if (second == std::string_view::npos) return {};
    return {name.substr(1, second - 1), name.substr(second + 1)};
}

/// Eight bytes a step: a multiplication by an odd number, and the upper half folded down.
std::uint64_t hash_name(std::string_view name) {
    std::uint64_t hash = name.size() * 0x9E3779B97F4A7C15u;
    while (!name.empty()) {
        le64 word;
        const std::size_t taken = std::min(name.size(), sizeof word);
        std::memcpy(&word, name.data(), taken);
        name.remove_prefix(taken);
        hash = (hash ^ word) * 0xBF58476D1CE4E5B9u;
        hash ^= hash >> 31;
    }
    return hash;
}

}  // namespace torc::groups
