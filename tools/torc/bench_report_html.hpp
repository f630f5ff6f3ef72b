// The report of a benchmark as one HTML page: what was measured where, plots, every cell. The page
// needs nothing but itself: no script, no style and no font from elsewhere.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace torc::tool {

/// **Takes**: an object with `machine` and `cells` as `torc bench --json` writes it.
/// **Fails**: throws when it is no such object.
std::string html_report(const nlohmann::json& report);

}  // namespace torc::tool
