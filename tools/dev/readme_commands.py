#!/usr/bin/env python3
"""Holds the commands that README.md shows to what exists, and runs the cheap ones.

Every ```sh block carries on the line above it a comment that says how it is kept true:
    <!-- run -->            each command runs here and must exit with 0
    <!-- shown: reason -->  not run here; the reason names the test that covers it, or why none can
Comments and output lines do not belong into such blocks. Either way the words are checked: a
`./dev` command must be one that `./dev help` lists, and a script's or file's path must exist.
Usage: readme_commands.py [--root DIR] --check | --run [--skip-unless BUILD_DIRECTORY]
"""

import argparse
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MARK = re.compile(r"^<!-- (?:(run)|shown: (\S.*)) -->$")
FENCE = re.compile(r"^```(\w*)\s*$")
RUN_SECONDS_MAX = 60
MESON_SKIP = 77


@dataclass(frozen=True)
class Command:
    line: int
    text: str
    run: bool


def commands_of(text: str) -> tuple[list[Command], list[str]]:
    """(commands of the sh blocks, what is wrong with the blocks)."""
    found, wrong, language, mark = [], [], None, None
    previous = ""
    for number, line in enumerate(text.split("\n"), 1):
        fence = FENCE.match(line)
        if fence and language is None:
            language = fence.group(1)
            mark = MARK.match(previous.strip())
            if language in ("sh", "bash", "shell", "console") and not mark:
                wrong.append(f"{number}: say <!-- run --> or <!-- shown: why --> above the block")
        elif fence:
            language = None
        elif language in ("sh", "bash", "shell", "console") and line.strip():
            command = line.split(" # ")[0].strip()
            if command and not command.startswith("#"):
                found.append(Command(number, command, bool(mark and mark.group(1))))
        previous = line if line.strip() else previous
    return found, wrong


def dev_commands(root: Path) -> set[str]:
    return set(re.findall(r"^cmd_([a-z_]+)\(\)", (root / "dev").read_text(), re.MULTILINE))


def words_of(command: str) -> list[str]:
    words = shlex.split(command)
    while words and ("=" in words[0] or words[0] in ("sudo", "exec", "time")):
        words = words[1:]
    return words


def breach_of(root: Path, command: Command) -> str | None:
    try:
        words = words_of(command.text)
    except ValueError as error:
        return f"{command.line}: `{command.text}`: {error}"
    if not words:
        return None
    if words[0] == "./dev":
        known = dev_commands(root)
        name = (words[1] if len(words) > 1 else "help").replace("-", "_")
        if name not in known:
            return f"{command.line}: ./dev {name} is not a command"
    elif words[0].startswith("./") and not (root / words[0]).exists():
        return f"{command.line}: {words[0]} does not exist"
    return None


def run(root: Path, command: Command) -> str | None:
    try:
        done = subprocess.run(["bash", "-c", command.text], cwd=root, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=RUN_SECONDS_MAX,
                              check=False)
    except subprocess.TimeoutExpired:
        return f"{command.line}: `{command.text}` did not end; mark it <!-- shown: why -->"
    if done.returncode == 0:
        return None
    return f"{command.line}: `{command.text}` exits {done.returncode}\n{done.stdout}{done.stderr}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="keeps the commands in README.md true")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--skip-unless", type=Path, help="exit 77 unless this is ROOT/build")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true")
    mode.add_argument("--run", action="store_true")
    options = parser.parse_args(arguments)
    readme = options.root / "README.md"
    if options.skip_unless and options.skip_unless.resolve() != options.root.resolve() / "build":
        print("the commands of README.md speak of ./build; this is another build directory")
        return MESON_SKIP
    if not readme.exists():
        print(f"{readme} does not exist")
        return 1
    commands, wrong = commands_of(readme.read_text(encoding="utf-8"))
    if options.check:
        wrong += filter(None, (breach_of(options.root, command) for command in commands))
    else:
        wrong += filter(None, (run(options.root, command) for command in commands if command.run))
    for line in wrong:
        print(f"README.md:{line}")
    if not commands:
        print("README.md shows no command")
        return 1
    print(f"{len(commands)} commands, {sum(command.run for command in commands)} to run, "
          f"{len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
