#!/usr/bin/env python3
"""Runs torc-model over its sweep, merges what it says into one JSON, and draws the plots.

Usage: model.py --program TORC_MODEL [--quick] [--json FILE] [--svg DIR] [--from FILE] [-j N]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import model_costs
import model_plots

ROOT = Path(__file__).resolve().parents[2]
BASELINE = ROOT / "bench" / "instructions" / "baseline.json"

# Frames that may be under way at each MTU: what a switch port of 1 MiB holds (model_settings in
# docs/performance.md says what smaller and larger ones do).
SETTINGS = {1500: ["--in-flight", "512", "--burst", "64"],
            9000: ["--in-flight", "112", "--burst", "16"]}
FULL_FRAME = {1500: "1350", 9000: "8850"}


def sweeps(quick: bool) -> list[tuple[list[str], bool]]:
    """(arguments of one run of torc-model, whether the code's costs are run as well)."""
    rates, some_nodes = "10,25,100", "3,8,16"
    if quick:
        rates, some_nodes = "10,100", "3,8"
    runs = []
    for mtu, settings in SETTINGS.items():
        common = ["--mtu", str(mtu), "--gbit", rates, *settings]
        sizes = FULL_FRAME[mtu] if quick else "64,1350,8850"
        nodes = some_nodes if quick else "2,3,4,8,16,32"
        runs.append(([*common, "--payload", sizes, "--nodes", nodes], True))
        loads = "50" if quick else "10,50,80,95"
        runs.append(([*common, "--payload", FULL_FRAME[mtu], "--nodes", some_nodes,
                      "--loads", loads], True))
    if not quick:
        runs.append((["--mtu", "1500", "--gbit", rates, *SETTINGS[1500], "--payload", "1350",
                      "--nodes", "3,8", "--loss-ppm", "10,100,1000", "--loads", "50"], False))
    return runs


def run(program: Path, arguments: list[str]) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.json"
        command = [str(program), *arguments, "--json", str(out)]
        status = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
        if not out.is_file():
            raise OSError(f"{' '.join(command)} ended with {status} and without a result")
        return json.loads(out.read_text(encoding="utf-8"))


def measure(options: argparse.Namespace) -> dict:
    merged: dict = {}
    costs = model_costs.cpu_option(BASELINE, options.instructions_per_ns)
    for arguments, with_code in sweeps(options.quick):
        cpus = ["--cpu", "free", *(["--cpu", costs] if with_code else [])]
        part = run(options.program, [*arguments, *cpus, "-j", str(options.jobs),
                                     "--seed", str(options.seed), "--budget", str(options.budget)])
        if not merged:
            merged = part
            continue
        merged["assumptions"]["cpu"].update(part["assumptions"]["cpu"])
        merged["cells"] += part["cells"]
    merged["assumptions"]["instructions_per_ns"] = options.instructions_per_ns
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
    parser.add_argument("--budget", type=int, default=100_000,
                        help="frames that a measurement may take")
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
            options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
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
