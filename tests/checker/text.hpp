// Traces as text: a header line `torc-trace 1`, then one record a line, a kind and `key=value`
// words. README.md has the reference. Lines that are empty or begin with `#` say nothing.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>

#include "tests/checker/record.hpp"

namespace torc::check {

/// What a reader takes before it gives up: memory stays bounded whatever the file holds.
struct Limits {
    std::size_t line_bytes{64 * 1024};
    std::size_t records{50'000'000};
    std::size_t names{1'000'000};
    std::size_t lists{1'000'000};
    std::size_t list_length{4096};
};

/// Appends what the stream holds to `trace`, so that several files of one run become one trace.
/// Gives the empty string, or `line 7: what is wrong`; the trace then holds what came before.
/// Total on any bytes.
std::string read_text(std::istream& in, Trace& trace, const Limits& limits = {});

void write_header(std::ostream& out);
/// One line with its end.
std::string line_of(const Trace& trace, const Record& record);
void write_text(std::ostream& out, const Trace& trace);

}  // namespace torc::check
