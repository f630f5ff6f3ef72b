// Rules between settings: what no single key can know.
#pragma once

#include "config/load.hpp"
#include "config/places.hpp"
#include "config/problems.hpp"

namespace torc::config {

/// Reports every broken rule; each names both sides and their values.
void check_relations(const Settings& settings, const Overrides& overrides, const Places& places,
                     Problems& problems);

}  // namespace torc::config
