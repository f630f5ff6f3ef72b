#include "base/mutants.hpp"

#include <array>
#include <atomic>

namespace torc {
namespace {

constexpr std::array kMutants{
#define TORC_MUTANT(name, text) MutantInfo{#name, text},
#include "base/mutants.def"
#undef TORC_MUTANT
};

Mutant named(std::string_view name) {
    for (std::size_t i = 0; i < kMutants.size(); ++i) {
        if (kMutants[i].name == name) return static_cast<Mutant>(i + 1);
    }
    return Mutant::none;
}

Mutant active = Mutant::none;
std::atomic<std::uint64_t> firings{0};  // a simulator may run several worlds at a time

}  // namespace

bool mutant(Mutant which) {
    if (which != active) return false;
    firings.fetch_add(1, std::memory_order_relaxed);
    return true;
}

bool select_mutant(std::string_view name) {
    const Mutant found = named(name);
    if (found == Mutant::none) return false;
    active = found;
    firings = 0;
    return true;
}

std::uint64_t mutant_firings() { return firings.load(std::memory_order_relaxed); }

std::span<const MutantInfo> mutants() { return kMutants; }

}  // namespace torc
