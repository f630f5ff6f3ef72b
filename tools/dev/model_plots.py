"""The plots of docs/performance.md, drawn from the JSON of `./dev model`."""

from pathlib import Path

from svg_plot import Plot, Series, svg_of

# in_flight_frames and burst_frames for each MTU. A ring fills its links when about four bursts of
# every node may be in flight, and a burst takes a link longer than the token takes for a hop
# (docs/performance.md, "What the protocol allows").
SETTINGS = {1500: (2048, 32), 9000: (512, 8)}
DEFAULTS = (768, 64)  # of the configuration


def distinct(cells: list[dict], key: str) -> list:
    return sorted({cell[key] for cell in cells})


def select(cells: list[dict], **wanted) -> list[dict]:
    return [cell for cell in cells if all(cell[key] == value for key, value in wanted.items())]


def with_settings(cells: list[dict], settings: tuple[int, int] | None = None) -> list[dict]:
    """Cells with these, or with those of their MTU."""
    return [cell for cell in cells if (cell["in_flight_frames"], cell["burst_frames"])
            == (settings or SETTINGS[cell["mtu"]])]


def saturation(cells: list[dict], mtu: int, payload: int) -> Plot | None:
    """Share of the bound over the number of nodes."""
    chosen = select(cells, mtu=mtu, payload_bytes=payload, loss_ppm=0)
    rates = distinct(chosen, "link_gbit")
    series = []
    for cpu, settings, words in (("free", None, "CPU free"), ("code", None, "the code's CPU"),
                                 ("free", DEFAULTS, "CPU free, default settings")):
        for gbit in rates:
            points = {str(cell["nodes"]): 100 * cell["share_of_bound"]
                      for cell in select(with_settings(chosen, settings), link_gbit=gbit, cpu=cpu)}
            colour = rates.index(gbit) + (len(rates) if settings else 0)
            if points:
                series.append(Series(f"{gbit} Gbit/s, {words}", list(points.items()), colour,
                                     cpu == "code"))
    if not series:
        return None
    return Plot(f"Saturation, {payload} B, MTU {mtu}", "nodes", "% of the bound",
                [str(nodes) for nodes in distinct(chosen, "nodes")], series)


def latency(cells: list[dict], mtu: int, nodes: int) -> Plot | None:
    """Agreed and safe p50 and p99 over the load, with the CPU free."""
    chosen = [cell for cell in select(with_settings(cells), mtu=mtu, nodes=nodes, loss_ppm=0,
                                      cpu="free") if cell["latency"]]
    series, loads = [], set()
    for cell in chosen:
        for service in ("agreed", "safe"):
            for name, words in (("p50_us", "p50"), ("p99_us", "p99")):
                points = [(str(one["load_percent"]), one[name]) for one in cell["latency"]
                          if one["service"] == service]
                loads |= {int(load) for load, _ in points}
                colour = 2 * chosen.index(cell) + (service == "safe")
                series.append(Series(f"{cell['link_gbit']} Gbit/s, {service}, {words}", points,
                                     colour, name == "p99_us"))
    if not series:
        return None
    return Plot(f"Latency, {nodes} nodes, MTU {mtu}, full frames", "% of saturation",
                "microseconds", [str(load) for load in sorted(loads)], series, logarithmic=True)


def loss(cells: list[dict]) -> Plot | None:
    """Share of the bound over the loss, where it was measured."""
    lossy = [cell for cell in cells if cell["loss_ppm"] > 0]
    series, names = [], ["0", *map(str, distinct(lossy, "loss_ppm"))]
    keys = ("mtu", "payload_bytes", "nodes", "link_gbit", "cpu")
    groups = sorted({tuple(cell[key] for key in keys) for cell in lossy})
    for number, group in enumerate(groups):
        points = {str(cell["loss_ppm"]): 100 * cell["share_of_bound"]
                  for cell in select(with_settings(cells), **dict(zip(keys, group)))}
        words = f"{group[3]} Gbit/s, {group[2]} nodes"
        series.append(Series(words, list(points.items()), number))
    if not series:
        return None
    return Plot("Saturation with loss, 1350 B, MTU 1500, CPU free",
                "copies lost of a million", "% of the bound", names, series)


def write(result: dict, folder: Path) -> list[Path]:
    """The plots that the cells are enough for; gives their paths."""
    cells = result["cells"]
    plots = {"model-saturation-1500": saturation(cells, 1500, 1350),
             "model-saturation-9000": saturation(cells, 9000, 8850),
             "model-saturation-64": saturation(cells, 1500, 64),
             "model-latency-1500": latency(cells, 1500, 8),
             "model-latency-9000": latency(cells, 9000, 8),
             "model-loss": loss(cells)}
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, plot in plots.items():
        if plot:
            path = folder / f"{name}.svg"
            path.write_text(svg_of(plot), encoding="utf-8")
            written.append(path)
    return written
