#!/usr/bin/env python3
"""Includes may only go down (architecture.md, section 2; house rules 2.3).

Three tables are the rule: which rooms a room may include, which rooms may use a library, and what
a pure room must not name because its time, its memory and its threads belong to the driver.
Usage: check_layers.py [ROOT]; prints `file:line: what, and what to do`, exit code 1 on a breach.
"""

import re
import sys
from pathlib import Path

from source_text import code_lines, cxx_files

VOCABULARY = ["base", "wire", "config", "telemetry"]
PROTOCOL = ["ordering", "membership", "quorum", "groups"]
# Layer 1 inside client_shm: what the poll loop, the daemon's side and the library agree on.
SHM_FORMAT = ["client_shm/layout.hpp", "client_shm/rings.hpp", "client_shm/names.hpp"]

# A file's rule is the one with the longest matching path; it may always include its own rule's
# files. `base/x` as an entry allows that file only.
ALLOWED = {
    "base": [],
    "wire": ["base"],
    "config": ["base"],
    "telemetry": ["base"],
    **{path: ["base", *SHM_FORMAT] for path in SHM_FORMAT},
    "ordering": VOCABULARY,
    "membership": VOCABULARY,
    "quorum": VOCABULARY,
    "groups": VOCABULARY,
    "engine": VOCABULARY + PROTOCOL,
    "dataplane": VOCABULARY + PROTOCOL + ["engine", *SHM_FORMAT],
    "client_shm": VOCABULARY + PROTOCOL + ["engine", "include", *SHM_FORMAT],
    # The library is linked into other people's programs: base and the format, nothing else.
    "client_shm/client": ["base", "include", *SHM_FORMAT],
    "client_stream": VOCABULARY + PROTOCOL + ["engine", "include", *SHM_FORMAT],
    "include": [],
    "daemon": VOCABULARY + PROTOCOL + ["engine", "dataplane", "client_shm", "client_stream",
                                       "include"],
    # Tools look at a daemon from outside: through its counters, its files and the library.
    # One of those files is the switchboard of the lossy port; fd.hpp owns a descriptor.
    "tools": VOCABULARY + ["include", *SHM_FORMAT, "dataplane/lossy_page.hpp", "dataplane/fd.hpp"],
    "bench": ["*"],
    "tests": ["*"],
    "examples": ["include"],
    "bindings": ["include"],
}

# Library include -> where it may stand. Tests and benches may call what they test.
LIBRARIES = [
    (r"(generic/)?rte_", ["dataplane", "bench", "tests"], "DPDK stays in dataplane/"),
    (r"liburing", ["dataplane", "client_shm", "client_stream", "daemon", "bench", "tests"],
     "io_uring stays in dataplane/, client_shm/, client_stream/ and daemon/"),
    (r"toml\+\+|toml\.hpp", ["config/load_toml.cpp"], "only config/load_toml.cpp reads TOML"),
    (r"CLI/|CLI11", ["tools", "daemon", "bench", "tests"],
     "command lines are parsed in tools/ and daemon/"),
    (r"mimalloc", ["daemon", "tools"], "the allocator is chosen by programs, not by libraries"),
    (r"gtest/|gmock/|rapidcheck", ["tests"], "test frameworks stay in tests/"),
    (r"benchmark/", ["bench"], "Google Benchmark stays in bench/"),
    (r"valgrind/", ["bench"], "marks for valgrind stay in bench/"),
]
NO_LIBRARY_AT_ALL = {"client_shm/client", "include"}

PURE = ["base", "wire", "ordering", "membership", "quorum", "groups", "engine",
        "config/settings.hpp", *SHM_FORMAT]
IMPURE_INCLUDE = re.compile(
    r"^(thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token|"
    r"iostream|ostream|istream|fstream|sstream|filesystem|random|ctime|time\.h|pthread\.h|"
    r"unistd\.h|fcntl\.h|poll\.h|signal\.h|csignal|sys/.*|netinet/.*|arpa/.*|net/.*|linux/.*|"
    r"fmt/.*)$")
