#!/usr/bin/env python3
"""What libtorc.so promises to the program it is loaded into: it needs libc alone, exports torc_*
alone, has no writable static data, and calls nothing that installs handlers or starts threads."""
import re
import subprocess
import sys


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def names(library, *options):
    symbols = [line.split() for line in run("nm", "-D", *options, library).splitlines()]
    # "A" is the name of a version of the interface, not a symbol.
    return [words[-1].split("@")[0] for words in symbols if words and words[-2] != "A"]


def main(library, header):
    faults = []
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", library))
    if needed != ["libc.so.6"] and needed != ["libc.so"]:
        faults.append(f"needs more than libc: {needed}")
    exported = sorted(names(library, "--defined-only"))
    with open(header, encoding="utf-8") as text:
        code = re.sub(r"/\*.*?\*/", "", text.read(), flags=re.S)
    promised = sorted(set(re.findall(r"\b(torc_\w+)\s*\(", code)))
    if exported != promised:
        faults.append(f"exports differ from torc.h: {sorted(set(exported) ^ set(promised))}")
    forbidden = re.compile(r"^(signal|sigaction|sigprocmask|pthread_create|pthread_atfork|fork|"
                           r"clone|atexit|getenv|setenv|printf|fprintf|exit|abort|raise|"
                           r"_Zn[wa]m|_Zd[la]Pv.*|__cxa_(throw|guard).*|_ZS.*)$")
    for name in names(library, "--undefined-only"):
        if forbidden.match(name):
            faults.append(f"uses {name}")
    for line in run("nm", "-S", "--defined-only", library).splitlines():
        fields = line.split()
        # Of the C run-time's own only `completed.0`, `__dso_handle` and the like are there.
        if len(fields) == 4 and fields[2] in "bBdD" and "torc" in fields[3]:
            faults.append(f"global state: {fields[3]}")
    for fault in faults:
        print(f"{library}: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
