// A record of the deliver ring as a torc_message, and its copy in the program's own memory. The
// daemon wrote it, and whoever answers at a socket's path calls itself a daemon: everything is
// checked before it is believed.
#pragma once

#include <cstddef>

#include "client_shm/rings.hpp"
#include "torc/torc.h"

namespace torc::client_shm {

struct Parsed {
    explicit Parsed(torc_message& filled) : message(filled) {}

    RecordView record;
    torc_message& message;            ///< the caller's; all of it is written, once
    const std::byte* names{nullptr};  ///< all names and sets: one stretch of the record
    std::size_t names_bytes{0};
};

/// Takes: `record`. Fills the rest. False: no daemon of this version wrote that, and what the
/// message says means nothing.
bool parse(Parsed& parsed);

/// Copies payload and names to the target and turns the message's pointers there. False, and
/// nothing is written: something does not fit and may not be cut.
bool copy_out(Parsed& parsed, const torc_target& target);

/// Whether the pointers that it needs are there, and its flags known.
bool is_target(const torc_target& target);

}  // namespace torc::client_shm
