"""Two builds in turn, cell by cell: what else the machine does falls on both alike, so the ratio of
their medians says more than either figure."""

import statistics
from collections.abc import Callable
from pathlib import Path

from bench_goals import Sweep

COMPARED = ["messages_per_second", "p50_us", "p99_us"]


def median_of(cells: list[dict], name: str) -> float:
    return statistics.median(cell[name] for cell in cells)


def ratio(ours: list[dict], theirs: list[dict], name: str) -> float | None:
    """None where the other build measured nothing."""
    below = median_of(theirs, name)
    return median_of(ours, name) / below if below else None


def median_cell(cells: list[dict]) -> dict:
    """The run in the middle: by rate where senders flood, by latency where the rate is given."""
    key = "messages_per_second" if cells[0]["offered"] == "flood" else "p50_us"
    return sorted(cells, key=lambda cell: cell[key])[len(cells) // 2]


def compare_cell(run: Callable[[Path, Sweep], dict], ours: Path, theirs: Path, cell: Sweep,
                 runs: int) -> dict:
    """`run(torc, cell)` gives one measured cell. The result is our median run with the other
    build's medians and the ratios, ours to theirs."""
    measured: dict[Path, list[dict]] = {ours: [], theirs: []}
    for turn in range(runs):
        # Who is first changes, too: a cold machine is no build's fault.
        for tool in (ours, theirs) if turn % 2 == 0 else (theirs, ours):
            measured[tool].append(run(tool, cell))
    result = dict(median_cell(measured[ours]))
    # One run with another order spoils the cell, whichever run is shown.
    result["same_order"] = all(cell["same_order"] for cell in measured[ours])
    result["against"] = {name: median_of(measured[theirs], name) for name in COMPARED}
    result["against"]["same_order"] = all(cell["same_order"] for cell in measured[theirs])
    result["ratio"] = {name: ratio(measured[ours], measured[theirs], name) for name in COMPARED}
    result["runs"] = [{name: cell[name] for name in COMPARED} for cell in measured[ours]]
    return result
