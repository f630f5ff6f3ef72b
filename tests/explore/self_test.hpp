// Whether ending runs in known states may be trusted.
#pragma once

namespace torc::explore {

/// On small bounds: pruned or not, an exploration must come to the same verdict and the same states
/// at rest; states with equal digests must have equal futures; and a digest that forgets time must
/// be found out. Works on a mutated core as well. Says what it did; false if something was wrong.
bool self_test();

}  // namespace torc::explore
