// The results as JSON and as lines for a terminal.
#pragma once

#include <string>
#include <vector>

#include "bench/model/cell.hpp"

namespace torc::model {

/// An object: `assumptions`, `bound` (its formula) and `cells`. Same results, same bytes.
std::string json_of(const Setup& setup, const std::vector<Result>& results);
/// One line for saturation and one for each latency.
std::string text_of(const Result& result);

}  // namespace torc::model
