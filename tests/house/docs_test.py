#!/usr/bin/env python3
"""Prose that names files and tests is held to what exists: links of all Markdown files, every path
in backticks in ARCHITECTURE.md, and every test that the pages below lean on."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NAMED_TEST = re.compile(r"`([A-Z][a-z]\w+)\.(\w+|\*)`")
# Pages that name the test behind what they say, and those whose tables owe one in each row.
LEANING = ("ARCHITECTURE.md", "docs/proof.md", "docs/migrating-from-spread.md", "docs/outcomes.md")
SHOWN_BY = re.compile(r"^\|.*\| shown by \|\n\|[-|]+\|\n((?:\|.*\n)+)", re.MULTILINE)
NAMED_PATH = re.compile(r"`([\w./-]+/[\w.-]+\.(?:cpp|hpp|h|py|md|def))`")


def prose_of(path: Path) -> str:
    return FENCED.sub("", path.read_text(encoding="utf-8"))


def markdown_files() -> list[Path]:
    rooms = [entry for entry in sorted(ROOT.iterdir())
             if entry.is_dir() and not entry.name.startswith((".", "build"))]
    return sorted(ROOT.glob("*.md")) + [path for room in rooms for path in room.rglob("*.md")]


class DocsTest(unittest.TestCase):
    def test_every_link_leads_to_a_file(self):
        files = markdown_files()
        self.assertGreater(len(files), 10)
        for path in files:
            for target in LINK.findall(prose_of(path)):
                if re.match(r"[a-z]+:", target):
                    continue
                with self.subTest(file=path.relative_to(ROOT), link=target):
                    self.assertTrue((path.parent / target).exists())

    def test_paths_in_the_architecture_exist(self):
        named = NAMED_PATH.findall(prose_of(ROOT / "ARCHITECTURE.md"))
        self.assertGreater(len(named), 20)
        rooms = [Path(folder) for folder in ("", "client_shm", "tools", "tests")]
        for name in named:
            with self.subTest(name=name):
                self.assertTrue(any((ROOT / room / name).exists() for room in rooms))

    def test_tests_that_refute_invariants_exist(self):
        sources = "\n".join(path.read_text(encoding="utf-8")
                            for path in (ROOT / "tests").rglob("*_test.cpp"))
        defined = set(re.findall(r"\b(?:TEST|TEST_F|TEST_P|RC_GTEST_PROP)\((\w+),\s*(\w+)", sources))
        for page in LEANING:
            named = NAMED_TEST.findall(prose_of(ROOT / page))
            self.assertGreater(len(named), 10, page)
            for suite, name in named:
                with self.subTest(page=page, test=f"{suite}.{name}"):
                    self.assertTrue(any(suite == one and name in ("*", two)
                                        for one, two in defined))

    def test_rows_are_shown_by_a_test_or_say_why_there_is_nothing(self):
        for page in ("docs/migrating-from-spread.md", "docs/outcomes.md"):
            rows = [row for table in SHOWN_BY.findall(prose_of(ROOT / page))
                    for row in table.splitlines()]
            self.assertGreater(len(rows), 20, page)
            for row in rows:
                with self.subTest(page=page, row=row):
                    *told, shown = [cell.strip() for cell in row.strip("|").split("|")]
                    if shown == "\N{EM DASH}":
                        self.assertIn("**Not here**", " ".join(told))
                    else:
                        self.assertRegex(shown, NAMED_TEST)

    def test_the_map_stays_short(self):
        lines = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").count("\n")
        self.assertLessEqual(lines, 300)


if __name__ == "__main__":
    unittest.main()
