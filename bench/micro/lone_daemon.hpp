// One daemon's groups over a hand-made order: the benchmarks are everybody else.
#pragma once

#include <string>
#include <vector>

#include "base/check.hpp"
#include "bench/micro/measure.hpp"
#include "bench/micro/tiny_wire.hpp"
#include "groups/groups.hpp"

namespace torc::bench {

using groups::EnvelopeKind;

inline constexpr NodeIndex kMe{0};
inline constexpr NodeIndex kOther{1};

inline std::vector<std::byte> record(EnvelopeKind kind, std::string_view session,
                                     const std::vector<std::string_view>& destinations,
                                     std::size_t payload = 0) {
    std::vector<std::byte> bytes(groups::kEnvelopeBytesMax);
    bytes.resize(groups::write_envelope(kind, 0, 0, session, destinations, bytes));
    const std::vector<std::byte> rest = payload_of(payload);
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    return bytes;
}

/// One daemon's groups: `locals` sessions here are members of "g0", "g1", ...
class Daemon {
public:
    Daemon(std::uint16_t locals, std::size_t groups, NodeIndex me = kMe)
        : groups_(cluster_of(2), me, upcalls(), counters_) {
        for (std::uint16_t slot = 0; slot < locals; ++slot) {
            const std::string name = "s" + std::to_string(slot);
            TORC_CHECK(groups_.sessions().open({slot, 0}, name) == groups::Sessions::Open::opened);
            for (std::size_t group = 0; group < groups; ++group) {
                order(kMe, slot, record(EnvelopeKind::join, name, {group_name(group)}));
            }
        }
    }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    static std::string_view group_name(std::size_t group) {
        static const std::vector<std::string> names = [] {
            std::vector<std::string> made;
            made.reserve(kGroupsPerMessageMax);
            for (std::size_t i = 0; i < kGroupsPerMessageMax; ++i) {
                made.push_back("g" + std::to_string(i));
            }
            return made;
        }();
        return names[group];
    }
    void order(NodeIndex sender, std::uint16_t slot, std::span<const std::byte> bytes) {
        ++seq_.raw;
        groups_.on_message({sender, {slot, 0}, Service::agreed, RingId{}, seq_, 0, bytes});
    }

    groups::Groups& groups() { return groups_; }

    std::uint64_t deliveries{0};  ///< copies for a session
    std::uint64_t views{0};

private:
    static Daemon& of(void* self) { return *static_cast<Daemon*>(self); }
    groups::GroupUpcalls upcalls() {
        groups::GroupUpcalls upcalls;
        upcalls.driver = this;
        upcalls.deliver_fn = [](void* self, const groups::Delivery& delivery) {
            of(self).deliveries += delivery.sessions.size();
        };
        upcalls.view_fn = [](void* self, const groups::ViewEvent& event) {
            of(self).views += event.members.empty() ? 0 : 1;
        };
        upcalls.session_fn = [](void*, SessionId, groups::SessionOutcome) {};
        return upcalls;
    }

    telemetry::CounterValues values_;
    telemetry::CounterSet counters_{values_};
    groups::Groups groups_;
    Seq seq_;
};

}  // namespace torc::bench
