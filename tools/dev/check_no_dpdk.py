#!/usr/bin/env python3
"""Proves that a build with -Ddpdk=disabled reads no DPDK header and links no DPDK library.

The compiler's own dependency records are the evidence, so a header that arrives through three
others is seen as well. Usage: check_no_dpdk.py BUILD_DIRECTORY
"""

import re
import subprocess
import sys
from pathlib import Path

HEADER = re.compile(r"/(rte_\w+\.h|dpdk/\S+)$")
LIBRARY = re.compile(r"(?<![\w-])(-lrte_\w+|\S*/librte_\w+\.(?:so|a)\S*)")


def main(arguments: list[str]) -> int:
    build = Path(arguments[0])
    deps = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], capture_output=True,
                          text=True, check=True).stdout
    headers = sorted({line.strip() for line in deps.splitlines() if HEADER.search(line.strip())})
    libraries = sorted(set(LIBRARY.findall((build / "build.ninja").read_text(encoding="utf-8"))))
    for name in headers + libraries:
        print(f"{name}: DPDK in a build that disables it")
    objects = len(re.findall(r"^\S.*#deps", deps, re.MULTILINE))
    if objects == 0:
        print("nothing is built: there is no evidence")
        return 1
    print(f"{objects} objects, {len(headers)} DPDK headers, {len(libraries)} DPDK libraries")
    return 1 if headers or libraries else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
