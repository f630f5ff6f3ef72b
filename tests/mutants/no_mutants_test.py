"""A build without -Dmutants=true has no symbol of any mutant, and none that its sites would need.

Usage: no_mutants_test.py LIBRARY...
"""

import subprocess
import sys


def symbols(library: str) -> list[str]:
    done = subprocess.run(["nm", "--demangle", library], text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return [line for line in done.stdout.splitlines() if line.strip()]


def main(libraries: list[str]) -> int:
    wrong = []
    for library in libraries:
        found = symbols(library)
        if not found:
            wrong.append(f"{library}: no symbols at all; is it a library?")
        wrong += [f"{library}: {line}" for line in found if "mutant" in line.lower()]
    print("\n".join(wrong) or f"{len(libraries)} libraries, no mutant in any")
    return 1 if wrong or not libraries else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
