// Remembers where each key was given, so that a rule between two keys can point at one of them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/document.hpp"
#include "config/schema.hpp"

namespace torc::config {

struct Places {
    Place file;                        ///< when nothing more exact is known
    std::map<const Key*, Place> keys;  ///< only those that were given
    std::vector<Place> node_names;     ///< parallel to ClusterSettings::nodes
    std::vector<Place> node_addresses;

    Place of(std::string_view section, std::string_view name) const {
        const auto found = keys.find(find_key(section, name));
        return found == keys.end() ? file : found->second;
    }
    bool given(std::string_view section, std::string_view name) const {
        return keys.contains(find_key(section, name));
    }
};

}  // namespace torc::config
