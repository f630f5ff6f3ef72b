// Settings as TOML again: `torcd --print-config`.
#pragma once

#include <string>

#include "config/settings.hpp"

namespace torc::config {

/// A complete file: every key with its value, no comments but the fingerprint. Loading it gives
/// equal settings (tested).
std::string print(const ClusterSettings& cluster, const NodeSettings& node);

}  // namespace torc::config
