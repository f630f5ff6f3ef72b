// Received records as lines of text, for `torc receive` and `torc chat`.
#pragma once

#include <string>

#include "torc/torc.h"

namespace torc::tool {

/// One line without newline. Payload bytes that are not printable come as \xNN; at most
/// `payload_max` of them are shown.
std::string line_of(const torc_message& message, std::size_t payload_max);

}  // namespace torc::tool
