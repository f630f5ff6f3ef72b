"""The cluster part of `./dev bench`: `torc bench` for each port and sweep of the goals, alone or in
turn with another build's."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import bench_against
import bench_goals
from bench_goals import Sweep

CELL_SECONDS_MAX = 120  # of one run of one cell, its share of starting the cluster included
FAILURES = (subprocess.SubprocessError, OSError, ValueError, KeyError)


def run_sweep(tool: Path, port: str, sweep: Sweep, seconds: float, more: list[str],
              runs: int = 1) -> dict:
    """What one `torc bench` writes: `machine` and `cells`."""
    time_max = runs * len(list(sweep.cells())) * (CELL_SECONDS_MAX + seconds)
    with tempfile.TemporaryDirectory(prefix="torc-bench-") as folder:
        out = Path(folder, "cluster.json")
        done = subprocess.run([str(tool), "bench", "--cluster", port, "--json", str(out),
                               "--seconds", str(seconds), *sweep.arguments(), *more], check=False,
                              stdin=subprocess.DEVNULL, timeout=time_max)
        # It ends with 1 as well when receivers saw different orders: the cells then say so.
        if not out.exists():
            done.check_returncode()
        return json.loads(out.read_text(encoding="utf-8"))


class Cluster:
    """The cluster part: fills `result` with cells, and with what was left out and why."""

    def __init__(self, options: argparse.Namespace, result: dict):
        self.options = options
        self.result = result
        self.failed = False
        result["cells"] = []
        ports, left_out = bench_goals.ports_for(os.geteuid() == 0)
        self.ports = options.layout or ports
        result["left_out"] = {} if options.layout else left_out
        for port, why in result["left_out"].items():
            print(f"bench: {port} is left out: {why}")

    def run(self) -> None:
        """A sweep that fails does not take the others' figures with it."""
        for port in self.ports:
            for sweep in bench_goals.goals_of(port):
                try:
                    self.measure(port, sweep)
                except FAILURES as error:
                    print(f"bench: {port}, {sweep}: {error}", file=sys.stderr)
                    self.result["left_out"][f"{port}, {sweep}"] = f"failed: {error}"
                    self.failed = True

    def measure(self, port: str, sweep: Sweep) -> None:
        if self.options.against:
            self.compare(port, sweep)
            return
        runs = self.options.runs
        report = run_sweep(self.options.tool, port, sweep, self.options.seconds,
                           ["--runs", str(runs)], runs)
        self.add(report["machine"], report["cells"])

    def compare(self, port: str, sweep: Sweep) -> None:
        def run_cell(tool: Path, cell: Sweep) -> dict:
            report = run_sweep(tool, port, cell, self.options.seconds,
                               ["--receivers", str(cell.receivers())])
            if tool == self.options.tool:
                self.add(report["machine"], [])
            [measured] = report["cells"]
            return measured

        for cell in sweep.cells():
            compared = bench_against.compare_cell(run_cell, self.options.tool, self.other_tool(),
                                                  cell, self.options.runs)
            self.add({}, [compared])
            print(f"bench: {port}, {cell}: ratio " + ", ".join(
                f"{name} {value:.2f}" for name, value in compared["ratio"].items() if value))

    def other_tool(self) -> Path:
        """The other build's torc, which finds its own torcd; same place as ours."""
        return self.options.against / self.options.tool.relative_to(self.options.build)

    def add(self, fingerprint: dict, cells: list[dict]) -> None:
        # The first look at the machine is kept: later ones see our own load.
        for name, value in fingerprint.items():
            if name not in self.result["machine"] or name == "commit" and value != "unknown":
                self.result["machine"][name] = value
        self.result["cells"] += cells
        if not all(cell["same_order"] for cell in cells):
            print("bench: receivers saw different orders", file=sys.stderr)
            self.failed = True
