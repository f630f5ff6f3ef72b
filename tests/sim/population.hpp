// Sessions and groups in numbers, for runs about scale: how many sessions each daemon has, and
// which groups each of them is in. Plain arithmetic, so that a test knows what must come out.
#pragma once

#include <cstdint>
#include <string>

namespace torc::sim {

struct Population {
    std::uint32_t groups{0};       ///< of the cluster
    std::uint32_t sessions{0};     ///< of each daemon
    std::uint32_t crowd{0};        ///< of daemon 0, if it has another number of them
    std::uint32_t memberships{3};  ///< groups of each session; at most `groups`

    std::uint32_t sessions_of(std::uint32_t daemon) const {
        return daemon == 0 && crowd != 0 ? crowd : sessions;
    }
    std::uint32_t joins_of(std::uint32_t daemon) const {
        return groups == 0 ? 0 : sessions_of(daemon) * memberships;
    }
    /// The number of the group that the `join`th join of a daemon is about. Daemons begin at
    /// different places and go on in turn, so that most groups have members of several daemons.
    std::uint32_t group_of(std::uint32_t daemon, std::uint32_t join) const {
        return static_cast<std::uint32_t>((std::uint64_t{daemon} * kStride + join) % groups);
    }
    static std::string group_name(std::uint32_t number) {
        return "market.prices." + std::to_string(number);
    }

private:
    static constexpr std::uint32_t kStride = 157;
};

}  // namespace torc::sim
