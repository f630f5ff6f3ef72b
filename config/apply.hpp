// From a document to settings, key by key.
#pragma once

#include <string>

#include "config/document.hpp"
#include "config/places.hpp"
#include "config/problems.hpp"
#include "config/schema.hpp"

namespace torc::config {

/// Sets every key that the document gives; reports unknown sections and keys, and bad values.
void apply(const Document& document, Settings& settings, Places& places, Problems& problems);

/// One "section.key=value" of the command line.
void apply_override(const std::string& assignment, Settings& settings, Places& places,
                    Problems& problems);

}  // namespace torc::config
