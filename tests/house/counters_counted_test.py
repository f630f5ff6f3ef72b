#!/usr/bin/env python3
"""Every counter of telemetry/counters.def is counted somewhere in the product, so that a zero means
that nothing happened and not that nobody looked. Blocks that are addressed by offset are left out.
"""
import pathlib
import re
import sys

ROOMS = ["ordering", "membership", "groups", "engine", "daemon", "dataplane", "client_shm"]
BY_OFFSET = ("rejected_", "entered_", "submitted_", "delivered_", "frames_accepted")

root = pathlib.Path(sys.argv[1])
source = "\n".join(path.read_text() for room in ROOMS for path in (root / room).rglob("*.[ch]pp"))
table = (root / "telemetry/counters.def").read_text()
names = re.findall(r"^TORC_COUNTER\((\w+),", table, re.MULTILINE)
idle = [name for name in names
        if not name.startswith(BY_OFFSET) and not re.search(rf"::{name}\b", source)]
if not names or idle:
    sys.exit("nobody counts: " + " ".join(idle or ["(the table is empty)"]))
print(f"{len(names)} counters, all counted")
