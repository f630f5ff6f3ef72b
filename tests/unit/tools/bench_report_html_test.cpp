// The report as a page.
#include "tools/torc/bench_report_html.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tools/torc/svg_plot.hpp"

namespace torc::tool {
namespace {

using nlohmann::json;

json flood_cell(const char* port, std::size_t bytes, std::uint32_t senders) {
    return {{"port", port},
            {"mtu", 1500},
            {"nodes", 3},
            {"senders", senders},
            {"payload_bytes", bytes},
            {"service", "agreed"},
            {"offered", "flood"},
            {"messages_per_second", 123456.0},
            {"payload_bits_per_second", 98765432.0},
            {"p50_us", 12.5},
            {"max_us", 99.0},
            {"ceiling_frames_per_second", 290000.0},
            {"ceiling_frame_bytes", 1472},
            {"share_of_ceiling", 0.29},
            {"daemon_cpu_percent", {40.0, 50.0, 60.0}},
            {"same_order", true}};
}

json report_of(json cells) {
    return {{"machine", {{"cpu", "A <fast> one"}, {"commit", "abc123"}}}, {"cells", cells}};
}

std::size_t count_of(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

TEST(HtmlReport, HasTheMachineTheCellsAndAPlotForEachGroup) {
    json rated = flood_cell("vhost", 64, 3);
    rated["offered"] = 1000.0;
    const std::string html =
        html_report(report_of({flood_cell("vhost", 64, 1), flood_cell("vhost", 1350, 1), rated,
                               flood_cell("udp", 64, 1)}));
    EXPECT_NE(html.find("abc123"), std::string::npos);
    EXPECT_NE(html.find("A &lt;fast&gt; one"), std::string::npos);
    EXPECT_EQ(html.find("<fast>"), std::string::npos);
    EXPECT_EQ(count_of(html, "<h2>vhost, 3 nodes, MTU 1500</h2>"), 1u);
    EXPECT_EQ(count_of(html, "<h2>udp, 3 nodes, MTU 1500</h2>"), 1u);
    EXPECT_EQ(count_of(html, "<svg"), 3u + 2u);  // two of floods each, one of latency
    // In each row, and at the points of the floods.
    EXPECT_EQ(count_of(html, "123456"), 4u + 3u);
    EXPECT_EQ(count_of(html, "29.0 %"), 4u);
}

TEST(HtmlReport, NeedsNothingFromElsewhere) {
    const std::string html = html_report(report_of({flood_cell("vhost", 64, 1)}));
    for (const char* outside : {"<script", "src=", "href=", "@import", "url("}) {
        EXPECT_EQ(html.find(outside), std::string::npos) << outside;
    }
}

TEST(HtmlReport, ShowsRatiosWhereThereAreAnyAndAWrongOrder) {
    EXPECT_EQ(html_report(report_of({flood_cell("vhost", 64, 1)})).find("ratio"),
              std::string::npos);
    json cell = flood_cell("vhost", 64, 1);
    cell["ratio"] = {{"messages_per_second", 1.25}};
    cell["same_order"] = false;
    const std::string html = html_report(report_of({cell}));
    EXPECT_NE(html.find("<td>1.25</td>"), std::string::npos);
    EXPECT_NE(html.find("DIFFERENT"), std::string::npos);
}

TEST(HtmlReport, ACellWithoutFiguresIsShownAndWhatIsNoReportIsRefused) {
    EXPECT_NE(html_report(report_of({json::object()})).find("</html>"), std::string::npos);
    EXPECT_NE(html_report(report_of(json::array())).find("</html>"), std::string::npos);
    EXPECT_THROW(html_report(json::array()), std::runtime_error);
    EXPECT_THROW(html_report({{"cells", 3}}), std::runtime_error);
}

TEST(SvgPlot, PointsStandWhereTheirValuesAre) {
    const Plot plot{"p", "x", "y", {"a", "b"}, {{"s", {{0, 10}, {1, 1000}}, false}}};
    const std::string svg = svg_of(plot);
    // Two decades from bottom (300) to top (40); two slots of 310 from the left (80).
    EXPECT_NE(svg.find("M235.0 300.0 L545.0 40.0"), std::string::npos) << svg;
}

TEST(SvgPlot, WhatCannotBeDrawnIsLeftOut) {
    const Plot none{"p", "x", "y", {"a"}, {{"s", {{0, 0}, {0, -1}, {5, 3}}, false}}};
    EXPECT_EQ(svg_of(none), "<p>p: nothing was measured.</p>\n");
    const Plot one{"p", "x", "y", {"a"}, {{"s", {{0, 0}, {0, 100}}, false}}};
    EXPECT_EQ(count_of(svg_of(one), "<circle"), 1u);
}

}  // namespace
}  // namespace torc::tool
