// A number for everything that decides how a run goes on and how it will be judged: engines, frames
// under way, the rest of the script, what the oracles remember. Times count from now.
//
// The digests read the private state of the core: their files are compiled without access control,
// so that the product needs no opening for a test. What they leave out must not matter; `torc-
// explore --check-digest` holds them to that: states with equal digests must have equal futures.
#pragma once

#include <cstdint>

#include "tests/explore/hasher.hpp"

namespace torc::engine {
class Engine;
}
namespace torc::groups {
class Groups;
}
namespace torc::membership {
class Former;
}
namespace torc::ordering {
class Ring;
}
namespace torc::sim {
class Oracle;
}

namespace torc::explore {

class Node;
class World;

/// `blind`: without any time, a mistake for the test of the tests.
std::uint64_t digest_of(const World& world, bool blind = false);

void add(Hasher& hash, const ordering::Ring& ring);
void add(Hasher& hash, const membership::Former& former, std::size_t nodes);
void add(Hasher& hash, const groups::Groups& groups);
/// Of the lives, those that `is_over` names have no future and so no state.
void add(Hasher& hash, const sim::Oracle& oracle, const World& world);
void add(Hasher& hash, const Node& node);

}  // namespace torc::explore
