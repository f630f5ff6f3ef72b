// Three ring cores in one thread, formed by their own membership. The program stops the world at
// the step that it measures: frames wait in the inboxes, and the token waits for `give_token`.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string_view>

#include "bench/instructions/tiny_host.hpp"

namespace torc::bench {

class TinyCluster {
public:
    static constexpr std::uint16_t kHosts = 3;
    static constexpr std::string_view kGroup{"group"};

    /// A ring of three; the sessions of hosts 1 and 2 are members of the group, that of host 0 is
    /// not, so that sending is not mixed with delivering. The token waits before host 0.
    TinyCluster();
    ~TinyCluster();
    TinyCluster(const TinyCluster&) = delete;
    TinyCluster& operator=(const TinyCluster&) = delete;

    TinyHost& host(std::size_t node) { return *hosts_[node]; }
    /// One pass of the host's loop, a little later than the one before.
    void pass(std::size_t node);
    /// Brings what was sent to the inboxes; the token stays behind.
    void carry();
    /// Puts the token into the inbox of the host that it was sent to, which must be `node`.
    void give_token(std::size_t node);

private:
    void turn();
    template <typename Condition>
    void run_until(Condition condition);

    VirtualTime time_{1'000'000'000};
    config::ClusterSettings settings_;
    TinyWire wire_;
    std::array<std::unique_ptr<TinyHost>, kHosts> hosts_;
    std::optional<Packet> token_;
};

}  // namespace torc::bench
