// The counters file: what a daemon shows of itself to tools that need no answer from it, also after
// its death. All offsets are in the header, so that a reader of another version finds its way.
//
//   header | names of the counters | values, one block a writer | status | one record a session
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/limits.hpp"
#include "telemetry/counters.hpp"
#include "telemetry/snapshot.hpp"

namespace torc::telemetry {

/// "torcstat", as little-endian bytes. Written last: a file without it is not ready.
inline constexpr std::uint64_t kCountersMagic = 0x74617473'63726F74;
/// Bumped when the meaning of this header or of the two status records changes.
inline constexpr std::uint32_t kCountersVersion = 2;

/// Who writes values: each has a block of its own, a reader adds the blocks up (for peaks it takes
/// the larger one).
enum class Writer : std::uint8_t { ring_core, control_thread };
inline constexpr std::size_t kWriters = 2;

struct FileHeader {
    std::uint64_t magic{0};
    std::uint32_t version{kCountersVersion};
    std::uint32_t pid{0};
    std::uint64_t incarnation{0};
    std::uint64_t start_ns{0};  ///< CLOCK_MONOTONIC
    std::uint64_t config_fingerprint{0};
    std::uint64_t file_bytes{0};
    std::uint32_t names_offset{0};
    std::uint32_t values_offset{0};
    std::uint32_t status_offset{0};
    std::uint32_t sessions_offset{0};
    std::uint32_t counters{0};  ///< entries of the names area and of each values block
    std::uint32_t writers{0};
    std::uint32_t values_stride{0};  ///< bytes from one writer's block to the next
    std::uint32_t sessions{0};
    /// CLOCK_MONOTONIC of the ring core's latest look at it, on a line of its own.
    alignas(kCacheLine) std::uint64_t heartbeat_ns{0};
};

struct CounterName {
    std::array<char, 40> name{};  ///< ends with a NUL
    std::array<char, 16> unit{};
    std::uint8_t kind{0};  ///< CounterKind
    std::array<std::uint8_t, 7> reserved{};
};
static_assert(sizeof(CounterName) == 64);

/// Flags of MemberStatus.
enum MemberFlag : std::uint16_t { kMemberConfigured = 1, kMemberInRing = 2, kMemberSelf = 4 };

struct MemberStatus {
    std::array<char, kNameMax + 1> name{};
    std::uint64_t incarnation{0};
    std::uint32_t address{0};  ///< IPv4, host order
    std::uint16_t index{0};
    std::uint16_t flags{0};  ///< MemberFlag
};
static_assert(sizeof(MemberStatus) == 48);

/// The ring as this daemon sees it.
struct StatusBlock {
    std::array<char, kNameMax + 1> cluster{};
    std::array<char, kNameMax + 1> node{};
    std::uint64_t ring_epoch{0};
    std::uint64_t ring_since_ns{0};  ///< CLOCK_MONOTONIC of the install
    std::uint64_t high{0};
    std::uint64_t aru{0};
    std::uint64_t stable{0};
    std::uint64_t delivered{0};
    std::uint16_t ring_representative{0};
    std::uint8_t state{0};     ///< membership::State
    std::uint8_t cause{0};     ///< membership::Cause: why that state was entered
    std::uint32_t members{0};  ///< entries of member_list that are used
    std::array<MemberStatus, kNodesMax> member_list{};  ///< every configured daemon, by index
};

/// One local session.
struct SessionStatus {
    std::array<char, kNameMax + 1> name{};
    std::uint32_t id{0};    ///< raw SessionId
    std::uint32_t open{0};  ///< 0: the place is free
    std::uint32_t pid{0};
    std::uint32_t uid{0};
    std::uint64_t opened_ns{0};
    std::uint64_t messages_in{0};       ///< operations taken from the client
    std::uint64_t messages_ordered{0};  ///< of those, how many got their place in the order
    std::uint64_t messages_refused{0};  ///< of those, how many were refused before that
    std::uint64_t messages_out{0};      ///< records written for the client
    std::uint64_t deliver_unread{0};    ///< of those, how many it has not released: its lag
    std::uint64_t deliver_used{0};      ///< bytes of them
    std::uint64_t deliver_capacity{0};  ///< bytes that there is room for
};

/// The whole file of this version.
struct CountersPage {
    FileHeader header;
    std::array<CounterName, kCounters> names;
    std::array<CounterValues, kWriters> values;
    Snapshot<StatusBlock> status;
    std::array<Snapshot<SessionStatus>, kSessionsMax> sessions;
};
static_assert(std::is_standard_layout_v<CountersPage>);
static_assert(std::is_trivially_copyable_v<CountersPage>);

/// Who a page belongs to.
struct PageOwner {
    std::uint32_t pid{0};
    std::uint64_t incarnation{0};
    std::uint64_t start_ns{0};
    std::uint64_t config_fingerprint{0};
};

/// Fills a zeroed page: names, offsets, owner, and the magic last.
void prepare(CountersPage& page, const PageOwner& owner);

/// Copies a name and pads it with NULs; cuts what does not fit.
template <std::size_t N>
void set_name(std::array<char, N>& field, std::string_view name) {
    field = {};
    for (std::size_t i = 0; i < name.size() && i + 1 < N; ++i) field[i] = name[i];
}
/// The name in a field that somebody else wrote: up to a NUL, or all of it.
template <std::size_t N>
std::string_view get_name(const std::array<char, N>& field) {
    std::size_t size = 0;
    while (size < N && field[size] != '\0') ++size;
    return {field.data(), size};
}

inline void beat(CountersPage& page, std::uint64_t now_ns) {
    std::atomic_ref<std::uint64_t>{page.header.heartbeat_ns}.store(now_ns,
                                                                   std::memory_order_relaxed);
}

}  // namespace torc::telemetry
