// One parser for both families of units; a family is a table.
#include "config/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace torc::config {

namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

// Ascending, so that formatting finds the largest divisor from the back.
constexpr std::array<Unit, 6> kDurations{{{"ns", 1},
                                          {"us", 1'000},
                                          {"ms", 1'000'000},
                                          {"s", 1'000'000'000},
                                          {"min", 60'000'000'000},
                                          {"h", 3'600'000'000'000}}};
constexpr std::array<Unit, 4> kBytes{
    {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};

constexpr std::string_view kDigits = "0123456789";

Quantity parse(std::string_view text, std::span<const Unit> units) {
    Quantity result;
    const std::size_t digits = std::min(text.find_first_not_of(kDigits), text.size());
    result.unit = text.substr(digits);
    if (digits == 0 || result.unit.find_first_of(kDigits) != std::string_view::npos) {
        result.error = UnitError::not_a_number;
        return result;
    }
    if (result.unit.empty()) {
        result.error = UnitError::missing_unit;
        return result;
    }
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + digits, number);
    for (const Unit& unit : units) {
        if (unit.name != result.unit) continue;
        if (failed != std::errc{} ||
            number > std::numeric_limits<std::int64_t>::max() / unit.factor) {
            result.error = UnitError::too_large;
            return result;
        }
        result.value = number * unit.factor;
        return result;
    }
    result.error = UnitError::unknown_unit;
    return result;
}

std::string format(std::int64_t value, std::span<const Unit> units) {
    std::size_t position = value == 0 ? 0 : units.size() - 1;
    while (value % units[position].factor != 0) --position;
    return std::to_string(value / units[position].factor).append(units[position].name);
}

}  // namespace

Quantity parse_duration(std::string_view text) { return parse(text, kDurations); }
Quantity parse_bytes(std::string_view text) { return parse(text, kBytes); }

std::string format_duration(Nanos duration) { return format(duration.count(), kDurations); }
std::string format_bytes(std::uint64_t bytes) {
    return format(static_cast<std::int64_t>(bytes), kBytes);
}

std::string_view duration_units() { return "ns, us, ms, s, min or h"; }
std::string_view byte_units() { return "B, KiB, MiB or GiB"; }

}  // namespace torc::config
