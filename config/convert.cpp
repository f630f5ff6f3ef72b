// Checks one value. Every refusal says what the key wants and what it got.
#include "config/convert.hpp"

#include <algorithm>
#include <charconv>

#include "config/ipv4.hpp"
#include "config/nearest.hpp"
#include "config/units.hpp"

namespace torc::config {

bool is_name(std::string_view name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !name.empty() && name.size() <= kNameMax &&
           std::all_of(name.begin(), name.end(), allowed);
}

namespace {

using Outcome = Result<Value>;

std::string quote_short(std::string_view text) {
    constexpr std::size_t kShown = 60;
    return text.size() <= kShown ? quoted(text) : quoted(text.substr(0, kShown)) + "...";
}

std::string what_is(const RawValue& raw) {
    if (const auto* number = std::get_if<std::int64_t>(&raw)) {
        return "the bare number " + std::to_string(*number);
    }
    if (const auto* boolean = std::get_if<bool>(&raw)) return *boolean ? "true" : "false";
    if (const auto* text = std::get_if<std::string>(&raw))
        return "the string " + quote_short(*text);
    if (const auto* text = std::get_if<Unquoted>(&raw)) return quote_short(text->text);
    if (const auto* other = std::get_if<Unsupported>(&raw)) return std::string(other->what);
    return "an array";
}

std::string_view wanted(ValueType type) {
    switch (type) {
        case ValueType::text:
            return "a string";
        case ValueType::name:
            return "a name in quotes";
        case ValueType::path:
            return "a path in quotes";
        case ValueType::address:
            return "an IPv4 address in quotes";
        case ValueType::group:
            return "an IPv4 multicast address in quotes";
        case ValueType::integer:
            return "a whole number";
        case ValueType::boolean:
            return "true or false";
        case ValueType::duration:
            return "a duration with its unit in quotes, such as \"300ms\"";
        case ValueType::bytes:
            return "a size with its unit in quotes, such as \"4MiB\"";
        case ValueType::choice:
            return "one of its choices in quotes";
        case ValueType::texts:
            return "an array of strings";
    }
    return "something else";
}

tl::unexpected<Error> refuse(const Key& key, const std::string& why) {
    return failure(std::string(key.name) + " " + why);
}

tl::unexpected<Error> wrong_type(const Key& key, const RawValue& raw) {
    return refuse(key, "wants " + std::string(wanted(key.type)) + ", not " + what_is(raw));
}

std::string plain(const Key& key, std::int64_t value) {
    if (key.type == ValueType::duration) return format_duration(Nanos{value});
    if (key.type == ValueType::bytes) return format_bytes(static_cast<std::uint64_t>(value));
    return std::to_string(value);
}

Outcome in_range(const Key& key, std::int64_t value) {
    if (value >= key.least && value <= key.most) return value;
    return refuse(key, "is " + plain(key, value) + "; it must be from " + plain(key, key.least) +
                           " to " + plain(key, key.most));
}

Outcome quantity(const Key& key, std::string_view text) {
    if (!key.zero_word.empty() && text == key.zero_word) return std::int64_t{0};
    const bool is_duration = key.type == ValueType::duration;
    const Quantity quantity = is_duration ? parse_duration(text) : parse_bytes(text);
    const std::string what = is_duration ? "a duration" : "a size";
    const std::string units(is_duration ? duration_units() : byte_units());
    switch (quantity.error) {
        case UnitError::none:
            return in_range(key, quantity.value);
        case UnitError::not_a_number:
            return refuse(key, "is " + quote_short(text) + "; " + what +
                                   " is a whole number and a unit: " + units);
        case UnitError::missing_unit:
            return refuse(key, "is " + quote_short(text) + " without a unit: " + units);
        case UnitError::unknown_unit:
            return refuse(key, "is " + quote_short(text) + ": unknown unit " +
                                   quote_short(quantity.unit) + "; " + what + " ends in " + units);
        case UnitError::too_large:
            break;
    }
    return refuse(key, "is " + quote_short(text) + "; it must be from " + plain(key, key.least) +
                           " to " + plain(key, key.most));
}

Outcome choice(const Key& key, std::string_view text) {
    const auto found = std::find(key.choices.begin(), key.choices.end(), text);
    if (found != key.choices.end()) return std::int64_t{found - key.choices.begin()};
    std::string list;
    for (const std::string_view item : key.choices) {
        if (!list.empty()) list += item == key.choices.back() ? " or " : ", ";
        list += quoted(item);
    }
    std::string why = "is " + quote_short(text) + "; it must be " + list;
    const std::string_view near = nearest(text, key.choices);
    if (!near.empty()) why += "; did you mean " + quoted(near) + "?";
    return refuse(key, why);
}

Outcome address(const Key& key, std::string_view text) {
    const std::optional<std::uint32_t> parsed = parse_ipv4(text);
    if (!parsed) {
        return refuse(key, "is " + quote_short(text) + ", which is no IPv4 address");
    }
    if (key.type == ValueType::address && !is_unicast(*parsed)) {
        return refuse(key, "is " + quote_short(text) + ", which no host can have");
    }
    if (key.type == ValueType::group && !is_usable_group(*parsed)) {
        return refuse(key,
                      "is " + quote_short(text) + "; it must be from 224.0.1.0 to 239.255.255.255");
    }
    return std::int64_t{*parsed};
}

Outcome name(const Key& key, std::string_view text) {
    if (text.empty() && key.fallback == "\"\"") return std::string();
    if (is_name(text)) return std::string(text);
    return refuse(key, "is " + quote_short(text) + "; a name is 1 to " + std::to_string(kNameMax) +
                           " letters, digits, '.', '_' or '-'");
}

Outcome path(const Key& key, std::string_view text) {
    if (text.find('\0') != std::string_view::npos) {
        return refuse(key, "is " + quote_short(text) + "; a path has no NUL byte");
    }
    const bool may_be_empty = key.fallback == "\"\"";
    if (text.starts_with('/') || (text.empty() && may_be_empty)) return std::string(text);
    return refuse(key, "is " + quote_short(text) + "; it must be an absolute path");
}

Outcome from_text(const Key& key, const std::string& text) {
    switch (key.type) {
        case ValueType::text:
            return text;
        case ValueType::name:
            return name(key, text);
        case ValueType::path:
            return path(key, text);
        case ValueType::address:
        case ValueType::group:
            return address(key, text);
        case ValueType::duration:
        case ValueType::bytes:
            return quantity(key, text);
        case ValueType::choice:
            return choice(key, text);
        case ValueType::integer:
        case ValueType::boolean:
        case ValueType::texts:
            break;
    }
    return wrong_type(key, text);
}

/// Words of a command-line value; EAL arguments hold commas but no spaces.
std::vector<std::string> words(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end > 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

Outcome from_command_line(const Key& key, const Unquoted& raw) {
    if (key.type == ValueType::texts) return words(raw.text);
    if (key.type == ValueType::boolean) {
        if (raw.text == "true") return true;
        if (raw.text == "false") return false;
        return wrong_type(key, raw);
    }
    if (key.type == ValueType::integer) {
        std::int64_t number = 0;
        const char* const end = raw.text.data() + raw.text.size();
        const auto [stopped, failed] = std::from_chars(raw.text.data(), end, number);
        if (failed != std::errc{} || stopped != end) return wrong_type(key, raw);
        return in_range(key, number);
    }
    return from_text(key, raw.text);
}

}  // namespace

Result<Value> convert(const Key& key, const RawValue& raw) {
    if (const auto* text = std::get_if<std::string>(&raw)) return from_text(key, *text);
    if (const auto* text = std::get_if<Unquoted>(&raw)) return from_command_line(key, *text);
    if (const auto* number = std::get_if<std::int64_t>(&raw)) {
        if (key.type == ValueType::integer) return in_range(key, *number);
    }
    if (const auto* boolean = std::get_if<bool>(&raw)) {
        if (key.type == ValueType::boolean) return *boolean;
    }
    if (const auto* texts = std::get_if<std::vector<std::string>>(&raw)) {
        if (key.type == ValueType::texts) return *texts;
    }
    return wrong_type(key, raw);
}

}  // namespace torc::config
