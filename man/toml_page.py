#!/usr/bin/env python3
"""Writes torc.toml(5) in scdoc's format from the commented example file, which is the manual.

The example consists of sections, comments and `key = default`; a comment belongs to the key below
it, and one at the file's head or above a section to that. Usage: toml_page.py EXAMPLE
"""

import re
import sys
from pathlib import Path

HEAD = """torc.toml(5)

# NAME

torc.toml - configuration of a Torc cluster and its daemons

# DESCRIPTION
"""
TAIL = """
# SEE ALSO

*torcd*(8), *torc*(1), *libtorc*(7)
"""
SECTION = re.compile(r"^\[{1,2}([\w.]+)\]{1,2}$")
KEY = re.compile(r"^(\w+) = (.*)$")


def plain(text: str) -> str:
    """`text` so that scdoc takes no character of it for markup."""
    return re.sub(r"^([#.\-\[|:;`])", r"\\\1", re.sub(r"([\\*_])", r"\\\1", text))


def paragraphs(comments: list[str], indent: str = "") -> list[str]:
    """The comment as scdoc paragraphs; indented lines (lists, commands) stay lines."""
    made, literal = [], []
    for line in [*comments, ""]:
        if line.startswith("  "):
            literal.append(indent + line[2:])
            continue
        if literal:
            made += ["", indent + "```", *literal, indent + "```", ""]
            literal = []
        made.append(indent + plain(line) if line else "")
    return made


def page_of(example: str) -> str:
    out, comments, sections = [HEAD], [], set()
    for line in example.split("\n"):
        if line.startswith("#"):
            comments.append(line[2:] if line.startswith("# ") else line[1:])
        elif section := SECTION.match(line):
            out += paragraphs(comments)
            comments = []
            if section.group(1) not in sections:  # [[node]] stands there once for each daemon
                out += [f"# {line}", ""]
                sections.add(section.group(1))
        elif key := KEY.match(line):
            if comments:  # another [[node]] repeats keys without a word
                out += [f"*{plain(key.group(1))}* = {plain(key.group(2))}", ""]
                out += paragraphs(comments, indent="\t")
            comments = []
        elif not line and comments and not sections:
            out += paragraphs(comments)
            comments = []
        elif line:
            sys.exit(f"neither comment, section nor key: {line}")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)) + TAIL


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.stdout.write(page_of(Path(sys.argv[1]).read_text(encoding="utf-8")))
