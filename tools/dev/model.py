#!/usr/bin/env python3
"""Runs torc-model over its sweep, merges what it says into one JSON, and draws the plots.

Usage: model.py --program TORC_MODEL [--quick] [--json FILE] [--svg DIR] [--from FILE] [-j N]
"""

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import model_costs
import model_plots
from model_plots import DEFAULTS, SETTINGS

ROOT = Path(__file__).resolve().parents[2]
BASELINE = ROOT / "bench" / "instructions" / "baseline.json"

FULL_FRAME = {1500: 1350, 9000: 8850}
RATES = (10, 25, 100)


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Every combination of these; one run of torc-model."""
    mtu: int = 1500
    rates: tuple[int, ...] = RATES
    sizes: tuple[int, ...] = ()  # none: a message that fills a frame
    nodes: tuple[int, ...] = (2, 3, 4, 8, 16, 32)
    loads: tuple[int, ...] = ()
    loss_ppm: tuple[int, ...] = (0,)
    settings: tuple[int, int] | None = None  # none: those of the MTU
    with_code: bool = True  # beside the free CPU

    def arguments(self) -> list[str]:
        in_flight, burst = self.settings or SETTINGS[self.mtu]
        lists = {"--mtu": (self.mtu,), "--gbit": self.rates, "--nodes": self.nodes,
                 "--payload": self.sizes or (FULL_FRAME[self.mtu],), "--loss-ppm": self.loss_ppm,
                 "--in-flight": (in_flight,), "--burst": (burst,)}
        if self.loads:
            lists["--loads"] = self.loads
        return [word for name, values in lists.items()
                for word in (name, ",".join(map(str, values)))]


QUICK = [Sweep(rates=(10, 100), nodes=(3, 8)), Sweep(mtu=9000, rates=(100,), nodes=(3,)),
         Sweep(rates=(100,), nodes=(3,), loads=(50,), with_code=False)]
FULL = [
    Sweep(),
    Sweep(mtu=9000),
    Sweep(nodes=(3, 8, 16), settings=DEFAULTS, with_code=False),
    Sweep(mtu=9000, rates=(100,), nodes=(3, 4, 8, 16), settings=(1024, 16)),
    Sweep(nodes=(8,), loads=(10, 50, 80, 95)),
    Sweep(sizes=(64,), nodes=(3, 8)),
    Sweep(nodes=(3, 8), loss_ppm=(10, 100, 1000), loads=(50,), with_code=False),
    Sweep(nodes=(3, 16), loads=(10, 50, 80, 95), with_code=False),
    Sweep(mtu=9000, nodes=(3, 8, 16), loads=(10, 50, 80, 95), with_code=False),
    Sweep(sizes=(8850,), nodes=(3, 8)),
    Sweep(mtu=9000, sizes=(64, 1350), nodes=(3, 8)),
]


def run(program: Path, arguments: list[str]) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.json"
        command = [str(program), *arguments, "--json", str(out)]
        status = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
        if not out.is_file():
            raise OSError(f"{' '.join(command)} ended with {status} and without a result")
        return json.loads(out.read_text(encoding="utf-8"))


def measure(options: argparse.Namespace) -> dict:
    """Writes what there is after each sweep, so that one that is stopped was not for nothing."""
    merged: dict = {}
    costs = model_costs.cpu_option(BASELINE, options.instructions_per_ns)
    for sweep in QUICK if options.quick else FULL:
        cpus = ["--cpu", "free", *(["--cpu", costs] if sweep.with_code else [])]
        # A p99 near saturation would use up any budget.
        budget = options.budget // 4 if sweep.loads else options.budget
        part = run(options.program, [*sweep.arguments(), *cpus, "-j", str(options.jobs),
                                     "--seed", str(options.seed), "--budget", str(budget)])
        if not merged:
            merged = part
            merged["assumptions"]["instructions_per_ns"] = options.instructions_per_ns
        else:
            merged["assumptions"]["cpu"].update(part["assumptions"]["cpu"])
            merged["cells"] += part["cells"]
        options.json.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    return merged


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev model")
    parser.add_argument("--program", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="a few cells")
    parser.add_argument("--json", type=Path, default=Path("build/model.json"),
                        help="where the result goes")
    parser.add_argument("--svg", type=Path, metavar="DIR", help="where the plots go")
    parser.add_argument("--from", dest="source", type=Path, metavar="FILE",
                        help="draw an earlier result and run nothing")
    parser.add_argument("-j", "--jobs", type=int, default=os.cpu_count() or 1, help="cells at once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=int, default=400_000,
                        help="frames that a measurement may take; a quarter where latency is")
    parser.add_argument("--instructions-per-ns", type=float,
                        default=model_costs.INSTRUCTIONS_PER_NS,
                        help="how fast a core is supposed to be")
    options = parser.parse_args(arguments)
    if options.source and not options.svg:
        parser.error("--from draws: give --svg DIR as well")
    if options.jobs < 1 or options.budget < 1 or not options.instructions_per_ns > 0:
        parser.error("-j, --budget and --instructions-per-ns must be above 0")
    return options


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    try:
        if options.source:
            result = json.loads(options.source.read_text(encoding="utf-8"))
        else:
            result = measure(options)
            print(f"model: written to {options.json}")
        if options.svg:
            for path in model_plots.write(result, options.svg):
                print(f"model: plot written to {path}")
    except (OSError, KeyError, ValueError) as error:
        print(f"model: {error}", file=sys.stderr)
        return 1
    return 0 if all(cell["formed"] for cell in result["cells"]) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
