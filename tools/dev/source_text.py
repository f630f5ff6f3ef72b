"""What the house checks share: which files the repository has, and C++ without its comments.

A check looks at tracked files and at new ones that git does not ignore, so that it says the same
before and after a commit. A tree without git (a tarball, a test's seed) is walked instead.
"""

import os
import re
import subprocess
from pathlib import Path

CXX_SUFFIXES = {".hpp", ".cpp", ".h", ".c", ".def"}
SKIPPED_DIRECTORIES = {".git", "__pycache__", "subprojects"}


def repository_files(root: Path) -> list[Path]:
    """Paths relative to `root`, sorted."""
    if (root / ".git").exists():
        listing = subprocess.run(
            ["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-z",
             "--cached", "--others", "--exclude-standard"],
            capture_output=True, check=False)
        if listing.returncode == 0:
            names = [name for name in listing.stdout.decode().split("\0") if name]
            return sorted(Path(name) for name in names if (root / name).is_file())
    found = []
    for folder, directories, names in os.walk(root):
        directories[:] = [name for name in directories
                          if name not in SKIPPED_DIRECTORIES and not name.startswith("build")]
        found += [Path(folder, name).relative_to(root) for name in names]
    return sorted(found)


def cxx_files(root: Path) -> list[Path]:
    return [path for path in repository_files(root) if path.suffix in CXX_SUFFIXES]


# One alternation, tried from the left, so that a quote in a comment or a slash in a string is
# taken for what it is. Raw strings first: they contain anything.
_TOKEN = re.compile(
    r'R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"'
    r'|(?P<comment>//[^\n]*|/\*.*?\*/)'
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|(?<![0-9a-zA-Z_])'(?:[^'\\\n]|\\.)*'",
    re.DOTALL)


def code_lines(text: str, keep_strings: bool = False) -> list[str]:
    """The lines with comments (and the contents of strings) blanked; line numbers stay."""

    def blank(match: re.Match) -> str:
        whole = match.group(0)
        if match.group("comment") is None and keep_strings:
            return whole
        newlines = "\n" * whole.count("\n")
        return newlines if match.group("comment") is not None else f'""{newlines}'

    return _TOKEN.sub(blank, text).split("\n")
