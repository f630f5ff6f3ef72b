#!/usr/bin/env python3
"""Makes the core wrong in each way of base/mutants.def and sees whether the tests notice.

Each mutant has killers in killers.py: so many seeds of the simulator, and directed tests by name.
A line a mutant says what caught it. A test that always fails catches everything; so the directed
tests must pass on the right core, and a seed counts only if it is clean there. Ends with
`K of K caught` and exit code 0 only if that is so.
Usage: run.py --build DIRECTORY [--quick] [--jobs N] [NAME...]; run.py --check ROOT | --table
"""

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from killers import KILLERS, QUICK, Killers

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ["ordering", "membership", "groups", "engine"]
DEFINITION = re.compile(r"^TORC_MUTANT\((\w+), \"(.+)\"\)$", re.MULTILINE)
SITE = re.compile(r"\bmutant\(Mutant::(\w+)\)")


def defined(root: Path) -> dict[str, str]:
    return dict(DEFINITION.findall((root / "base" / "mutants.def").read_text()))


def sites(root: Path) -> set[str]:
    found = set()
    for room in ROOMS:
        for path in sorted((root / room).glob("*.[ch]pp")):
            found.update(SITE.findall(path.read_text()))
    return found


def table(root: Path) -> list[str]:
    """The rows of README.md."""
    rows = []
    for name, text in defined(root).items():
        killers = KILLERS.get(name, Killers())
        tests = ", ".join(test.split("/", 1)[1] for test in killers.tests)
        rows.append(f"| `{name}` | {text} | {killers.breaks} | {killers.seeds or '-'} | {tests} |")
    return rows


def discrepancies(root: Path) -> list[str]:
    """The definitions, the places in the core, the killers and README.md name the same mutants."""
    names = set(defined(root))
    told = []
    for what, others in [("has no place in the core", names - sites(root)),
                         ("is not in base/mutants.def", sites(root) - names),
                         ("has no killer in tests/mutants/killers.py", names - set(KILLERS)),
                         ("is in killers.py, but not in base/mutants.def", set(KILLERS) - names),
                         ("is quick, but has no killer", set(QUICK) - set(KILLERS))]:
        told += [f"mutant {name} {what}" for name in sorted(others)]
    readme = (root / "tests" / "mutants" / "README.md").read_text().splitlines()
    shown = [line for line in readme if line.startswith("| `") and line.split("`")[1] in names]
    if not told and shown != table(root):
        told.append("the table of tests/mutants/README.md is not what run.py --table prints")
    return told


@dataclass
class Verdict:
    caught: bool
    how: str


