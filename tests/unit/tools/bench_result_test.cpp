// What the runs of a cell amount to.
#include "tools/torc/bench_result.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace torc::tool {
namespace {

BenchCell cell_with(double rate) {
    BenchCell cell;
    cell.port = "vhost";
    cell.mtu = 1500;
    cell.nodes = 3;
    cell.senders = 1;
    cell.receivers = 2;
    cell.load.payload_bytes = 1000;
    cell.load.messages_per_second = rate;
    return cell;
}

CellResult run_with(double messages_per_second, std::uint64_t latency_us) {
    CellResult run;
    run.messages_per_second = messages_per_second;
    run.payload_bits_per_second = messages_per_second * 8000;
    run.own_latency.record(latency_us * 1000, 9999);
    run.own_latency.record(latency_us * 10'000, 1);
    run.others_latency.record(2 * latency_us * 1000, 3);
    run.daemon_cpu_percent = {50, 60, 70};
    run.order_hashes = {0xAB, 0xAB, 0xAB};
    run.same_order = true;
    return run;
}

TEST(BenchResult, AFloodIsJudgedByItsRateAndARateByItsLatency) {
    const std::vector<CellResult> runs{run_with(300, 5), run_with(100, 7), run_with(200, 9)};
    EXPECT_EQ(median_run(cell_with(0), runs), 2u);
    EXPECT_EQ(median_run(cell_with(1000), runs), 1u);
}

TEST(BenchResult, OfAnEvenNumberTheWorseInTheMiddle) {
    const std::vector<CellResult> runs{run_with(300, 5), run_with(100, 7), run_with(200, 9),
                                       run_with(400, 11)};
    EXPECT_EQ(median_run(cell_with(0), runs), 2u);
    EXPECT_EQ(median_run(cell_with(1000), runs), 2u);
    EXPECT_EQ(median_run(cell_with(0), {run_with(1, 1)}), 0u);
}

TEST(BenchResult, TheJsonHasWhatTheIssueNames) {
    const auto json = to_json(cell_with(0), {run_with(100, 5)}, {});
    for (const char* name :
         {"port", "nodes", "senders", "payload_bytes", "service", "offered", "messages_per_second",
          "p50_us", "p99_us", "p99_9_us", "p99_99_us", "max_us", "others_p50_us", "all_p50_us",
          "spin_us", "ceiling_frames_per_second", "daemon_cpu_percent", "same_order"}) {
        EXPECT_TRUE(json.contains(name)) << name;
    }
    EXPECT_EQ(json["offered"], "flood");
    EXPECT_EQ(json["nodes"], 3);
    EXPECT_EQ(json["max_us"], 50.0);
    EXPECT_EQ(json["others_max_us"], 10.0);
    EXPECT_EQ(json["order_hash"][0], "00000000000000ab");
    EXPECT_TRUE(json["ceiling_frames_per_second"].is_null());
    EXPECT_FALSE(json.contains("share_of_ceiling"));
    EXPECT_EQ(to_json(cell_with(1000), {run_with(100, 5)}, {})["offered"], 1000.0);
}

TEST(BenchResult, SharesAreOfThePayload) {
    const auto json = to_json(cell_with(0), {run_with(100, 5)},
                              {.ceiling = Ceiling{1000, 1250}, .link_bits_per_second = 8e6});
    EXPECT_EQ(json["ceiling_frames_per_second"], 1000.0);
    EXPECT_DOUBLE_EQ(json["share_of_ceiling"].get<double>(), 100.0 * 1000 / (1000.0 * 1250));
    EXPECT_DOUBLE_EQ(json["share_of_link"].get<double>(), 0.1);
}

TEST(BenchResult, OneRunWithAnotherOrderSpoilsTheCell) {
    std::vector<CellResult> runs{run_with(100, 5), run_with(200, 5), run_with(300, 5)};
    EXPECT_EQ(to_json(cell_with(0), runs, {})["same_order"], true);
    runs[0].same_order = false;  // not the median run
    const auto json = to_json(cell_with(0), runs, {});
    EXPECT_EQ(json["same_order"], false);
    EXPECT_EQ(json["messages_per_second"], 200.0);
    EXPECT_EQ(json["runs"].size(), 3u);
}

}  // namespace
}  // namespace torc::tool
