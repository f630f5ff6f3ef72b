#!/usr/bin/env python3
"""Runs the Google Benchmark programs and the three-daemon benchmark; merges them into one JSON.

The result names the machine and the commit, since a number without them compares with nothing.
Usage: bench.py --build DIR --tool TORC [--micro | --cluster] [--layout NAME]... [--json FILE]
       -- PROGRAM...
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

NODES = 3
# Both ports, in the layouts that need no privileges; `torc bench --help` lists the others.
LAYOUTS = ["vhost", "udp"]
CLUSTER_SECONDS_MAX = 900


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


def run_cluster(tool: Path, layout: str) -> dict:
    with tempfile.TemporaryDirectory(prefix="torc-bench-") as folder:
        out = Path(folder, "cluster.json")
        subprocess.run([str(tool), "bench", "--cluster", layout, "--nodes",
                        str(NODES), "--json", str(out)], check=True, stdin=subprocess.DEVNULL,
                       timeout=CLUSTER_SECONDS_MAX)
        return json.loads(out.read_text(encoding="utf-8"))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--tool", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="where the merged result goes")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--micro", action="store_true", help="only the Google Benchmark programs")
    part.add_argument("--cluster", action="store_true", help="only the three-daemon run")
    parser.add_argument("--layout", action="append", help="of the three-daemon run: vhost, udp, "
                        "netns-udp, ...; may be given several times (default: vhost and udp)")
    parser.add_argument("programs", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    result = {"machine": machine()}
    try:
        if not options.cluster:
            if not options.programs:
                print("bench: no *_bench program in bench/", file=sys.stderr)
                return 1
            result["micro"] = {Path(name).name: run_micro(options.build / name)
                               for name in options.programs}
        if not options.micro:
            result["cluster"] = {layout: run_cluster(options.tool, layout)
                                 for layout in options.layout or LAYOUTS}
    except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    target = options.json or options.build / "bench.json"
    target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"bench: written to {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
