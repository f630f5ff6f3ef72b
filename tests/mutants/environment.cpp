// Lets any test program of a -Dmutants=true build run with the mutant named in TORC_MUTANT. Linked
// in behind GoogleTest (tests/meson.build), because a program of the framework has no options.
#include <cstdlib>

#include "base/check.hpp"
#include "base/mutants.hpp"

namespace {

const bool chosen = [] {
    const char* const name = std::getenv("TORC_MUTANT");
    if (name == nullptr || *name == '\0') return false;
    TORC_CHECK(torc::select_mutant(name) && "TORC_MUTANT names a mutant of base/mutants.def");
    return true;
}();

}  // namespace
