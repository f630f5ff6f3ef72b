#!/usr/bin/env python3
"""torc(1) and torcd(8) are held to the programs: every command and every option that --help tells
of is in the page, and the page tells of no other.

Usage: man_options_test.py TORCD TORC
"""

import re
import subprocess
import sys
import unittest
from pathlib import Path

MAN = Path(__file__).resolve().parents[2] / "man"
TORCD, TORC = "", ""
EVERYWHERE = {"--help", "--version", "--daemon", "--runtime-dir"}


def help_of(*command: str) -> str:
    return subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout


def options_of(*command: str) -> set[str]:
    return set(re.findall(r"^ +(?:-\w,)?(--[\w-]+)", help_of(*command), re.MULTILINE))


def in_page(text: str) -> set[str]:
    return set(re.findall(r"\*(--[\w-]+)\*", text))


class OptionsTest(unittest.TestCase):
    def test_torcd(self):
        self.assertEqual(in_page((MAN / "torcd.8.scd").read_text()), options_of(TORCD))

    def test_torc(self):
        page = (MAN / "torc.1.scd").read_text()
        entries = dict(re.findall(r"^\*torc (\w+)\*(.*?)(?=^\*torc |^#)", page, re.S | re.M))
        commands = re.findall(r"^  (\w+) {2,}", help_of(TORC).split("Subcommands:")[1], re.M)
        self.assertEqual(sorted(entries), sorted(commands))
        for command in commands:
            with self.subTest(command=command):
                self.assertEqual(in_page(entries[command]),
                                 options_of(TORC, command) - EVERYWHERE)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    TORCD, TORC = sys.argv[1:]
    unittest.main(argv=sys.argv[:1], verbosity=2)
