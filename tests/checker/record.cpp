#include "tests/checker/record.hpp"

namespace torc::check {

Trace::Trace() {
    name("");
    list({});
}

Name Trace::name(std::string_view text) {
    const auto next = static_cast<Name>(names_.size());
    const auto [at, fresh] = name_numbers_.try_emplace(std::string(text), next);
    if (fresh) names_.emplace_back(text);
    return at->second;
}

List Trace::list(std::span<const std::uint32_t> numbers) {
    const auto next = static_cast<List>(lists_.size());
    const auto [at, fresh] = list_numbers_.try_emplace({numbers.begin(), numbers.end()}, next);
    if (fresh) lists_.emplace_back(numbers.begin(), numbers.end());
    return at->second;
}

std::size_t Trace::ListHash::operator()(const std::vector<std::uint32_t>& numbers) const {
    std::uint64_t hash = numbers.size();
    for (const std::uint32_t number : numbers) {
        hash = (hash ^ number) * 0x9E3779B97F4A7C15u;
        hash ^= hash >> 29;
    }
    return static_cast<std::size_t>(hash);
}

}  // namespace torc::check
