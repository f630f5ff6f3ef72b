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
                                                       "until-plan",
                                                       "until-install",
                                                       "sender-dies",
                                                       "sender-restarts",
                                                       "receiver-dies",
                                                       "receiver-restarts",
                                                       "timer-late",
                                                       "stall"};
constexpr std::array<const char*, wire::kKindLast + 1> kFrames{
    "nothing", "data", "token", "status", "wake", "join", "propose", "state", "plan", "merge"};
constexpr std::string_view kMoves = "dxtk";

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

bool parse_one(std::string_view text, Move& move) {
    if (text.size() < 2 || text.size() > 3) return false;
    const std::size_t kind = kMoves.find(text[0]);
    if (kind == std::string_view::npos || (kind < 2) != (text.size() == 3)) return false;
    for (const char digit : text.substr(1)) {
        if (digit < '0' || digit > '9') return false;
    }
    move.kind = static_cast<Move::Kind>(kind);
    move.from = static_cast<std::uint32_t>(text[1] - '0');
    move.to = text.size() == 3 ? static_cast<std::uint32_t>(text[2] - '0') : move.from;
    return true;
}

template <typename T>
bool parse_list(std::string_view text, std::vector<T>& all) {
    all.clear();
    while (!text.empty()) {
        const std::size_t comma = text.find(',');
        if (!parse_one(text.substr(0, comma), all.emplace_back())) return false;
        text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    }
    return true;
}

}  // namespace

std::string_view name_of(Fault fault) { return kNames.at(static_cast<std::size_t>(fault)); }

const char* name_of_frame(std::uint32_t kind) { return kFrames.at(kind % kFrames.size()); }

std::uint32_t frame_of_name(std::string_view name) {
    const auto found = std::find(kFrames.begin() + 1, kFrames.end(), name);
    return found == kFrames.end() ? 0 : static_cast<std::uint32_t>(found - kFrames.begin());
}

std::string to_text(const std::vector<Placed>& placed) {
    std::string text;
    for (const Placed& one : placed) {
        if (!text.empty()) text += ',';
        text.append(std::to_string(one.point)).append(":").append(name_of(one.fault));
    }
    return text;
}

std::string to_text(const Move& move) {
    const auto kind = static_cast<std::size_t>(move.kind);
    std::string text(1, kMoves[kind]);
    text += std::to_string(move.from);
    if (kind < 2) text += std::to_string(move.to);
    return text;
}

bool parse(std::string_view text, std::vector<Placed>& placed) { return parse_list(text, placed); }
bool parse(std::string_view text, std::vector<Move>& moves) { return parse_list(text, moves); }

}  // namespace torc::explore
