#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace torc {
namespace {

void print_to_stderr(const char* expression, const std::source_location& where) {
    std::fprintf(stderr, "torc: CHECK failed: %s at %s:%u (%s)\n", expression, where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name());
}

CheckHandler handler = &print_to_stderr;

}  // namespace

void set_check_handler(CheckHandler replacement) { handler = replacement; }

void check_failed(const char* expression, std::source_location where) {
    handler(expression, where);
    std::abort();
}

}  // namespace torc
