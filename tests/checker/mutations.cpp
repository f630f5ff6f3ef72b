#include "tests/checker/mutations.hpp"

#include <algorithm>
#include <cstdio>

#include "tests/checker/check.hpp"

namespace torc::check {
namespace {

using Difference = std::ptrdiff_t;

/// Applied to the first trace that has a place, and judged.
bool is_caught(const Mutation& mutation, std::span<const Trace> honest,
               std::span<const Field> fields) {
    for (std::size_t i = 0; i < honest.size(); ++i) {
        Trace broken = honest[i];
        if (!mutation.apply(broken, fields[i])) continue;
        const Verdict verdict = check(broken);
        const bool caught = verdict.broke(mutation.property);
        std::string others;
        for (const auto& [property, count] : verdict.counts()) {
            if (property != mutation.property) others += ' ' + property;
        }
        std::printf("%-6s %-4s %s%s%s\n", caught ? "caught" : "MISSED",
                    std::string(mutation.property).c_str(), std::string(mutation.name).c_str(),
                    others.empty() ? "" : "; also", others.c_str());
        return caught;
    }
    std::printf("NOWHERE %-4s %s: no trace has a place for it\n",
                std::string(mutation.property).c_str(), std::string(mutation.name).c_str());
    return false;
}

bool is_honest(std::span<const Trace> honest) {
    for (const Trace& trace : honest) {
        const Verdict verdict = check(trace);
        if (verdict.clean()) continue;
        std::printf("not an honest trace: %s: %s\n", verdict.findings().front().property.c_str(),
                    verdict.findings().front().text.c_str());
        return false;
    }
    return !honest.empty();
}

}  // namespace

void erase(Trace& trace, std::size_t at) {
    trace.records.erase(trace.records.begin() + static_cast<Difference>(at));
}

void move_before(Trace& trace, std::size_t from, std::size_t to) {
    const auto begin = trace.records.begin();
    const auto source = begin + static_cast<Difference>(from);
    const auto target = begin + static_cast<Difference>(to);
    if (from < to) {
        std::rotate(source, source + 1, target);
    } else {
        std::rotate(target, source, source + 1);
    }
}

void move_behind(Trace& trace, std::size_t from, std::size_t to) {
    move_before(trace, from, to + 1);
}

bool try_mutations(std::span<const Trace> honest) {
    if (!is_honest(honest)) return false;
    std::vector<Field> fields;
    for (const Trace& trace : honest) fields.emplace_back(trace);
    std::size_t tried = 0;
    std::size_t caught = 0;
    for (const auto mutations : {mutations_of_configurations(), mutations_of_deliveries(),
                                 mutations_of_sessions(), mutations_of_flush_groups()}) {
        for (const Mutation& mutation : mutations) {
            ++tried;
            if (is_caught(mutation, honest, fields)) ++caught;
        }
    }
    std::printf("%zu of %zu caught\n", caught, tried);
    return caught == tried;
}

}  // namespace torc::check
