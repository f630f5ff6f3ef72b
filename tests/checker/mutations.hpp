// Traces broken on purpose: each mutation finds a place in an honest trace where what it does
// breaks a promise, does it, and names the property that must notice. The checker's own teeth.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tests/checker/field.hpp"
#include "tests/checker/record.hpp"

namespace torc::check {

struct Mutation {
    std::string_view name;
    std::string_view property;
    /// False if the trace has no place for it; it is then unchanged.
    bool (*apply)(Trace& trace, const Field& field);
};

std::span<const Mutation> mutations_of_configurations();
std::span<const Mutation> mutations_of_deliveries();
std::span<const Mutation> mutations_of_sessions();
std::span<const Mutation> mutations_of_flush_groups();

// What mutations do to a trace.
void erase(Trace& trace, std::size_t at);
void move_before(Trace& trace, std::size_t from, std::size_t to);  ///< to: a position as it is now
void move_behind(Trace& trace, std::size_t from, std::size_t to);

/// Applies every mutation to the first of the traces that has a place for it and prints what became
/// of each, last `K of K caught`. True if all were caught by the property expected.
bool try_mutations(std::span<const Trace> honest);

}  // namespace torc::check
