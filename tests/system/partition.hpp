// A partition without cables, over any port: daemons of different sides are made deaf to each other
// by their lossy ports. The cluster must run with lossy.enabled=true.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/lossy_page.hpp"
#include "tools/torc/local_cluster.hpp"

namespace torc::system_test {

class Partition {
public:
    /// Takes: on which side each daemon is.
    Partition(const tool::LocalCluster& cluster, std::vector<int> sides)
        : cluster_{cluster}, sides_{std::move(sides)} {
        apply([this](std::size_t me, std::size_t other) { return sides_[me] != sides_[other]; });
    }
    ~Partition() { heal(); }
    Partition(const Partition&) = delete;
    Partition& operator=(const Partition&) = delete;

    void heal() {
        if (sides_.empty()) return;
        apply([](std::size_t, std::size_t) { return false; });
        sides_.clear();
    }

private:
    template <typename IsDeaf>
    void apply(IsDeaf&& is_deaf) const {
        for (std::size_t me = 0; me < sides_.size(); ++me) {
            const std::string path =
                dataplane::lossy_path(cluster_.folder(), "n" + std::to_string(me));
            auto rates = dataplane::read_rates(path);
            ASSERT_TRUE(rates) << rates.error().message;
            for (std::size_t other = 0; other < sides_.size(); ++other) {
                rates->set_deaf_to(NodeIndex{static_cast<std::uint16_t>(other)},
                                   is_deaf(me, other));
            }
            ASSERT_TRUE(dataplane::write_rates(path, *rates)) << path;
        }
    }

    const tool::LocalCluster& cluster_;
    std::vector<int> sides_;
};

}  // namespace torc::system_test
