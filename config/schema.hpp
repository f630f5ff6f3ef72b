// The one table of configuration keys. Parsing, checking, printing, the example file's test and the
// generated documentation all walk it; a key that is not here does not exist.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.hpp"

namespace torc::config {

/// Everything one daemon is told.
struct Settings {
    ClusterSettings cluster;
    NodeSettings node;
};

enum class Scope : std::uint8_t {
    cluster,  ///< equal on every daemon; part of the fingerprint
    node,     ///< local
};

/// How a value is written. Durations and sizes are strings with a unit.
enum class ValueType : std::uint8_t {
    text,
    name,     ///< 1..kNameMax bytes of [A-Za-z0-9._-]
    path,     ///< absolute, or empty
    address,  ///< IPv4 of a daemon
    group,    ///< IPv4 multicast group
    integer,
    boolean,
    duration,
    bytes,
    choice,
    texts,  ///< array of strings
};

/// A value in its internal form: integers, addresses, nanoseconds, bytes and the position of a
/// choice are std::int64_t.
using Value = std::variant<std::int64_t, bool, std::string, std::vector<std::string>>;

struct Key {
    std::string_view section{};  ///< "cluster", "cluster.timers", "node" (of each), "daemon"
    std::string_view name{};
    Scope scope{};
    ValueType type{};
    std::string_view fallback{};  ///< the default as it is written in TOML; empty: must be given
    std::int64_t least{0};        ///< integer, duration (ns), bytes
    std::int64_t most{0};
    std::span<const std::string_view> choices{};
    std::string_view zero_word{};  ///< bytes: what is written for 0, which is otherwise too little
    std::string_view text{};       ///< one or two sentences
    std::string_view spread{};     ///< counterpart in Spread's configuration, or empty
    std::string_view corosync{};   ///< counterpart in corosync.conf, or empty
    /// Null for keys without a place of their own: `profile`, and those of [[node]].
    Value (*get)(const Settings&){nullptr};
    void (*set)(Settings&, const Value&){nullptr};
};

/// All keys, in the order of the example file; static storage.
std::span<const Key> schema();
/// The sections, in the same order.
std::span<const std::string_view> sections();
const Key* find_key(std::string_view section, std::string_view name);

/// Presets of protocol.md 3.5; `profile` is one of the choices of cluster.timers.profile.
Timers timers_of_profile(std::size_t profile);

/// A value as it is written in TOML, quotes and unit included. Reading it back gives the value.
std::string to_toml(const Key& key, const Value& value);
/// A basic TOML string with everything escaped that needs it.
std::string quoted(std::string_view text);

}  // namespace torc::config
