// `torcd --check FILE` and `torcd --print-config`, without the program around them.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "config/load.hpp"

namespace torc::config {

inline constexpr int kExitGood = 0;
/// EX_CONFIG of sysexits.h.
inline constexpr int kExitBadConfig = 78;

/// Writes one line for each error, with its remedy on the next.
void report(const std::vector<Error>& errors, std::ostream& err);

/// Says on `out` what a good file describes, or on `err` everything that is wrong with it.
/// Gives: the exit code.
int check_command(const std::string& path, const Overrides& overrides, std::ostream& out,
                  std::ostream& err);

/// Prints the settings in force, defaults and command line included, as a complete file.
int print_command(const std::string& path, const Overrides& overrides, std::ostream& out,
                  std::ostream& err);

}  // namespace torc::config
