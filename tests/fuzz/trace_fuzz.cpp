// The reader of traces and the checker behind it: any bytes give an error or a verdict.
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "tests/checker/check.hpp"
#include "tests/checker/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    std::istringstream in(text);
    torc::check::Trace trace;
    torc::check::Limits limits;
    limits.records = 10'000;
    if (!torc::check::read_text(in, trace, limits).empty()) return 0;
    torc::check::Options options;
    options.at_rest = true;
    static_cast<void>(torc::check::check(trace, options));
    return 0;
}
