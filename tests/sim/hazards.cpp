#include "tests/sim/hazards.hpp"

#include <algorithm>
#include <array>
#include <sstream>

#include "base/prng.hpp"
#include "tests/sim/ailments.hpp"
#include "wire/hop.hpp"

namespace torc::sim {
namespace {

/// A hundred names of 255 bytes in each message: nine nodes read them for more than a minute.
constexpr std::uint32_t kLongDestinationsMax = 24;

/// Draws the hazards of one seed. Each group of fields is there or not, whatever the others are.
class Draw {
public:
    Draw(std::uint64_t seed, std::uint32_t nodes, Nanos token_loss)
        : prng_(seed ^ 0x68617A61726473u),
          nodes_(nodes),
          loss_us_(static_cast<std::uint64_t>(token_loss.count()) / 1000) {}

    LinkHazards link() {
        LinkHazards link;
        losses(link);
        order(link);
        copies(link);
        if (happens(200'000)) tokens(link);
        if (happens(200'000)) slow_hosts(link);
        if (happens(250'000)) ailments(link);
        return link;
    }

    HostHazards host() {
        HostHazards host;
        // 500 ppm is what crystals do; 2 % is what a hypervisor may do.
        if (happens(350'000)) host.clock_ppm = happens(700'000) ? 500 : 20'000;
        if (happens(200'000)) host.timer_tick = some(1, loss_us_ / 20);
        if (happens(200'000)) {
            host.drought_every = some(loss_us_ / 2, 6 * loss_us_);
            host.drought_lasts = some(100, loss_us_);
        }
        if (happens(150'000)) host.frames = some(600, 1200);
        return host;
    }

    ClientHazards client() {
        ClientHazards client;
        if (happens(200'000)) client.flood = some(1, 6);
        if (happens(100'000)) client.groups = some(20, 150);
        if (happens(250'000)) client.destinations = happens(800'000) ? some(1, 6) : some(90, 100);
        if (happens(300'000)) client.empty = some(10'000, 300'000);
        if (happens(150'000)) client.largest = some(2'000, 20'000);
        if (happens(200'000)) client.illegal = some(10'000, 200'000);
        if (happens(250'000)) client.self_discard = some(50'000, 800'000);
        if (happens(250'000)) client.departed = some(10'000, 300'000);
        if (happens(250'000)) client.fickle = some(10'000, 200'000);
        if (happens(150'000)) client.reopen = some(20'000, 400'000);
        if (happens(250'000)) client.long_names = 1;
        if (client.long_names != 0) {
            client.destinations = std::min(client.destinations, kLongDestinationsMax);
        }
        if (happens(500'000)) flush(client);
        return client;
    }

private:
    bool happens(std::uint32_t per_million) { return prng_.chance(per_million); }
    std::uint32_t some(std::uint64_t low, std::uint64_t high) {
        return static_cast<std::uint32_t>(prng_.between(low, std::max(low, high)));
    }

    void losses(LinkHazards& link) {
        if (happens(200'000)) {
            link.burst_start = some(500, 20'000);
            link.burst_end = some(20'000, 300'000);
            link.burst_loss = some(300'000, 1'000'000);
        }
        if (happens(150'000) && nodes_ > 1) {
            link.bad_to = some(0, nodes_ - 1);
            link.bad_from = (link.bad_to + some(1, nodes_ - 1)) % nodes_;
            link.bad_loss = some(100'000, 900'000);
        }
        if (happens(150'000)) {
            link.nth_kind = some(1, wire::kKindLast);
            link.nth = some(2, 40);
        }
    }

    void order(LinkHazards& link) {
        if (happens(500'000)) link.in_order = 1;
        if (happens(250'000)) link.swap = some(1'000, 300'000);
        if (happens(150'000)) link.data_lag = some(10, loss_us_ / 4);
        // A rotation must still fit a token_loss.
        if (happens(150'000)) link.token_lag = some(1, loss_us_ / (4 * nodes_));
    }

    void copies(LinkHazards& link) {
        if (happens(200'000)) link.mangle = some(500, 30'000);
        if (happens(200'000)) {
            link.encore = some(100, 10'000);
            link.encore_ms = some(1, 2'000);
        }
    }

    void tokens(LinkHazards& link) {
        if (happens(500'000)) link.token_veto = some(50, 3'000);
        if (happens(500'000)) link.token_again = some(1'000, 100'000);
        if (happens(500'000)) link.old_token = some(100, 20'000);
    }

    void slow_hosts(LinkHazards& link) {
        link.slow_hosts = some(1, (1u << std::min(nodes_, 31u)) - 1);
        link.slow_ns = some(500, 20'000);
        link.slow_ring = some(8, 512);
    }

    void flush(ClientHazards& client) {
        constexpr std::array kModes{kEvenFlush, kEvenFlush, kAllFlush, kAllFlush, kMixedFlush};
        client.flush = kModes[prng_.below(kModes.size())];
        if (happens(700'000)) client.flush_wait = some(1, 2 * loss_us_);
        if (happens(300'000)) client.silent = some(10'000, 300'000);
        if (happens(500'000)) client.subgroup = some(50'000, 500'000);
        if (happens(500'000)) client.eager = some(100'000, 1'000'000);
    }

    void ailments(LinkHazards& link) {
        link.ailments = some(1, (1u << kAilments) - 1);
        link.ailment_every = some(loss_us_ / 4, 4 * loss_us_);
        link.ailment_lasts = some(1'000, 1'000 + 4 * loss_us_);
    }

    Prng prng_;
    std::uint32_t nodes_;
    std::uint64_t loss_us_;
};

}  // namespace

Hazards hazards_from_seed(std::uint64_t seed, std::uint32_t nodes, Nanos token_loss) {
    Draw draw(seed, nodes, token_loss);
    Hazards hazards;
    hazards.link = draw.link();
    hazards.host = draw.host();
    hazards.client = draw.client();
    return hazards;
}

std::string describe(const Hazards& hazards) {
    std::ostringstream text;
    for_each_hazard(hazards, [&text](const char* name, std::uint32_t value) {
        if (value == 0) return;
        text << (text.tellp() == std::streampos{0} ? "" : ", ") << name << ' ' << value;
    });
    return text.tellp() == std::streampos{0} ? "none" : text.str();
}

}  // namespace torc::sim
