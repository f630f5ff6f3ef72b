// Makes a page that readers accept.
#include "telemetry/layout.hpp"

#include <cstddef>

namespace torc::telemetry {

namespace {

constexpr bool names_fit() {
    constexpr std::array<std::string_view, kCounters> names{
#define TORC_COUNTER(name, kind, unit, text) #name,
#include "telemetry/counters.def"
#undef TORC_COUNTER
    };
    for (const std::string_view name : names) {
        if (name.size() >= std::tuple_size_v<decltype(CounterName::name)>) return false;
    }
    return true;
}
static_assert(names_fit());

}  // namespace

void prepare(CountersPage& page, const PageOwner& owner) {
    for (const CounterInfo& info : counter_table()) {
        CounterName& entry = page.names[static_cast<std::size_t>(info.id)];
        set_name(entry.name, info.name);
        set_name(entry.unit, info.unit);
        entry.kind = static_cast<std::uint8_t>(info.kind);
    }
    FileHeader& header = page.header;
    header.version = kCountersVersion;
    header.pid = owner.pid;
    header.incarnation = owner.incarnation;
    header.start_ns = owner.start_ns;
    header.config_fingerprint = owner.config_fingerprint;
    header.file_bytes = sizeof(CountersPage);
    header.names_offset = offsetof(CountersPage, names);
    header.values_offset = offsetof(CountersPage, values);
    header.status_offset = offsetof(CountersPage, status);
    header.sessions_offset = offsetof(CountersPage, sessions);
    header.counters = kCounters;
    header.writers = kWriters;
    header.values_stride = sizeof(CounterValues);
    header.sessions = kSessionsMax;
    beat(page, owner.start_ns);
    std::atomic_ref<std::uint64_t>{header.magic}.store(kCountersMagic, std::memory_order_release);
}

}  // namespace torc::telemetry
