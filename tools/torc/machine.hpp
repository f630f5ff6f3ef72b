// What a figure means nothing without.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace torc::tool {

/// CPU, cores, memory, kernel, what else was going on, and the commit that this program is of.
nlohmann::json machine_fingerprint();

}  // namespace torc::tool