class Runner:
    def __init__(self, build: Path, seconds: float):
        self.build = build
        self.seconds = seconds
        self.sim = build / "tests" / "sim" / "torc-sim"

    def test_program(self, test: str) -> Path:
        room = test.split("/")[0]
        return self.build / "tests" / "unit" / room / f"{room}_test"

    def run(self, command: list[str], mutant: str = "") -> tuple[int | None, str]:
        """Exit code and output; no code if time ran out."""
        environment = dict(os.environ, TORC_MUTANT=mutant, RC_PARAMS="seed=1 noshrink=1")
        try:
            done = subprocess.run(command, text=True, env=environment, timeout=self.seconds,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            return done.returncode, done.stdout
        except subprocess.TimeoutExpired as late:
            return None, (late.stdout or b"").decode(errors="replace")

    def directed(self, test: str, mutant: str) -> Verdict:
        """`test` is room/Suite.Name; the program of the room runs that one."""
        program = self.test_program(test)
        if not program.exists():
            return Verdict(False, f"{program} is not built")
        code, output = self.run([str(program), f"--gtest_filter={test.split('/', 1)[1]}"], mutant)
        if code is None:
            return Verdict(True, f"test {test} does not end")
        if "1 test from" not in output:
            return Verdict(False, f"no test {test}")
        return Verdict(code != 0, f"test {test}")

    def swarm(self, seeds: int, mutant: str, fresh: bool = False) -> Verdict:
        command = [str(self.sim), "--seeds" if fresh else "--fixed", str(seeds),
                   "--stop-at-failure", "--jobs", "1"]
        if mutant:
            command += ["--mutant", mutant]
        code, output = self.run(command)
        failure = re.search(r"FAILED: (?:seed \d+: )?(.*)", output)
        if failure:
            seed = re.search(r"--seed (\d+)", output)
            return self.confirmed(seed.group(1) if seed else "", failure.group(1)[:100])
        if code is None:
            return Verdict(False, f"{seeds} seeds did not end within {self.seconds:.0f} s")
        if code != 0 and "seeds," not in output:
            return Verdict(True, f"ended with code {code}")
        fired = re.search(r"fired (\d+) times", output)
        times = fired.group(1) if fired else "?"
        return Verdict(False, f"{seeds} seeds clean, fired {times} times")

    def confirmed(self, seed: str, what: str) -> Verdict:
        """The control: that seed must be clean without the mutant."""
        code, output = self.run([str(self.sim), "--seed", seed])
        if code == 0:
            return Verdict(True, f"seed {seed}: {what}")
        return Verdict(False, f"seed {seed}, which fails on the right core as well: "
                              f"{output.strip().splitlines()[-1] if output.strip() else code}")

    def hunt(self, mutant: str, killers: Killers, quick: bool) -> Verdict:
        """What caught it, or how each of its killers missed."""
        hunters = []
        if killers.seeds:
            hunters.append(lambda: self.swarm(killers.seeds, mutant))
        hunters += [lambda test=test: self.directed(test, mutant) for test in killers.tests]
        if killers.seeds and not quick:
            hunters.append(lambda: self.swarm(killers.seeds, mutant, fresh=True))
        missed = []
        for hunter in hunters:
            verdict = hunter()
            if verdict.caught:
                return verdict
            missed.append(verdict.how)
        return Verdict(False, "; ".join(missed))

    def control(self, chosen: dict[str, Killers]) -> list[str]:
        """Directed tests that are missing, or fail without any mutant."""
        told = []
        for test in sorted({test for killers in chosen.values() for test in killers.tests}):
            verdict = self.directed(test, "")
            if verdict.caught or verdict.how != f"test {test}":
                told.append(f"control: {verdict.how} fails or is missing without any mutant")
        return told


def run_mutants(runner: Runner, chosen: dict[str, Killers], arguments) -> int:
    texts = defined(ROOT)

    def one(name: str) -> bool:
        begin = time.monotonic()
        verdict = runner.hunt(name, chosen[name], arguments.quick)
        seconds = time.monotonic() - begin
        print(f"{'caught' if verdict.caught else 'MISSED'} {name}: {texts[name]}\n"
              f"       {verdict.how} ({seconds:.1f} s)", flush=True)
        return verdict.caught

    with ThreadPoolExecutor(arguments.jobs) as pool:
        return sum(pool.map(one, chosen))


def run_checker(build: Path) -> tuple[int, int]:
    """The checker's own mutations: of traces, not of the core."""
    program = build / "tests" / "checker" / "torc-check"
    if not program.exists():
        print(f"MISSED {program} is not built")
        return 0, 1
    done = subprocess.run([str(program), "--mutations"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    print(done.stdout, end="")
    total = re.search(r"(\d+) of (\d+) caught\s*$", done.stdout)
    return (int(total.group(1)), int(total.group(2))) if total else (0, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", type=Path, help="a build directory with -Dmutants=true")
    parser.add_argument("--check", type=Path, metavar="ROOT", help="only compare the lists")
    parser.add_argument("--quick", action="store_true", help="the quickest of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at a time")
    parser.add_argument("--seconds", type=float, default=600, help="at most, for one killer")
    parser.add_argument("names", nargs="*", help="only these mutants")
    parser.add_argument("--table", action="store_true", help="print the rows of README.md")
    arguments = parser.parse_args()
    if arguments.table:
        print("\n".join(table(ROOT)))
        return 0
    if arguments.check:
        wrong = discrepancies(arguments.check)
        print("\n".join(wrong) or f"{len(KILLERS)} mutants, each with a place and a killer")
        return 1 if wrong else 0
    unknown = set(arguments.names) - set(KILLERS)
    if not arguments.build or unknown:
        parser.error(f"no mutant {', '.join(sorted(unknown))}" if unknown else "--build is missing")
    names = arguments.names or (QUICK if arguments.quick else list(KILLERS))
    chosen = {name: KILLERS[name] for name in names}
    if arguments.quick:  # only the simulator is built
        chosen = {name: Killers(seeds=killers.seeds) for name, killers in chosen.items()}
    runner = Runner(arguments.build, arguments.seconds)
    wrong = runner.control(chosen)
    if wrong:
        print("\n".join(wrong))
        return 1
    caught, of = run_mutants(runner, chosen, arguments), len(chosen)
    if not arguments.quick and not arguments.names:
        checker_caught, checker_of = run_checker(arguments.build)
        print(f"{caught} of {of} bugs of the core, {checker_caught} of {checker_of} of traces")
        caught, of = caught + checker_caught, of + checker_of
    print(f"{caught} of {of} caught")
    return 0 if caught == of else 1


if __name__ == "__main__":
    sys.exit(main())
