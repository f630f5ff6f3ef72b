// The fixture of the tests that call the library wrongly: two daemons, a session at each.
#pragma once

#include <memory>
#include <vector>

#include "tests/system/witness.hpp"

namespace torc::system_test {

inline constexpr std::int64_t kWait = std::chrono::nanoseconds(kPatience).count();
inline constexpr std::size_t kMessageBytes = std::size_t{256} << 10;

class Outcomes : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        ClusterPlan plan = patient_plan();
        plan.nodes = 2;
        plan.settings.emplace_back("cluster.message_bytes=256KiB");
        cluster_ = std::make_unique<LocalCluster>(plan);
        cluster_->start();
    }
    static void TearDownTestSuite() { cluster_.reset(); }
    static const LocalCluster& cluster() { return *cluster_; }

    Outcomes() : ann_(cluster(), 0, "ann"), bob_(cluster(), 1, "bob") {}
    torc_session* ann() { return ann_.session().raw(); }

    /// The library took it; the daemon must refuse it, and with it nothing else.
    void expect_refused(int code, int reason) {
        ASSERT_EQ(code, TORC_OK);
        const std::vector<Record> got = ann_.drain();
        ASSERT_EQ(got.size(), 1u) << text_of(got);
        EXPECT_EQ(got[0].kind, TORC_REFUSED);
        EXPECT_EQ(got[0].reason, reason) << torc_strerror(got[0].reason);
        EXPECT_EQ(got[0].operation, torc_operations(ann()) - 1) << "the marker came behind it";
    }

    Witness ann_;
    Witness bob_;

private:
    inline static std::unique_ptr<LocalCluster> cluster_;
};

}  // namespace torc::system_test
