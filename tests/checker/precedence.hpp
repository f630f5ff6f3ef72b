// What must come before what, and whether there is an order that agrees with all of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace torc::check {

class Precedence {
public:
    explicit Precedence(std::size_t nodes) : nodes_(nodes) {}

    void add(std::uint32_t before, std::uint32_t after) { edges_.emplace_back(before, after); }

    /// Nodes of one circle, or nothing. O(nodes + edges log edges).
    std::vector<std::uint32_t> find_circle() {
        std::sort(edges_.begin(), edges_.end());
        edges_.erase(std::unique(edges_.begin(), edges_.end()), edges_.end());
        std::vector<std::uint32_t> waits_for(nodes_, 0);
        std::vector<std::size_t> first(nodes_ + 1, 0);
        for (const auto& [before, after] : edges_) {
            ++waits_for[after];
            ++first[before + 1];
        }
        for (std::size_t i = 0; i < nodes_; ++i) first[i + 1] += first[i];
        std::vector<std::uint32_t> ready;
        for (std::uint32_t node = 0; node < nodes_; ++node) {
            if (waits_for[node] == 0) ready.push_back(node);
        }
        std::size_t done = 0;
        for (; done < ready.size(); ++done) {
            for (std::size_t i = first[ready[done]]; i < first[ready[done] + 1]; ++i) {
                if (--waits_for[edges_[i].second] == 0) ready.push_back(edges_[i].second);
            }
        }
        return done == nodes_ ? std::vector<std::uint32_t>{} : circle_among(waits_for);
    }

private:
    /// Every node that still waits has a predecessor that waits: walk backwards until one repeats.
    std::vector<std::uint32_t> circle_among(const std::vector<std::uint32_t>& waits_for) const {
        std::vector<std::uint32_t> from(nodes_, kUnset);
        std::uint32_t node = kUnset;
        for (const auto& [before, after] : edges_) {
            if (waits_for[before] == 0 || waits_for[after] == 0) continue;
            from[after] = before;
            node = after;
        }
        std::vector<bool> seen(nodes_, false);
        while (node != kUnset && !seen[node]) {
            seen[node] = true;
            node = from[node];
        }
        std::vector<std::uint32_t> circle;
        for (std::uint32_t at = node; at != kUnset && (circle.empty() || at != node);) {
            circle.push_back(at);
            at = from[at];
        }
        std::reverse(circle.begin(), circle.end());
        return circle;
    }

    static constexpr std::uint32_t kUnset = 0xFFFFFFFF;
    std::size_t nodes_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> edges_;
};

}  // namespace torc::check
