#!/usr/bin/env python3
"""Calls and habits that the house bans, each with what to write instead (house rules 2.10, 2.14).

A rule that must be broken in one place is waived on that line by a comment with the reason:
`// tidy: allow <rule>: <reason>`. Files over the length guide are warnings, not failures.
Usage: tidy.py [ROOT]; prints `file:line: [rule] advice`, exit code 1 on a breach.
"""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from source_text import CXX_SUFFIXES, code_lines, repository_files

LINE_MAX = 100
FILE_LINES_GUIDE = 600
TEXT_SUFFIXES = CXX_SUFFIXES | {".py", ".sh", ".md", ".toml", ".build", ".txt", ".lua", ".yml",
                                ".service", ".scd"}
TEXT_NAMES = {"dev", "meson.build", "meson_options.txt", ".clang-format", ".clang-tidy",
              ".editorconfig", ".gitignore", ".gitattributes", "LICENSE", "run"}
PROGRAMS = ("tools/", "daemon/", "bench/", "tests/", "examples/")
TESTS = ("tests/", "bench/")
# What these files say about the rules would itself break them.
ABOUT_THE_RULES = ("tools/dev/tidy.py", "tools/dev/check_layers.py", "tests/house/")


@dataclass(frozen=True)
class Ban:
    name: str
    pattern: str
    advice: str
    except_in: tuple[str, ...] = field(default=())
    only_in: tuple[str, ...] = field(default=())


BANS = [
    Ban("assert", r"(?<![\w.:])assert\s*\(|<cassert>|<assert\.h>",
        "TORC_CHECK (base/check.hpp): it stays on in every build"),
    Ban("cout", r"\bstd::(cout|cerr|clog)\b|<iostream>",
        "libraries return Result or count; programs print with fmt::print", except_in=PROGRAMS),
    Ban("printf", r"\b(std::)?(printf|puts|putchar)\s*\(",
        "libraries return Result or count; programs print with fmt::print",
        except_in=PROGRAMS),
    Ban("sleep", r"\b(usleep|nanosleep|sleep_for|sleep_until)\s*\(|(?<![\w.>])sleep\s*\(\s*\d",
        "wait for a descriptor or a deadline (dataplane's idle policy)", except_in=PROGRAMS),
    Ban("rand", r"\b(std::)?s?rand\s*\(",
        "base/prng.hpp, seeded; getrandom(2) for incarnations and secrets"),
    Ban("volatile", r"(?<!asm )(?<!asm__ )\bvolatile\b", "std::atomic or std::atomic_ref with the pairing named"),
    Ban("frame cast", r"reinterpret_cast\s*<[^>]*(Header|Frame|Token|Wire|wire::)",
        "memcpy into the struct, or wire/'s take<T>"),
    Ban("c string copy", r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atof)\s*\(",
        "std::string_view, snprintf or std::from_chars"),
    Ban("wall clock", r"\bsystem_clock\b|\bgettimeofday\b|\bCLOCK_REALTIME\b|\btime\s*\(\s*"
        r"(NULL|nullptr|0)\s*\)",
        "CLOCK_MONOTONIC: nothing in Torc depends on the wall clock"),
    Ban("signal", r"\b(signal|sigaction|pthread_sigmask|sigprocmask)\s*\(",
        "send with MSG_NOSIGNAL: the library leaves its user's signals alone",
        only_in=("client_shm/", "include/", "base/", "wire/", "engine/")),
    Ban("detach", r"\.detach\s*\(\)", "join: a thread has an owner"),
    Ban("private public", r"#\s*define\s+private\s+public", "a face that can be tested"),
    Ban("using namespace", r"^\s*using\s+namespace\s+std\s*;", "write std::"),
]
# In prose and scripts as well as in code.
LEFTOVERS = re.compile(r"\b(" + "|".join(["FIX" + "ME", "TO" + "DO", "XX" + "X"]) + r")\b")
ALLOW = re.compile(r"(?://|#)\s*tidy: allow ([a-z +]+): \S")


def is_text(path: Path) -> bool:
    return path.suffix in TEXT_SUFFIXES or path.name in TEXT_NAMES


