#!/usr/bin/env python3
"""Counts the instructions of the hot functions and holds them to the committed baseline.

The program runs under callgrind, which writes one part of its profile for each workload. What
counts is our own code: functions of the program's own object, without the harness around them
(namespace torc::bench) and without libc, whose memcpy is another one on another processor. So the
figures are the same on every machine that has the same compiler and options; with others the test
is skipped (exit code 77).
Usage: compare.py --program FILE --baseline FILE --build TEXT [--update | --functions WORKLOAD]
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

MESON_SKIP = 77
TOLERANCE = 0.03
FUNCTIONS_SHOWN = 25
RUN_SECONDS_MAX = 600  # five on a machine with nothing else to do
HARNESS = "torc::bench"
# One part a workload; positions and names in full, so that each line stands for itself.
CALLGRIND = ["--tool=callgrind", "--collect-atstart=no", "--compress-strings=no",
             "--compress-pos=no"]
WORKLOAD = re.compile(r"^desc: Trigger: Client Request: (\S+) (\d+)$", re.MULTILINE)
COST = re.compile(r"^\d+ (\d+)$")


class Failure(Exception):
    """What the user reads instead of a stack trace."""


@dataclass(frozen=True)
class Part:
    """A workload: how often it was done, and what each function of our own executed for it."""
    name: str
    items: int
    functions: Counter

    @property
    def per_item(self) -> float:
        return round(self.functions.total() / self.items, 1)


def part_of(text: str, program: str) -> Part | None:
    """Reads one part of a callgrind profile. None: the rest after the last workload."""
    head = WORKLOAD.search(text)
    if not head:
        return None
    functions, counts, function, is_call = Counter(), False, "", False
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key == "ob":
            counts = value == program
        elif key == "fn":
            function = value
        elif key == "calls":
            is_call = True  # the next line is what the call cost, which its callee has already
        elif cost := COST.match(line):
            if counts and not is_call and HARNESS not in function:
                functions[function] += int(cost.group(1))
            is_call = False
    return Part(head.group(1), int(head.group(2)), functions)


def run(program: Path, valgrind: str) -> list[Part]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "callgrind")
        done = subprocess.run([valgrind, *CALLGRIND, f"--callgrind-out-file={out}", program],
                              capture_output=True, text=True, timeout=RUN_SECONDS_MAX,
                              env={"PATH": os.environ.get("PATH", "")})
        if done.returncode != 0:
            raise Failure(f"{program} failed under valgrind:\n{done.stderr[-2000:]}")
        parts = [part_of(path.read_text(), str(program)) for path in Path(folder).iterdir()]
    found = sorted((part for part in parts if part), key=lambda part: part.name)
    for part in found:
        if not part.functions:
            raise Failure(f"{part.name}: no function of ours was counted in {program}")
    if not found:
        raise Failure(f"{program} named no workload")
    return found


def is_off(before: float | None, now: float | None) -> bool:
    return before is None or now is None or abs(now - before) > TOLERANCE * before


def row(name: str, before: float | None, now: float | None) -> str:
    def shown(value: float | None) -> str:
        return "-" if value is None else f"{value:,.1f}"
    known = before is not None and now is not None
    change = f"{(now - before) / before:+8.1%}" if known else f"{'-':>8}"
    mark = "  <-" if is_off(before, now) else ""
    return f"{name:<20} {shown(before):>12} {shown(now):>12} {change}{mark}"


def compare(baseline: dict[str, float], now: dict[str, float]) -> int:
    """Prints the table. Gives how many are not within the tolerance."""
    print(f"{'instructions an item':<20} {'baseline':>12} {'now':>12} {'change':>8}")
    off = 0
    for name in sorted(baseline.keys() | now.keys()):
        before, after = baseline.get(name), now.get(name)
        print(row(name, before, after))
        off += is_off(before, after)
    return off


def show_functions(part: Part) -> None:
    print(f"{part.name}: {part.per_item:,.1f} instructions an item, {part.items} items")
    for function, count in part.functions.most_common(FUNCTIONS_SHOWN):
        print(f"{count / part.items:10,.1f} {count / part.functions.total():6.1%}  {function}")


def judge(options: argparse.Namespace) -> int:
    baseline = json.loads(options.baseline.read_text())
    valgrind = shutil.which("valgrind")
    if not valgrind:
        print("skipped: valgrind is not installed")
        return MESON_SKIP
    for_comparison = not options.update and not options.functions
    if for_comparison and baseline["build"] != options.build:
        print(f"skipped: the baseline is of another build\n  baseline: {baseline['build']}\n"
              f"  this one: {options.build}")
        return MESON_SKIP
    parts = run(options.program.resolve(), valgrind)
    if options.functions:
        wanted = [part for part in parts if part.name == options.functions]
        if not wanted:
            raise Failure(f"no workload {options.functions}; there are: "
                          + " ".join(part.name for part in parts))
        show_functions(wanted[0])
        return 0
    now = {part.name: part.per_item for part in parts}
    if options.update:
        compare(baseline.get("instructions", {}), now)
        options.baseline.write_text(json.dumps(
            {"build": options.build, "instructions": now}, indent=2) + "\n")
        print(f"written: {options.baseline}")
        return 0
    off = compare(baseline["instructions"], now)
    if off:
        print(f"{off} not within {TOLERANCE:.0%}. Fewer is news, too. If it is meant, write the "
              "baseline with `ninja -C build instructions-update` and say why in the commit.")
    return 1 if off else 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--baseline", type=Path, required=True)
    parser.add_argument("--build", required=True, help="compiler and options of the program")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--update", action="store_true", help="write the baseline")
    what.add_argument("--functions", metavar="WORKLOAD", help="show where its instructions go")
    try:
        return judge(parser.parse_args(arguments))
    except Failure as failure:
        print(failure)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
