// Assertions for programming errors. They stay on in every build: a broken invariant must never
// reach a client as a wrong order. Hostile input is never checked here; it is counted and dropped.
#pragma once

#include <source_location>

namespace torc {

/// Called once with the failed expression before the process aborts; the daemon hangs its flight
/// recorder here. Must not return to the caller's logic; after it the process aborts.
using CheckHandler = void (*)(const char* expression, const std::source_location& where);

/// Replaces the handler that prints to stderr. Not thread-safe; call it before threads start.
void set_check_handler(CheckHandler handler);

/// Reports the failed expression through the handler and aborts.
[[noreturn]] void check_failed(const char* expression,
                               std::source_location where = std::source_location::current());

}  // namespace torc

#define TORC_CHECK(condition)                                                 \
    (__builtin_expect(static_cast<bool>(condition), 1) ? static_cast<void>(0) \
                                                       : ::torc::check_failed(#condition))

// Checks too dear for the hot path: on in debug builds, sanitizers and the simulator.
#ifdef TORC_DEBUG_CHECKS
#define TORC_DCHECK(condition) TORC_CHECK(condition)
#else
#define TORC_DCHECK(condition) static_cast<void>(0)
#endif
