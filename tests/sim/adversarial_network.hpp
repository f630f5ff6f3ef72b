// The adversarial network: any copy of any packet may be lost, late, doubled, out of order or
// corrupted, and any direction of any link may be cut. What it does is PacketFaults (evenly, to
// each copy) and LinkHazards (in bursts, at one place, to tokens, to hosts that are slow).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/prng.hpp"
#include "tests/sim/ailments.hpp"
#include "tests/sim/forger.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/options.hpp"

namespace torc::sim {

class AdversarialNetwork : public Network {
public:
    AdversarialNetwork(const Options& options, std::uint64_t seed);

    void carry(Instant now, std::uint32_t from, std::span<const std::uint32_t> to,
               const Packet& packet, std::vector<Arrival>& out) override;
    void calm() override;

private:
    /// One packet on its way to one host.
    struct Copy {
        std::uint32_t from{0};
        std::uint32_t to{0};
        bool multicast{false};
        std::uint32_t kind{0};
    };
    /// What a directed link remembers.
    struct Link {
        bool bad{false};                  ///< Gilbert-Elliott
        std::array<Instant, 3> last{};    ///< arrival of the copy sent last: DATA, tokens, others
        std::array<Instant, 3> before{};  ///< and of the one before
    };

    void carry_copy(Instant now, const Copy& copy, const Packet& packet, std::vector<Arrival>& out);
    bool loses(const Copy& copy, std::size_t bytes);
    bool loses_in_burst(Link& link);
    bool is_nth(std::uint32_t kind);
    /// When it arrives.
    Instant arrival(Instant now, const Copy& copy);
    Nanos lag(std::uint32_t kind);
    Instant in_line(Instant at, Instant now, const Copy& copy);
    /// Hands it to the host, unless that is too slow.
    void put(Instant now, Instant at, std::uint32_t to, const Packet& packet,
             std::vector<Arrival>& out);
    /// Copies beside the one that was asked for.
    void encores(const Copy& copy, const Packet& packet, std::vector<Arrival>& out);
    void remember(std::uint32_t kind, const Packet& packet);
    void lie(const Packet& truth, std::vector<Arrival>& out);
    Packet damaged(const Packet& packet);
    bool happens(std::uint32_t per_million) {
        return per_million != 0 && prng_.chance(per_million);
    }
    Nanos delay();
    Nanos up_to(Nanos most);
    Link& link(const Copy& copy) { return links_[copy.from * nodes() + copy.to]; }

    PacketFaults faults_;
    LinkHazards hazards_;
    Nanos token_loss_;
    std::uint32_t config_hash_;
    Prng prng_;
    Ailments ailments_;
    Forger forger_;
    std::vector<Link> links_;
    std::vector<Instant> busy_until_;  ///< slow hosts
    std::uint64_t of_kind_{0};         ///< frames of `nth_kind` so far
    std::vector<Packet> tokens_;       ///< a sample of all that were sent
    std::uint64_t tokens_seen_{0};
    Packet last_packet_;

    static constexpr std::size_t kTokensKept = 64;
};

}  // namespace torc::sim
