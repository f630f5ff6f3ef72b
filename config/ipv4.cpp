// Own parser instead of inet_pton: no system header, and the rule about zeros is ours.
#include "config/ipv4.hpp"

namespace torc::config {

namespace {

/// Takes one decimal 0..255 off the front, or nothing.
std::optional<std::uint32_t> take_octet(std::string_view& text) {
    std::uint32_t value = 0;
    std::size_t digits = 0;
    while (digits < text.size() && digits < 3 && text[digits] >= '0' && text[digits] <= '9') {
        value = value * 10 + static_cast<std::uint32_t>(text[digits] - '0');
        ++digits;
    }
    const bool leading_zero = digits > 1 && text.front() == '0';
    if (digits == 0 || leading_zero || value > 255) return std::nullopt;
    text.remove_prefix(digits);
    return value;
}

}  // namespace

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
    std::uint32_t address = 0;
    for (int octet = 0; octet < 4; ++octet) {
        if (octet > 0) {
            if (text.empty() || text.front() != '.') return std::nullopt;
            text.remove_prefix(1);
        }
        const std::optional<std::uint32_t> value = take_octet(text);
        if (!value) return std::nullopt;
        address = address << 8 | *value;
    }
    if (!text.empty()) return std::nullopt;
    return address;
}

std::string format_ipv4(std::uint32_t address) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) {
        if (!text.empty()) text += '.';
        text += std::to_string(address >> shift & 0xFF);
    }
    return text;
}

}  // namespace torc::config