IMPURE_NAME = [
    (r"::now\s*\(", "the clock: take `now` as an argument"),
    (r"\b(steady_clock|system_clock|high_resolution_clock|clock_gettime|gettimeofday|__rdtsc)\b",
     "the clock: take `now` as an argument"),
    (r"\b(secure_)?getenv\b", "the environment: pass a setting"),
    (r"\brandom_device\b", "entropy: take a base/prng.hpp Prng"),
    (r"\b(malloc|calloc|realloc|free)\s*\(", "the heap: hold values, or make_unique at start"),
    (r"\bnew\s+[A-Za-z_:]", "the heap: hold values, or make_unique at start"),
    (r"\bthrow\b|\btry\s*\{|\bcatch\s*\(", "exceptions: return an outcome"),
    (r"\bdynamic_cast\b|\btypeid\b", "RTTI: use an enum"),
    (r"\bthread_local\b|\bstd::j?thread\b|\bstd::mutex\b", "threads: they belong to drivers"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def covers(entry: str, path: str) -> bool:
    return path == entry or path.startswith(entry + "/")


def covered(entries, path: str) -> bool:
    return any(covers(entry, path) for entry in entries)


def rule_of(path: str) -> str | None:
    """The key of ALLOWED that governs `path`."""
    matches = [key for key in ALLOWED if covers(key, path)]
    return max(matches, key=len) if matches else None


def edge_allowed(path: str, target: str) -> bool:
    own, other = rule_of(path), rule_of(target)
    if own is None or other is None:
        return False
    allowed = ALLOWED[own]
    if own == other or "*" in allowed:
        return True
    # A narrower rule inside an allowed room is allowed with it, except that a room which names
    # single files of another gets these only.
    return any(covers(entry, target) for entry in allowed)


def check_quoted(root: Path, path: str, target: str) -> str | None:
    if target.startswith("torc/"):
        target = f"include/{target}"
    if rule_of(target) is None or ".." in target:
        return f'"{target}" is not rooted at the repository: write "room/file.hpp"'
    if not (root / target).is_file() and not (root / f"{target}.in").is_file():
        return f'"{target}" does not exist'
    if not edge_allowed(path, target):
        own = rule_of(path)
        allowed = ", ".join(ALLOWED[own]) or "nothing of the house"
        return f'"{target}" goes up or sideways: {own} may include {allowed}'
    return None


def check_angled(path: str, target: str) -> str | None:
    for pattern, rooms, advice in LIBRARIES:
        if not re.match(pattern, target):
            continue
        if rule_of(path) in NO_LIBRARY_AT_ALL:
            return f"<{target}>: the client library depends on libc and nothing else"
        if not covered(rooms, path):
            return f"<{target}>: {advice}"
    if covered(PURE, path) and IMPURE_INCLUDE.match(target):
        return f"<{target}> in a pure room: no OS, clock, thread or stream below layer 4"
    return None


def check_file(root: Path, path: str) -> list[str]:
    # Undecodable bytes are tidy.py's business.
    text = (root / path).read_text(encoding="utf-8", errors="replace")
    found = []
    with_strings = code_lines(text, keep_strings=True)
    for number, line in enumerate(with_strings, 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, target = match.group(1) == '"', match.group(2)
        breach = check_quoted(root, path, target) if quoted else check_angled(path, target)
        if breach:
            found.append(f"{path}:{number}: {breach}")
    if covered(PURE, path):
        for number, line in enumerate(code_lines(text), 1):
            for pattern, advice in IMPURE_NAME:
                if re.search(pattern, line):
                    found.append(f"{path}:{number}: a pure room must not touch {advice}")
    return found


def check(root: Path) -> tuple[list[str], int]:
    """(breaches, files looked at)."""
    found, looked = [], 0
    for path in map(str, cxx_files(root)):
        if "/" not in path:
            found.append(f"{path}:1: code lives in a room, not at the top level")
            continue
        if rule_of(path) is None:
            found.append(f"{path}:1: no rule for this room: add it to ALLOWED in {__file__}")
            continue
        looked += 1
        found += check_file(root, path)
    return found, looked


def main(arguments: list[str]) -> int:
    root = Path(arguments[0] if arguments else Path(__file__).parents[2]).resolve()
    found, looked = check(root)
    for breach in found:
        print(breach)
    if looked == 0:
        print(f"no source file under {root}: nothing was checked")
        return 1
    print(f"layers: {looked} files, {len(found)} breaches")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
