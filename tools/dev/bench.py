#!/usr/bin/env python3
"""Runs the Google Benchmark programs and the cluster benchmark (bench_goals.py); merges them.

The result names the machine and the commit, since a number without them compares with nothing.
Usage: bench.py --build DIR --tool TORC [--micro | --cluster] [--layout NAME]... [--runs N]
       [--against BUILD] [--json FILE] [--html FILE] -- PROGRAM...
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import bench_goals
from bench_cluster import FAILURES, Cluster


def machine() -> dict:
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    commit = subprocess.run(["git", "-c", "safe.directory=*", "describe", "--always", "--dirty"],
                            capture_output=True, text=True, check=False).stdout.strip()
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "commit": commit or "unknown"}


def run_micro(program: Path) -> dict:
    """One program's `benchmarks` list; its table goes to the terminal."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run([str(program), f"--benchmark_out={out.name}",
                        "--benchmark_out_format=json"], check=True, stdin=subprocess.DEVNULL)
        return json.loads(Path(out.name).read_text(encoding="utf-8"))["benchmarks"]


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--tool", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="where the merged result goes")
    parser.add_argument("--html", type=Path, help="where the cluster part goes as a page")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--micro", action="store_true", help="only the Google Benchmark programs")
    part.add_argument("--cluster", action="store_true", help="only the three-daemon runs")
    parser.add_argument("--layout", action="append", help="of the three-daemon runs: vhost, udp, "
                        "netns-udp, ...; may be given several times (default: "
                        f"{', '.join(bench_goals.PORTS)}; without root "
                        f"{', '.join(bench_goals.UNPRIVILEGED_PORTS)})")
    parser.add_argument("--runs", type=int, default=1, help="of each cell; the median is shown")
    parser.add_argument("--seconds", type=float, default=3, help="measured time of a cell")
    parser.add_argument("--against", type=Path, metavar="BUILD", help="a second build directory, "
                        "measured in turn with ours; implies --cluster")
    parser.add_argument("programs", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    options.cluster = options.cluster or bool(options.against)
    if options.runs < 1 or not options.seconds > 0:
        parser.error("--runs and --seconds must be above 0")
    if options.against and options.micro:
        parser.error("--against compares clusters, not --micro")
    if options.html and options.micro:
        parser.error("--html shows clusters, not --micro")
    return options


def write_page(tool: Path, merged: Path, page: Path) -> None:
    subprocess.run([str(tool), "bench", "--from", str(merged), "--html", str(page)], check=True,
                   stdin=subprocess.DEVNULL)
    print(f"bench: page written to {page}")


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    result = {"machine": machine()}
    failed = False
    target = options.json or options.build / "bench.json"
    try:
        if not options.cluster:
            if not options.programs:
                print("bench: no *_bench program in bench/", file=sys.stderr)
                return 1
            result["micro"] = {Path(name).name: run_micro(options.build / name)
                               for name in options.programs}
        if not options.micro:
            cluster = Cluster(options, result)
            if options.against:
                result["against"] = str(options.against)
                if not cluster.other_tool().is_file():
                    raise OSError(f"{cluster.other_tool()} does not exist: build it there first")
            cluster.run()
            failed = cluster.failed
        target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        print(f"bench: written to {target}")
        if options.html:
            write_page(options.tool, target, options.html)
    except FAILURES as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
