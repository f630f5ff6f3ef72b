// A line plot as inline SVG: names along x, a logarithmic y. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace torc::tool {

struct Series {
    std::string name;
    std::vector<std::pair<std::size_t, double>> points;  ///< place along x, value above 0
    bool dashed{false};
};

struct Plot {
    std::string title;
    std::string x_label;
    std::string y_label;
    std::vector<std::string> x_names;
    std::vector<Series> series;
};

/// Points that cannot be drawn (no place along x, not above 0) are left out; without any that can,
/// the plot says so.
std::string svg_of(const Plot& plot);

/// The text with what means something in HTML and XML written out.
std::string escaped(const std::string& text);

}  // namespace torc::tool
