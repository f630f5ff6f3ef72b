"""A line plot as an SVG file of its own: names along x, a linear or logarithmic y. Pure text.

The look is that of tools/torc/svg_plot.cpp, which draws the pages of `torc bench`."""

import dataclasses
import html
import math

WIDTH = 720
LEFT, RIGHT, TOP, BOTTOM = 70, 700, 50, 310
LEGEND_TOP, LEGEND_STEP, LEGEND_COLUMNS = 370, 18, 2
# Told apart by people who do not see all colours as well (Okabe and Ito).
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"]
STYLE = ("text{font:12px sans-serif;fill:#222}.title{font-size:14px;font-weight:bold}"
         ".grid{stroke:#ddd}.background{fill:#fff}")


@dataclasses.dataclass
class Series:
    name: str
    points: list[tuple[str, float]]  # (name along x, value)
    colour: int = 0
    dashed: bool = False


@dataclasses.dataclass
class Plot:
    title: str
    x_label: str
    y_label: str
    x_names: list[str]
    series: list[Series]
    logarithmic: bool = False
    goal: float | None = None  # a line across


class Scale:
    """Heights of values: from nothing to a round number above all, or whole decades."""

    def __init__(self, plot: Plot):
        values = [value for series in plot.series for _, value in series.points if value > 0]
        values += [plot.goal] if plot.goal else []
        self.logarithmic = plot.logarithmic
        low, high = (min(values), max(values)) if values else (1, 1)
        if self.logarithmic:
            self.low = math.floor(math.log10(low))
            self.high = max(math.ceil(math.log10(high)), self.low + 1)
            self.ticks = [10.0 ** exponent for exponent in range(self.low, self.high + 1)]
        else:
            step = 10.0 ** math.floor(math.log10(high))
            step = next(step * part for part in (0.1, 0.2, 0.5, 1, 2)
                        if high <= 7 * step * part)
            self.low, self.high = 0.0, step * math.ceil(high / step)
            self.ticks = [step * i for i in range(round(self.high / step) + 1)]

    def height(self, value: float) -> float:
        place = math.log10(value) if self.logarithmic else value
        return BOTTOM - (place - self.low) / (self.high - self.low) * (BOTTOM - TOP)


def text(x: float, y: float, anchor: str, words: str, kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{mark}>{html.escape(words)}</text>'


def line(x1: float, x2: float, y1: float, look: str) -> str:
    return f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y1:.1f}" {look}/>'


def look_of(series: Series) -> str:
    dash = ' stroke-dasharray="6 4"' if series.dashed else ""
    return f'stroke="{COLOURS[series.colour % len(COLOURS)]}" stroke-width="2"{dash}'


def axes(plot: Plot, scale: Scale) -> list[str]:
    parts = [text(LEFT, 20, "start", plot.title, "title"),
             text(LEFT, TOP - 12, "start", plot.y_label),
             text((LEFT + RIGHT) / 2, BOTTOM + 40, "middle", plot.x_label)]
    for tick in scale.ticks:
        y = scale.height(tick)
        parts += [line(LEFT, RIGHT, y, 'class="grid"'), text(LEFT - 8, y + 4, "end", f"{tick:g}")]
    if plot.goal:
        parts.append(line(LEFT, RIGHT, scale.height(plot.goal), 'stroke="#999"'))
    for name in plot.x_names:
        parts.append(text(place(plot, name), BOTTOM + 20, "middle", name))
    return parts


def place(plot: Plot, name: str) -> float:
    return LEFT + (RIGHT - LEFT) * (plot.x_names.index(name) + 0.5) / len(plot.x_names)


def curve(plot: Plot, series: Series, scale: Scale) -> list[str]:
    at = [(place(plot, name), scale.height(value), value) for name, value in series.points
          if value > 0]
    if not at:
        return []
    path = " L".join(f"{x:.1f} {y:.1f}" for x, y, _ in at)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[series.colour % 7]}">'
            f"<title>{html.escape(series.name)}: {value:.4g}</title></circle>"
            for x, y, value in at]
    return [f'<path d="M{path}" fill="none" {look_of(series)}/>', *dots]


def svg_of(plot: Plot) -> str:
    """Values that are not above 0 are left out."""
    scale = Scale(plot)
    parts = axes(plot, scale)
    for number, series in enumerate(plot.series):
        row, column = divmod(number, LEGEND_COLUMNS)
        x = LEFT + column * (RIGHT - LEFT) / LEGEND_COLUMNS
        y = LEGEND_TOP + row * LEGEND_STEP
        parts += [*curve(plot, series, scale), line(x, x + 30, y - 4, look_of(series)),
                  text(x + 38, y, "start", series.name)]
    height = LEGEND_TOP + LEGEND_STEP * math.ceil(len(plot.series) / LEGEND_COLUMNS)
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">\n'
            f"<title>{html.escape(plot.title)}</title>\n<style>{STYLE}</style>\n"
            f'<rect class="background" width="{WIDTH}" height="{height}"/>\n{body}\n</svg>\n')
