#include "tools/torc/svg_plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace torc::tool {
namespace {

constexpr double kWidth = 720;
constexpr double kLeft = 80;
constexpr double kRight = 700;
constexpr double kTop = 40;
constexpr double kBottom = 300;
constexpr double kLegendTop = 360;
constexpr double kLegendStep = 18;
// Told apart by people who do not see all colours as well (Okabe and Ito).
constexpr std::array<const char*, 7> kColours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                              "#e69f00", "#56b4e9", "#555555"};

bool can_be_drawn(const Plot& plot, const std::pair<std::size_t, double>& point) {
    return point.first < plot.x_names.size() && std::isfinite(point.second) && point.second > 0;
}

/// Whole decades around all values.
struct Decades {
    int from{0};
    int to{0};
    bool empty{true};

    explicit Decades(const Plot& plot) {
        for (const Series& series : plot.series) {
            for (const auto& point : series.points) {
                if (can_be_drawn(plot, point)) add(std::log10(point.second));
            }
        }
        if (to == from) ++to;
    }
    double height(double value) const {
        const double share = (std::log10(value) - from) / (to - from);
        return kBottom - share * (kBottom - kTop);
    }

private:
    void add(double exponent) {
        const int low = static_cast<int>(std::floor(exponent));
        const int high = static_cast<int>(std::ceil(exponent));
        from = empty ? low : std::min(from, low);
        to = empty ? high : std::max(to, high);
        empty = false;
    }
};

double place(const Plot& plot, std::size_t at) {
    const auto slots = static_cast<double>(plot.x_names.size());
    return kLeft + (kRight - kLeft) * (static_cast<double>(at) + 0.5) / slots;
}

/// 1, 10, ... 1 k, ... 1 M: as short as an axis wants it.
std::string tick_name(int exponent) {
    constexpr std::array<const char*, 4> kUnits{"", " k", " M", " G"};
    if (exponent < 0) return fmt::format("{:g}", std::pow(10.0, exponent));
    const int unit = std::min(exponent / 3, 3);
    return fmt::format("{:g}{}", std::pow(10.0, exponent - 3 * unit),
                       kUnits[static_cast<std::size_t>(unit)]);
}

std::string text_at(double x, double y, const char* anchor, const std::string& text) {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y,
                       anchor, escaped(text));
}

std::string axes(const Plot& plot, const Decades& decades) {
    std::string svg;
    for (int exponent = decades.from; exponent <= decades.to; ++exponent) {
        const double y = decades.height(std::pow(10.0, exponent));
        svg +=
            fmt::format("<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
                        kLeft, kRight, y, y);
        svg += text_at(kLeft - 8, y + 4, "end", tick_name(exponent));
    }
    for (std::size_t i = 0; i < plot.x_names.size(); ++i) {
        svg += text_at(place(plot, i), kBottom + 20, "middle", plot.x_names[i]);
    }
    svg += text_at((kLeft + kRight) / 2, kBottom + 40, "middle", plot.x_label);
    return svg + text_at(kLeft - 8, kTop - 14, "start", plot.y_label);
}

std::string line_of(const Plot& plot, const Series& series, const Decades& decades,
                    const char* colour) {
    std::string path;
    std::string dots;
    for (const auto& point : series.points) {
        if (!can_be_drawn(plot, point)) continue;
        const double x = place(plot, point.first);
        const double y = decades.height(point.second);
        path += fmt::format("{}{:.1f} {:.1f} ", path.empty() ? "M" : "L", x, y);
        dots += fmt::format(
            "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" fill=\"{}\"><title>{}: {:.6g}</title>"
            "</circle>\n",
            x, y, colour, escaped(series.name), point.second);
    }
    return fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"{}/>\n", path,
                       colour, series.dashed ? " stroke-dasharray=\"6 4\"" : "") +
           dots;
}

std::string legend_of(const Series& series, std::size_t row, const char* colour) {
    const double y = kLegendTop + kLegendStep * static_cast<double>(row);
    return fmt::format(
               "<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
               "stroke-width=\"2\"{}/>\n",
               kLeft, kLeft + 30, y - 4, y - 4, colour,
               series.dashed ? " stroke-dasharray=\"6 4\"" : "") +
           text_at(kLeft + 38, y, "start", series.name);
}

}  // namespace

std::string escaped(const std::string& text) {
    std::string out;
    for (const char letter : text) {
        switch (letter) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += letter;
        }
    }
    return out;
}

std::string svg_of(const Plot& plot) {
    const Decades decades(plot);
    if (decades.empty) return "<p>" + escaped(plot.title) + ": nothing was measured.</p>\n";
    std::string body = axes(plot, decades);
    for (std::size_t i = 0; i < plot.series.size(); ++i) {
        const char* colour = kColours[i % kColours.size()];
        body += line_of(plot, plot.series[i], decades, colour);
        body += legend_of(plot.series[i], i, colour);
    }
    const double height = kLegendTop + kLegendStep * static_cast<double>(plot.series.size());
    return fmt::format(
        "<figure><figcaption>{}</figcaption>\n<svg viewBox=\"0 0 {} {}\" role=\"img\" "
        "aria-label=\"{}\">\n{}</svg></figure>\n",
        escaped(plot.title), kWidth, height, escaped(plot.title), body);
}

}  // namespace torc::tool
