#include "tests/sim/scenario.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <sstream>
#include <utility>

#include "wire/hop.hpp"

namespace torc::sim {
namespace {

constexpr std::string_view kHeader = "torc-scenario 1";

struct Unit {
    std::string_view name;
    std::int64_t ns;
};
constexpr std::array<Unit, 4> kUnits{Unit{"s", 1'000'000'000}, Unit{"ms", 1'000'000},
                                     Unit{"us", 1'000}, Unit{"ns", 1}};
constexpr std::int64_t kLongest = 1'000 * std::int64_t{1'000'000'000};

/// Calls `visit(name, field)` for each field of a fault behind its time and kind.
template <class Self, class Visit>
void for_each_parameter(Self& fault, Visit&& visit) {
    visit("node", fault.node);
    visit("other", fault.other);
    visit("side", fault.side);
    visit("frame", fault.frame);
    visit("count", fault.count);
    visit("skip", fault.skip);
    visit("tokens", fault.tokens);
    visit("lasts", fault.lasts);
    visit("late", fault.late);
    visit("salt", fault.salt);
}

/// In the largest unit that says it exactly.
std::string text_of(Nanos value) {
    const auto exact = [&](const Unit& unit) { return value.count() % unit.ns == 0; };
    const Unit& unit = *std::find_if(kUnits.begin(), kUnits.end(), exact);
    return std::to_string(value.count() / unit.ns).append(unit.name);
}
std::string text_of(bool value) { return value ? "1" : "0"; }
std::string text_of(config::InFlight value) {
    return value == config::InFlight::adaptive ? "adaptive" : "fixed";
}
template <std::unsigned_integral T>
std::string text_of(T value) {
    return std::to_string(value);
}

template <std::unsigned_integral T>
bool parse(std::string_view text, T& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size();
}
bool parse(std::string_view text, bool& value) {
    value = text == "1";
    return text == "0" || text == "1";
}
bool parse(std::string_view text, config::InFlight& value) {
    value = text == "adaptive" ? config::InFlight::adaptive : config::InFlight::fixed;
    return text == text_of(value);
}
bool parse(std::string_view text, Nanos& value) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    std::uint64_t number = 0;
    if (!parse(text.substr(0, digits), number)) return false;
    for (const Unit& unit : kUnits) {
        if (unit.name != text.substr(digits)) continue;
        if (number > static_cast<std::uint64_t>(kLongest / unit.ns)) return false;
        value = Nanos{static_cast<std::int64_t>(number) * unit.ns};
        return true;
    }
    return false;
}

/// The words of a line, without a comment.
std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    line = line.substr(0, line.find('#'));
    while (true) {
        const std::size_t begin = line.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos) return words;
        line.remove_prefix(begin);
        const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(end);
    }
}

std::string quoted(std::string_view word) { return "'" + std::string(word) + "'"; }

/// Sets the field of that name by means of `for_each`; gives what is wrong.
template <class ForEach>
std::string set_field(ForEach&& for_each, std::string_view name, std::string_view value) {
    bool found = false;
    bool good = true;
    for_each([&](std::string_view field_name, auto& field) {
        if (field_name != name) return;
        found = true;
        good = parse(value, field);
    });
    if (!found) return "nothing is called " + quoted(name);
    return good ? "" : quoted(value) + " is no value of " + std::string(name);
}

std::string read_fault(const std::vector<std::string_view>& words, Fault& fault) {
    if (words.size() < 3) return "a fault needs a time and a kind";
    if (!parse(words[1], fault.at)) return quoted(words[1]) + " is no time, as 12ms is";
    if (!kind_from_name(words[2], fault.kind)) return "no fault is called " + quoted(words[2]);
    for (std::size_t i = 3; i < words.size(); ++i) {
        const std::size_t equals = words[i].find('=');
        if (equals == std::string_view::npos) return quoted(words[i]) + " is no key=value";
        std::string problem = set_field([&](auto&& visit) { for_each_parameter(fault, visit); },
                                        words[i].substr(0, equals), words[i].substr(equals + 1));
        if (!problem.empty()) return problem;
    }
    return "";
}

std::string read_line(const std::vector<std::string_view>& words, Scenario& scenario) {
    if (words[0] == "fault") return read_fault(words, scenario.schedule.emplace_back());
    const bool is_option = words[0] == "option";
    if (!is_option && words[0] != "hazard") return "no line begins with " + quoted(words[0]);
    if (words.size() != 3) return std::string(words[0]) + " needs a name and a value";
    if (is_option) {
        return set_field([&](auto&& visit) { for_each_option(scenario.options, visit); }, words[1],
                         words[2]);
    }
    return set_field([&](auto&& visit) { for_each_hazard(scenario.options.hazards, visit); },
                     words[1], words[2]);
}

/// What no single line can know.
std::string problem_of(const Scenario& scenario) {
    const Options& options = scenario.options;
    const config::ClusterSettings& cluster = options.cluster;
    if (options.nodes < kNodesLeast || options.nodes > kNodesMost) return "nodes out of range";
    if (cluster.frame_bytes < kFrameBytesMin || cluster.frame_bytes > kFrameBytesMax) {
        return "frame_bytes out of range";
    }
    if (cluster.in_flight_frames == 0 || cluster.in_flight_frames > kInFlightMax ||
        cluster.burst_frames == 0 || cluster.burst_frames > kBurstMax) {
        return "in_flight_frames or burst_frames out of range";
    }
    if (options.load.interval.count() < 1'000 || options.load.sessions == 0 ||
        options.load.sessions > 64 || options.load.groups == 0 || options.load.burst == 0) {
        return "load interval below 1us, or no sessions, groups or burst";
    }
    if (options.fabric.gbit == 0) return "gbit must not be 0";
    if (options.packets.delay_min > options.packets.delay_max) return "delay_min above delay_max";
    const config::Timers& timers = cluster.timers;
    for (const Nanos timer : {timers.token_loss, timers.token_retransmit, timers.join_interval,
                              timers.consensus, timers.form_step, timers.recovery,
                              timers.merge_probe, timers.hold_refresh, timers.hold_after}) {
        if (timer.count() < 1'000) return "a timer below 1us";
    }
    for (const Fault& fault : scenario.schedule) {
        if (fault.node >= options.nodes || fault.other >= options.nodes ||
            fault.side > ~std::uint64_t{0} >> (kNodesMost - options.nodes) ||
            fault.frame > wire::kKindLast) {
            return "a fault at " + text_of(fault.at) + " names what is not there";
        }
    }
    return "";
}

}  // namespace

Scenario scenario_from_seed(std::uint64_t seed, std::uint32_t nodes) {
    Scenario scenario{options_from_seed(seed, nodes), {}};
    scenario.schedule = schedule_of(scenario.options);
    return scenario;
}

std::string to_text(const Scenario& scenario) {
    std::ostringstream text;
    text << kHeader << '\n';
    for_each_option(scenario.options, [&](std::string_view name, const auto& value) {
        text << "option " << name << ' ' << text_of(value) << '\n';
    });
    for_each_hazard(scenario.options.hazards, [&](std::string_view name, const auto& value) {
        if (value != 0) text << "hazard " << name << ' ' << text_of(value) << '\n';
    });
    for (const Fault& fault : scenario.schedule) {
        text << "fault " << text_of(fault.at) << ' ' << name_of(fault.kind);
        for_each_parameter(fault, [&](std::string_view name, const auto& value) {
            if (value != std::remove_cvref_t<decltype(value)>{}) {
                text << ' ' << name << '=' << text_of(value);
            }
        });
        text << '\n';
    }
    return text.str();
}

std::string from_text(std::string_view text, Scenario& scenario) {
    scenario = Scenario{};
    bool headed = false;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::vector<std::string_view> words = words_of(line);
        if (words.empty()) continue;
        const std::string where = "line " + std::to_string(number) + ": ";
        if (!headed) {
            headed = words.size() == 2 && words[0] == "torc-scenario" && words[1] == "1";
            if (!headed) return where + "must begin with " + quoted(kHeader);
            continue;
        }
        const std::string problem = read_line(words, scenario);
        if (!problem.empty()) return where + problem;
    }
    if (!headed) return "empty";
    std::string problem = problem_of(scenario);
    if (!problem.empty()) return problem;
    set_nodes(scenario.options, scenario.options.nodes);
    std::stable_sort(scenario.schedule.begin(), scenario.schedule.end(),
                     [](const Fault& a, const Fault& b) { return a.at < b.at; });
    return "";
}

}  // namespace torc::sim
