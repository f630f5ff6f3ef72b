#include "tests/explore/choice.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace torc::explore {
namespace {

constexpr std::array<std::string_view, kFaults> kNames{"none",
                                                       "drop",
                                                       "late",
                                                       "very-late",
                                                       "duplicate",
                                                       "sender-dies",
                                                       "sender-restarts",
                                                       "receiver-dies",
                                                       "receiver-restarts",
                                                       "timer-late",
                                                       "stall"};

bool parse_one(std::string_view text, Placed& placed) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + colon, placed.point);
    if (error != std::errc{} || end != text.data() + colon) return false;
    const auto name = std::find(kNames.begin(), kNames.end(), text.substr(colon + 1));
    if (name == kNames.end()) return false;
    placed.fault = static_cast<Fault>(name - kNames.begin());
    return true;
}

}  // namespace

std::string_view name_of(Fault fault) { return kNames.at(static_cast<std::size_t>(fault)); }

std::string to_text(const std::vector<Placed>& placed) {
    std::string text;
    for (const Placed& one : placed) {
        if (!text.empty()) text += ',';
        text.append(std::to_string(one.point)).append(":").append(name_of(one.fault));
    }
    return text;
}

bool parse(std::string_view text, std::vector<Placed>& placed) {
    placed.clear();
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        if (!parse_one(text.substr(0, comma), placed.emplace_back())) return false;
        text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    }
    return true;
}

}  // namespace torc::explore
