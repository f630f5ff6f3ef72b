#!/usr/bin/env python3
"""Adds up what Meson's test runs report and prints one line: `N passed, N failed[, N skipped]`.

Meson's JSON log says which test programs passed; its JUnit log knows the cases inside a GoogleTest
program. A program that failed without a failed case (a crash, a time-out, a leak) counts as one
failure. Exit code 1 when anything failed or nothing ran.
Usage: summarize.py BUILD_DIRECTORY...
"""

import json
import sys
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field
from pathlib import Path

PASSED = {"OK", "EXPECTEDFAIL"}
PROJECT = "torc"


@dataclass
class Totals:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)

    def fail(self, name: str, count: int = 1) -> None:
        self.failed += count
        self.failures.append(name)


def suites_of(junit: Path) -> list[xml.Element]:
    return list(xml.parse(junit).getroot().iter("testsuite")) if junit.exists() else []


def cases_of(test: str, suites: list[xml.Element]) -> list[xml.Element]:
    """The GoogleTest cases of one Meson test; Meson names their suites project.test.suite."""
    return [case for suite in suites if suite.get("name", "").startswith(f"{PROJECT}.{test}.")
            for case in suite.iter("testcase")]


def add_test(totals: Totals, where: str, result: str, cases: list[xml.Element]) -> None:
    bad = [case for case in cases if case.find("failure") is not None
           or case.find("error") is not None]
    skipped = sum(1 for case in cases if case.find("skipped") is not None
                  or case.get("status") == "notrun")
    if result == "SKIP":
        totals.skipped += 1
    elif result in PASSED and not cases:
        totals.passed += 1
    else:
        totals.passed += len(cases) - len(bad) - skipped
        totals.skipped += skipped
        for case in bad:
            totals.fail(f"{where}: {case.get('classname')}.{case.get('name')}")
        if result not in PASSED and not bad:
            totals.fail(f"{where}: {result.lower()}")


def add_build(totals: Totals, build: Path) -> None:
    log = build / "meson-logs" / "testlog.json"
    if not log.exists():
        totals.fail(f"{build}: no test ran")
        return
    suites = suites_of(log.with_suffix(".junit.xml"))
    for line in log.read_text(encoding="utf-8").splitlines():
        test = json.loads(line)
        name = test["name"]
        add_test(totals, f"{build.name}: {name}", test["result"], cases_of(name, suites))


def main(arguments: list[str]) -> int:
    totals = Totals()
    for build in arguments:
        add_build(totals, Path(build))
    for name in totals.failures:
        print(f"failed: {name}")
    skipped = f", {totals.skipped} skipped" if totals.skipped else ""
    print(f"{totals.passed} passed, {totals.failed} failed{skipped}")
    return 1 if totals.failed or not totals.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
