// Walks a document and the command line. Unknown names are errors: a misspelt timer that is
// silently ignored is found out in the worst moment.
#include "config/apply.hpp"

#include <algorithm>

#include "config/convert.hpp"
#include "config/nearest.hpp"

namespace torc::config {

namespace {

constexpr std::string_view kTimers = "cluster.timers";
constexpr std::string_view kProfile = "profile";
constexpr std::string_view kNode = "node";

bool is_section(std::string_view name) {
    return std::find(sections().begin(), sections().end(), name) != sections().end();
}

std::string bracketed(std::string_view section) {
    const std::string name(section);
    return section == kNode ? "[[" + name + "]]" : "[" + name + "]";
}

/// What to say about a name that the schema does not have.
std::string unknown_key(std::string_view section, std::string_view name) {
    std::vector<std::string_view> here;
    std::string_view elsewhere;
    for (const Key& key : schema()) {
        if (key.section == section) {
            here.push_back(key.name);
        } else if (key.name == name && elsewhere.empty()) {
            elsewhere = key.section;
        }
    }
    std::string message = "unknown key " + quoted(name);
    message += section.empty() ? " before the first section" : " in " + bracketed(section);
    const std::string_view near = nearest(name, here);
    if (!near.empty()) return message + "; did you mean " + quoted(near) + "?";
    if (!elsewhere.empty()) return message + "; it belongs to " + bracketed(elsewhere);
    return message;
}

std::string unknown_section(const RawSection& section) {
    std::string message = "unknown section " + bracketed(section.name);
    const std::string_view near = nearest(section.name, sections());
    return near.empty() ? message : message + "; did you mean " + bracketed(near) + "?";
}

void apply_entry(const Key& key, const RawValue& raw, const Place& place, const Place& value_place,
                 Settings& settings, Places& places, Problems& problems) {
    const Result<Value> value = convert(key, raw);
    if (!value) return problems.add(value_place, value.error().message);
    places.keys[&key] = place;
    if (key.set != nullptr) key.set(settings, *value);
}

/// Takes one [[node]]. A bad or missing part is reported and leaves its default, which the checks
/// between nodes skip.
void apply_node(const RawSection& section, Settings& settings, Places& places, Problems& problems) {
    NodeEntry node;
    Place name_place = section.place;
    Place address_place = section.place;
    bool has_name = false;
    bool has_address = false;
    for (const RawEntry& entry : section.entries) {
        const Key* key = find_key(kNode, entry.key);
        if (key == nullptr) {
            problems.add(entry.place, unknown_key(kNode, entry.key));
            continue;
        }
        const bool is_address = key->type == ValueType::address;
        (is_address ? has_address : has_name) = true;
        (is_address ? address_place : name_place) = entry.value_place;
        const Result<Value> value = convert(*key, entry.value);
        if (!value) {
            problems.add(entry.value_place, value.error().message);
        } else if (is_address) {
            node.address = static_cast<std::uint32_t>(std::get<std::int64_t>(*value));
        } else {
            node.name = std::get<std::string>(*value);
        }
    }
    if (!has_name) problems.add(section.place, "this [[node]] has no name");
    if (!has_address) problems.add(section.place, "this [[node]] has no address");
    node.index = NodeIndex{static_cast<std::uint16_t>(settings.cluster.nodes.size())};
    settings.cluster.nodes.push_back(std::move(node));
    places.node_names.push_back(name_place);
    places.node_addresses.push_back(address_place);
}

/// The preset comes first, wherever it stands, so that a given timer wins.
void apply_profile(const RawValue& raw, Settings& settings) {
    const Result<Value> value = convert(*find_key(kTimers, kProfile), raw);
    if (!value) return;  // reported when its turn comes
    settings.cluster.timers =
        timers_of_profile(static_cast<std::size_t>(std::get<std::int64_t>(*value)));
}

void apply_section(const RawSection& section, Settings& settings, Places& places,
                   Problems& problems) {
    for (const RawEntry& entry : section.entries) {
        const Key* key = find_key(section.name, entry.key);
        if (key == nullptr) {
            problems.add(entry.place, unknown_key(section.name, entry.key));
            continue;
        }
        apply_entry(*key, entry.value, entry.place, entry.value_place, settings, places, problems);
    }
}

}  // namespace

void apply(const Document& document, Settings& settings, Places& places, Problems& problems) {
    for (const RawSection& section : document.sections) {
        if (section.name != kTimers) continue;
        for (const RawEntry& entry : section.entries) {
            if (entry.key == kProfile) apply_profile(entry.value, settings);
        }
    }
    for (const RawSection& section : document.sections) {
        if (section.name.empty()) {
            apply_section(section, settings, places, problems);
        } else if (!is_section(section.name)) {
            problems.add(section.place, unknown_section(section));
        } else if (section.element != (section.name == kNode)) {
            problems.add(section.place, "write " + bracketed(section.name) + " here, not " +
                                            (section.element ? "[[" + section.name + "]]"
                                                             : "[" + section.name + "]"));
        } else if (section.element) {
            apply_node(section, settings, places, problems);
        } else {
            apply_section(section, settings, places, problems);
        }
    }
}

void apply_override(const std::string& assignment, Settings& settings, Places& places,
                    Problems& problems) {
    const Place place{"--set " + assignment, 0, 0};
    const std::size_t equals = assignment.find('=');
    const std::size_t dot = assignment.rfind('.', equals);
    if (equals == std::string::npos || dot == std::string::npos) {
        return problems.add(place, "wants section.key=value");
    }
    const std::string section = assignment.substr(0, dot);
    const std::string name = assignment.substr(dot + 1, equals - dot - 1);
    if (section == kNode) {
        return problems.add(place, "nodes are set in the file only, as [[node]] sections");
    }
    if (!is_section(section)) {
        return problems.add(place, unknown_section({section, place, false, {}}));
    }
    const Key* key = find_key(section, name);
    if (key == nullptr) return problems.add(place, unknown_key(section, name));
    const Unquoted value{assignment.substr(equals + 1)};
    if (key->set == nullptr) apply_profile(value, settings);
    apply_entry(*key, value, place, place, settings, places, problems);
}

}  // namespace torc::config