def breaches_of_code(path: str, text: str) -> list[tuple[int, str, str]]:
    found = []
    code = code_lines(text)
    raw = code_lines(text, keep_strings=True)
    for ban in BANS:
        if ban.except_in and path.startswith(ban.except_in):
            continue
        if ban.only_in and not path.startswith(ban.only_in):
            continue
        pattern = re.compile(ban.pattern)
        # Includes are not strings, but `"..."` ones look like one: the raw line shows them.
        found += [(number, ban.name, ban.advice)
                  for number, (line, whole) in enumerate(zip(code, raw), 1)
                  if pattern.search(whole if line.lstrip().startswith("#") else line)]
    return found


def breaches_of_header(path: str, text: str) -> list[tuple[int, str, str]]:
    # C headers are public: other people's compilers read them.
    guards = {".hpp": "#pragma once", ".h": "#ifndef TORC_"}
    guard = guards.get(Path(path).suffix, "")
    return [] if guard in text else [(1, "guard", f"headers begin with {guard}")]


def breaches_of_text(path: str, lines: list[str]) -> list[tuple[int, str, str]]:
    found = []
    # A table of counters reads by columns, prose wraps where it likes.
    wide = path.endswith((".md", ".def")) or path == "LICENSE"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            found.append((number, "trailing space", "remove it"))
        if "\t" in line and path.endswith(tuple(CXX_SUFFIXES | {".py", ".build"})):
            found.append((number, "tab", "four spaces"))
        if LEFTOVERS.search(line):
            found.append((number, "leftover", "do it, or write an issue and delete the mark"))
        if len(line) > LINE_MAX and not wide and "http" not in line:
            found.append((number, "line length", f"{len(line)} columns; {LINE_MAX} are allowed"))
    return found


def breaches_of_markdown(path: str, lines: list[str]) -> list[tuple[int, str, str]]:
    if not path.endswith(".md"):
        return []
    titles, fenced = [], False
    for number, line in enumerate(lines, 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and re.match(r"#\s", line):
            titles.append(number)
    if fenced:
        return [(len(lines), "fence", "a ``` is not closed")]
    if len(titles) == 1:
        return []
    return [(titles[1] if titles else 1, "title", f"{len(titles)} H1 titles; one is the rule")]


def waived(line: str, rule: str) -> bool:
    match = ALLOW.search(line)
    return match is not None and match.group(1).strip() == rule


def check_file(root: Path, path: str) -> tuple[list[str], list[str]]:
    """(breaches, warnings) as printable lines."""
    data = (root / path).read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return [f"{path}:1: [encoding] not UTF-8 at byte {error.start}"], []
    lines = text.split("\n")
    found = breaches_of_text(path, lines)
    if data and not data.endswith(b"\n"):
        found.append((len(lines), "last line", "end the file with a newline"))
    found += breaches_of_markdown(path, lines)
    if Path(path).suffix in CXX_SUFFIXES:
        found += breaches_of_code(path, text) + breaches_of_header(path, text)
    printable = [f"{path}:{number}: [{rule}] {advice}" for number, rule, advice in sorted(found)
                 if not waived(lines[number - 1], rule)]
    warnings = []
    if len(lines) > FILE_LINES_GUIDE and Path(path).suffix in CXX_SUFFIXES | {".py"}:
        warnings.append(f"{path}: warning: {len(lines)} lines; look for a second idea in it")
    return printable, warnings


def check(root: Path) -> tuple[list[str], list[str], int]:
    found, warnings, looked = [], [], 0
    for path in filter(is_text, repository_files(root)):
        if str(path).startswith(ABOUT_THE_RULES):
            continue
        looked += 1
        breaches, long_files = check_file(root, str(path))
        found += breaches
        warnings += long_files
    return found, warnings, looked


def main(arguments: list[str]) -> int:
    root = Path(arguments[0] if arguments else Path(__file__).parents[2]).resolve()
    found, warnings, looked = check(root)
    for line in warnings + found:
        print(line)
    if looked == 0:
        print(f"no text file under {root}: nothing was checked")
        return 1
    print(f"tidy: {looked} files, {len(found)} breaches, {len(warnings)} warnings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
