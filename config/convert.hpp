// One value of a file, judged by its key: type, unit, range, choice, form.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "config/document.hpp"
#include "config/schema.hpp"

namespace torc::config {

/// Gives the internal form. Fails with a message that begins with the key's name and has no place
/// yet; the remedy is empty.
Result<Value> convert(const Key& key, const RawValue& raw);

/// Whether `name` may be a cluster's or daemon's: 1..kNameMax bytes of [A-Za-z0-9._-].
bool is_name(std::string_view name);

}  // namespace torc::config
