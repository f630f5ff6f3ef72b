// Loading a configuration: file, then command line, then checks of everything against everything.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/schema.hpp"

namespace torc::config {

/// What the command line adds to a file.
struct Overrides {
    std::vector<std::string> sets{};  ///< "section.key=value", as given to --set; later ones win
    std::string node{};               ///< --node; wins over [daemon] node
    bool node_needed{true};           ///< false for tools that only want to know the cluster
};

struct LoadOutcome {
    Settings settings;          ///< meaningful only when `errors` is empty
    std::vector<Error> errors;  ///< all that is wrong, in the order of the file
    bool ok() const { return errors.empty(); }
};

/// Takes: a path. Gives: settings that satisfy every rule of the schema and of relations.hpp.
/// Fails: with each mistake as `file:line:column: message`. Cost: start-up only.
LoadOutcome load_file(const std::string& path, const Overrides& overrides = {});

/// The same from memory; `source` stands in for the path in messages.
LoadOutcome load_text(std::string_view text, const std::string& source,
                      const Overrides& overrides = {});

}  // namespace torc::config
