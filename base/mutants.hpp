// Seeded bugs: what the tests must be able to see. Each one is a line of the core that does the
// wrong thing if its mutant is the active one; base/mutants.def says which, tests/mutants/README.md
// what kills it.
//
// Only a build with -Dmutants=true has them. In every other build `mutant()` is an immediate
// function that gives false, so that no code, no data and no symbol of any mutant remains.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace torc {

enum class Mutant : std::uint8_t {
    none,
#define TORC_MUTANT(name, text) name,
#include "base/mutants.def"
#undef TORC_MUTANT
};

struct MutantInfo {
    std::string_view name;
    std::string_view text;  ///< what the core does wrong
};

#ifdef TORC_MUTANTS

inline constexpr bool kHasMutants = true;

/// Whether this is the active mutant; counts how often the answer was yes.
bool mutant(Mutant which);

/// Makes the mutant of that name the active one, for the whole process: the one deliberate global
/// of the core, and only in this build. Gives false if there is none. Call it before any engine
/// runs.
bool select_mutant(std::string_view name);

/// How often the active mutant was asked for: 0 says that a run never came to its place.
std::uint64_t mutant_firings();

/// All of them, in the order of base/mutants.def.
std::span<const MutantInfo> mutants();

#else

inline constexpr bool kHasMutants = false;
consteval bool mutant(Mutant) { return false; }
inline bool select_mutant(std::string_view) { return false; }
inline std::uint64_t mutant_firings() { return 0; }
inline std::span<const MutantInfo> mutants() { return {}; }

#endif

}  // namespace torc
