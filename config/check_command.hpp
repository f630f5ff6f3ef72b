// `torcd --check FILE` and `torcd --print-config`, without the program around them.
#pragma once

#include <functional>
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

/// The same for what is no mistake but will hardly be meant.
void report_warnings(const std::vector<Error>& warnings, std::ostream& err);

/// What the machine has to say about settings that are good in themselves. This room does not look
/// at machines; whoever does may fill in what the settings leave to it (`mtu = "auto"`).
struct Opinion {
    std::vector<Error> errors;    ///< a daemon could not start here
    std::vector<Error> warnings;  ///< it could, but not as it was meant
};
using AskMachine = std::function<Opinion(Settings&)>;

/// Says on `out` what a good file describes, or on `err` everything that is wrong with it.
/// Gives: the exit code.
int check_command(const std::string& path, const Overrides& overrides, std::ostream& out,
                  std::ostream& err, const AskMachine& ask = {});

/// Prints the settings in force, defaults and command line included, as a complete file.
int print_command(const std::string& path, const Overrides& overrides, std::ostream& out,
                  std::ostream& err, const AskMachine& ask = {});

}  // namespace torc::config
