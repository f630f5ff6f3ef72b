// The hash that stands in every frame: two daemons whose cluster settings differ must not form a
// ring. It is taken over a canonical serialisation, not over the file's text, so that comments,
// order of keys and ways to write a number do not matter.
#include <string_view>

#include "config/settings.hpp"

namespace torc::config {

namespace {

/// Bumped when a setting is added: a daemon that does not know the setting has another cluster.
constexpr std::uint64_t kSerialisation = 3;

/// FNV-1a (Fowler, Noll, Vo) over little-endian bytes, with the finaliser of SplitMix64 so that the
/// low half, which is all that a hop header has room for, depends on every bit.
class Hasher {
public:
    void add(std::uint64_t value) {
        for (unsigned shift = 0; shift < 64; shift += 8) {
            add_byte(static_cast<std::uint8_t>(value >> shift));
        }
    }
    void add(std::string_view text) {
        add(text.size());
        for (const char c : text) add_byte(static_cast<std::uint8_t>(c));
    }
    void add(Nanos duration) { add(static_cast<std::uint64_t>(duration.count())); }

    std::uint64_t result() const {
        std::uint64_t mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
        return mixed ^ (mixed >> 31);
    }

private:
    void add_byte(std::uint8_t byte) { state_ = (state_ ^ byte) * 0x100000001B3u; }

    std::uint64_t state_{0xCBF29CE484222325u};
};

void add_timers(Hasher& hash, const Timers& timers) {
    hash.add(timers.token_retransmit);
    hash.add(timers.token_loss);
    hash.add(timers.join_interval);
    hash.add(timers.consensus);
    hash.add(timers.form_step);
    hash.add(timers.recovery);
    hash.add(timers.merge_probe);
    hash.add(timers.hold_refresh);
    hash.add(timers.hold_after);
}

}  // namespace

std::uint64_t fingerprint(const ClusterSettings& settings) {
    Hasher hash;
    hash.add(kSerialisation);
    hash.add(settings.name);
    hash.add(settings.nodes.size());
    for (const NodeEntry& node : settings.nodes) {
        hash.add(node.name);
        hash.add(node.address);
    }
    hash.add(static_cast<std::uint64_t>(settings.dissemination));
    hash.add(settings.multicast_group);
    hash.add(settings.data_port);
    hash.add(settings.frame_bytes);
    hash.add(settings.message_bytes);
    hash.add(settings.in_flight_frames);
    hash.add(static_cast<std::uint64_t>(settings.in_flight));
    hash.add(settings.burst_frames);
    hash.add(settings.status_frames ? 1u : 0u);
    hash.add(settings.groups);
    hash.add(settings.memberships);
    add_timers(hash, settings.timers);
    hash.add(settings.flush_deadline);
    return hash.result();
}

}  // namespace torc::config
