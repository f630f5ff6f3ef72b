// The counter table as data: names and documentation for the mapped file, tools and generated docs.
#include "telemetry/counters.hpp"

#include "base/check.hpp"

namespace torc::telemetry {

namespace {

constexpr std::array<CounterInfo, kCounters> kTable{{
#define TORC_COUNTER(name, kind, unit, text) \
    {CounterId::name, CounterKind::kind, #name, #unit, text},
#include "telemetry/counters.def"
#undef TORC_COUNTER
}};

}  // namespace

std::span<const CounterInfo> counter_table() { return kTable; }

std::string_view name_of(CounterId id) {
    TORC_CHECK(static_cast<std::size_t>(id) < kCounters);
    return kTable[static_cast<std::size_t>(id)].name;
}

std::string_view name_of(CounterKind kind) {
    switch (kind) {
        case CounterKind::counter:
            return "counter";
        case CounterKind::gauge:
            return "gauge";
        case CounterKind::peak:
            return "peak";
    }
    return "unknown";
}

}  // namespace torc::telemetry
