// The nearest right name for a wrong one, so that a message can ask "did you mean ...?".
#pragma once

#include <span>
#include <string_view>

namespace torc::config {

/// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal
/// string alignment). Case counts.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `name`, the first of equals; empty when none is near enough to be
/// meant: more than a third of its letters wrong, and more than one.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace torc::config
