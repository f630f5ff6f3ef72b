#include "tools/torc/bench_report_html.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/torc/svg_plot.hpp"

namespace torc::tool {
namespace {

using nlohmann::json;

constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Torc benchmark</title><style>
body { font: 15px/1.5 sans-serif; max-width: 76em; margin: 2em auto; padding: 0 1em; color: #222 }
table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto }
th, td { padding: 2px 8px; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap }
th:first-child, td:first-child { text-align: left }
figure { display: inline-block; width: 36em; max-width: 100%; margin: 1em 1em 1em 0 }
figcaption { font-weight: bold }
svg { width: 100%; font: 12px sans-serif }
.grid { stroke: #ddd }
.bad { color: #b00; font-weight: bold }
</style></head><body>
<h1>Torc benchmark</h1>
)";

constexpr const char* kHowToRead = R"(<h2>How to read it</h2><ul>
<li>Messages/s are those of the slowest receiver; every receiver gets every message.</li>
<li>Latency is that of own messages, from the instant at which a message was due to its return in
the order to its sender. In an open loop the due times are fixed beforehand, so a stall is charged
to all messages that it delayed. Where senders flood, it is mostly the wait in their own queue.</li>
<li>The ceiling is what the same ports carried in the same run without daemons: one node sends full
frames to all others as fast as it can; its frames/s are those of the slowest receiver.</li>
<li>Of several runs of a cell the median one is shown.</li></ul>
)";

std::string text_of(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_null()) return "-";
    if (!value.is_number_float()) return value.dump();
    const double number = value.get<double>();
    return number >= 1000 ? fmt::format("{:.0f}", number) : fmt::format("{:.3g}", number);
}

std::string field(const json& cell, const char* name) {
    return cell.contains(name) ? text_of(cell[name]) : std::string("-");
}

double number(const json& cell, const char* name) {
    const auto at = cell.find(name);
    return at != cell.end() && at->is_number() ? at->get<double>() : 0;
}

bool has_rate(const json& cell) { return cell.contains("offered") && cell["offered"].is_number(); }

/// Cells that stand in one plot: of one port, MTU and number of nodes.
std::string group_of(const json& cell) {
    std::string name = fmt::format("{}, {} nodes", field(cell, "port"), field(cell, "nodes"));
    if (cell.contains("mtu")) name += fmt::format(", MTU {}", field(cell, "mtu"));
    return name;
}

using Cells = std::vector<const json*>;

/// In the order in which they were measured.
std::vector<std::pair<std::string, Cells>> grouped(const json& cells) {
    std::vector<std::pair<std::string, Cells>> groups;
    for (const json& cell : cells) {
        const std::string name = group_of(cell);
        auto at = std::find_if(groups.begin(), groups.end(),
                               [&](const auto& group) { return group.first == name; });
        if (at == groups.end()) at = groups.insert(at, {name, {}});
        at->second.push_back(&cell);
    }
    return groups;
}

std::string load_name(const json& cell) {
    const std::string senders = field(cell, "senders");
    std::string name = fmt::format("{}, {} {}", field(cell, "service"), senders,
                                   senders == "1" ? "sender" : "senders");
    if (cell.contains("window")) name += fmt::format(", window {}", field(cell, "window"));
    return name;
}

/// `name` of the cells without a given rate, over the payload size.
Plot by_size(const Cells& cells, const char* title, const char* y_label, const char* name,
             double unit) {
    Plot plot{title, "payload bytes", y_label, {}, {}};
    std::map<double, std::size_t> places;
    for (const json* cell : cells) {
        if (!has_rate(*cell)) places.emplace(number(*cell, "payload_bytes"), 0);
    }
    for (auto& [bytes, at] : places) {
        at = plot.x_names.size();
        plot.x_names.push_back(fmt::format("{:.0f}", bytes));
    }
    std::map<std::string, Series> series;
    for (const json* cell : cells) {
        if (has_rate(*cell)) continue;
        Series& line =
            series.try_emplace(load_name(*cell), Series{load_name(*cell), {}, false}).first->second;
        line.points.emplace_back(places.at(number(*cell, "payload_bytes")),
                                 number(*cell, name) / unit);
    }
    for (auto& [key, line] : series) {
        std::sort(line.points.begin(), line.points.end());
        plot.series.push_back(std::move(line));
    }
    return plot;
}

/// The same level at all sizes: frames of the ceiling are full whatever the payload.
void add_ceiling(Plot& plot, const Cells& cells, double unit) {
    const json& cell = *cells.front();
    const double bits =
        number(cell, "ceiling_frames_per_second") * number(cell, "ceiling_frame_bytes") * 8;
    Series line{"ceiling of the port", {}, true};
    for (std::size_t i = 0; i < plot.x_names.size(); ++i) line.points.emplace_back(i, bits / unit);
    if (bits > 0) plot.series.push_back(std::move(line));
}

Plot by_percentile(const Cells& cells) {
    constexpr std::array<const char*, 6> kNames{"p50_us",   "p90_us",    "p99_us",
                                                "p99_9_us", "p99_99_us", "max_us"};
    Plot plot{"Latency of own messages at a given rate",
              "percentile",
              "microseconds",
              {"50", "90", "99", "99.9", "99.99", "max"},
              {}};
    for (const json* cell : cells) {
        if (!has_rate(*cell)) continue;
        Series line{fmt::format("{} B at {}/s, {}", field(*cell, "payload_bytes"),
                                field(*cell, "offered"), load_name(*cell)),
                    {},
                    false};
        for (std::size_t i = 0; i < kNames.size(); ++i) {
            line.points.emplace_back(i, number(*cell, kNames[i]));
        }
        plot.series.push_back(std::move(line));
    }
    return plot;
}

std::string plots_of(const Cells& cells) {
    constexpr double kMega = 1e6;
    std::string html;
    const Plot rates =
        by_size(cells, "Messages as fast as they go", "messages/s", "messages_per_second", 1);
    if (!rates.series.empty()) {
        Plot bits = by_size(cells, "Payload as fast as it goes", "Mbit/s",
                            "payload_bits_per_second", kMega);
        add_ceiling(bits, cells, kMega);
        html += svg_of(rates) + svg_of(bits);
    }
    const Plot latency = by_percentile(cells);
    return latency.series.empty() ? html : html + svg_of(latency);
}

std::string cpu_of(const json& cell) {
    std::string text;
    if (!cell.contains("daemon_cpu_percent")) return "-";
    for (const json& percent : cell["daemon_cpu_percent"]) {
        text += fmt::format("{:.0f} ", percent.get<double>());
    }
    return text;
}

std::string share_of(const json& cell, const char* name) {
    const double share = number(cell, name);
    return share > 0 ? fmt::format("{:.1f} %", 100 * share) : std::string("-");
}

std::string row_of(const json& cell, bool with_ratio) {
    constexpr std::array<const char*, 12> kFields{"senders",
                                                  "payload_bytes",
                                                  "offered",
                                                  "messages_per_second",
                                                  "p50_us",
                                                  "p90_us",
                                                  "p99_us",
                                                  "p99_9_us",
                                                  "p99_99_us",
                                                  "max_us",
                                                  "ceiling_frames_per_second",
                                                  "unsent"};
    std::string row = fmt::format("<tr><td>{}</td>", escaped(field(cell, "service")));
    for (const char* name : kFields) {
        row += fmt::format("<td>{}</td>", escaped(field(cell, name)));
    }
    row += fmt::format("<td>{:.1f}</td><td>{}</td><td>{}</td>",
                       number(cell, "payload_bits_per_second") / 1e6,
                       share_of(cell, "share_of_ceiling"), cpu_of(cell));
    if (with_ratio) {
        const json ratio = cell.value("ratio", json::object());
        for (const char* name : {"messages_per_second", "p50_us", "p99_us"}) {
            row += fmt::format("<td>{}</td>", escaped(field(ratio, name)));
        }
    }
    const bool same = cell.value("same_order", false);
    return row + (same ? "<td>same</td></tr>\n" : "<td class=\"bad\">DIFFERENT</td></tr>\n");
}

std::string table_of(const Cells& cells) {
    const bool with_ratio = std::any_of(cells.begin(), cells.end(),
                                        [](const json* cell) { return cell->contains("ratio"); });
    std::string html =
        "<table><tr><th>service</th><th>senders</th><th>bytes</th><th>offered</th><th>msg/s</th>"
        "<th>p50 µs</th><th>p90 µs</th><th>p99 µs</th><th>p99.9 µs</th><th>p99.99 µs</th>"
        "<th>max µs</th><th>ceiling frames/s</th><th>unsent</th><th>Mbit/s</th>"
        "<th>of the ceiling</th><th>daemon CPU %</th>";
    if (with_ratio) html += "<th>ratio msg/s</th><th>ratio p50</th><th>ratio p99</th>";
    html += "<th>order</th></tr>\n";
    for (const json* cell : cells) html += row_of(*cell, with_ratio);
    return html + "</table>\n";
}

std::string facts_of(const json& object) {
    std::string html = "<table>";
    for (const auto& [name, value] : object.items()) {
        html += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", escaped(name),
                            escaped(text_of(value)));
    }
    return html + "</table>\n";
}

}  // namespace

std::string html_report(const json& report) {
    if (!report.is_object() || !report.contains("cells") || !report["cells"].is_array()) {
        throw std::runtime_error("no report of a benchmark: there is no list 'cells'");
    }
    std::string html = kHead;
    html += facts_of(report.value("machine", json::object()));
    if (report.contains("against")) {
        html += fmt::format("<p>Ratios are of the medians, this build to {}.</p>\n",
                            escaped(text_of(report["against"])));
    }
    for (const auto& [name, cells] : grouped(report["cells"])) {
        html += fmt::format("<h2>{}</h2>\n", escaped(name)) + plots_of(cells) + table_of(cells);
    }
    if (report.contains("left_out") && !report["left_out"].empty()) {
        html += "<h2>Left out</h2>\n" + facts_of(report["left_out"]);
    }
    return html + kHowToRead + "</body></html>\n";
}

}  // namespace torc::tool
