#!/usr/bin/env python3
"""Runs the programs of examples/ with two daemons on loopback UDP, and holds README.md to them.

Usage: examples_test.py TORCD HELLO_SEND HELLO_RECEIVE ORDERED_KV
Waits are for events; their limits only keep a failing test from hanging.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60
PROGRAMS: dict[str, str] = {}


def eventually(condition, what: str):
    """The first true value of `condition`."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < limit:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"did not happen: {what}")


class Cluster:
    """Two torcd processes, n0 and n1, in a folder of their own."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="torc-examples-")
        self.daemons: dict[str, subprocess.Popen] = {}
        number = os.getpid()
        net = f"127.85.{number // 250 % 250}"
        nodes = "".join(f'[[node]]\nname = "n{i}"\naddress = "{net}.{i + 1}"\n' for i in range(2))
        Path(self.folder.name, "torc.toml").write_text(
            f'[cluster]\nname = "examples"\ndata_port = {20000 + 2 * (number % 10000)}\n{nodes}'
            f'[daemon]\nruntime_dir = "{self.folder.name}"\n', encoding="utf-8")

    def log_of(self, node: str) -> str:
        return Path(self.folder.name, f"{node}.log").read_text(encoding="utf-8", errors="replace")

    def start(self, node: str) -> None:
        with open(Path(self.folder.name, f"{node}.log"), "wb") as log:  # of this life alone
            self.daemons[node] = subprocess.Popen(
                [PROGRAMS["torcd"], "--config", f"{self.folder.name}/torc.toml", "--node", node],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start_all(self) -> None:
        for node in ("n0", "n1"):
            self.start(node)
        for node in ("n0", "n1"):
            self.wait_for_ring(node)

    def wait_for_ring(self, node: str) -> None:
        eventually(lambda: self.last_ring(node) == "n0 n1", f"{node} is in a ring of both")

    def last_ring(self, node: str) -> str:
        """Members of the newest ring, from the daemon's own lines."""
        if self.daemons[node].poll() is not None:
            raise AssertionError(f"{node} ended:\n{self.log_of(node)}")
        rings = [line for line in self.log_of(node).split("\n")
                 if line.startswith("torcd: operational")]
        return rings[-1].split(": ")[-1].strip() if rings else ""

    def environment(self, node: str) -> dict[str, str]:
        return {**os.environ, "TORC_RUNTIME_DIR": self.folder.name, "TORC_DAEMON": node}

    def run(self, program: str, node: str, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([PROGRAMS[program], *arguments], env=self.environment(node),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE_SECONDS, check=False)

    def open(self, program: str, node: str, *arguments: str) -> subprocess.Popen:
        return subprocess.Popen([PROGRAMS[program], *arguments], env=self.environment(node),
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def stop(self) -> None:
        for daemon in self.daemons.values():
            daemon.terminate()
            daemon.send_signal(signal.SIGCONT)  # should a test have ended in a pause
        for daemon in self.daemons.values():
            try:
                daemon.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.folder.cleanup()


class Map:
    """One running ordered_kv."""

    def __init__(self, cluster: Cluster, node: str, name: str):
        self.process = cluster.open("ordered_kv", node, name)

    def tell(self, *lines: str) -> None:
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def ask(self, line: str) -> str:
        self.tell(line)
        return self.process.stdout.readline().rstrip("\n")

    def wait_until(self, start: str) -> str:
        """Asks for everything until the answer begins like that; gives the rest of it."""
        seen = []

        def dump():
            seen[:] = [self.ask("dump")]
            return seen[0].startswith(start)

        eventually(dump, f"a map says '{start}'; it said {seen}")
        return seen[0]

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def close(self) -> None:
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it was killed with a line on the way
        self.process.stdout.close()
        self.process.wait(PATIENCE_SECONDS)


class ExamplesTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.addCleanup(self.cluster.stop)
        self.cluster.start_all()

    def open_map(self, node: str, name: str) -> Map:
        made = Map(self.cluster, node, name)
        self.addCleanup(made.close)
        return made

    def test_a_message_reaches_a_receiver_on_the_other_daemon(self):
        receiver = self.cluster.open("hello_receive", "n1", "room", "2")
        self.addCleanup(receiver.wait)
        self.addCleanup(receiver.stdout.close)
        self.addCleanup(receiver.stdin.close)
        view = receiver.stdout.readline()
        self.assertRegex(view, r"^view of room after a join: #\S+#n1$")
        for text in ("one", "two"):
            sent = self.cluster.run("hello_send", "n0", "room", text)
            self.assertEqual((sent.returncode, sent.stderr), (0, ""))
            self.assertRegex(receiver.stdout.readline(), rf"^#\S+#n0 says: {text}$")
        self.assertEqual(receiver.wait(PATIENCE_SECONDS), 0)

    def test_what_can_go_wrong_is_said(self):
        nobody = subprocess.run([PROGRAMS["hello_send"], "room", "text"], capture_output=True,
                                text=True, timeout=PATIENCE_SECONDS, check=False,
                                env={**os.environ, "TORC_RUNTIME_DIR": "/nonexistent"})
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("hello_send: connect: ", nobody.stderr)
        bad_name = self.cluster.run("hello_receive", "n0", "")
        self.assertEqual(bad_name.returncode, 1)
        self.assertIn("hello_receive: join: ", bad_name.stderr)

    def test_copies_of_a_map_are_equal_although_all_write_the_same_keys(self):
        maps = [self.open_map(node, "m") for node in ("n0", "n1", "n0")]
        for each in maps:
            each.wait_until("ready 3 members")
        for number in range(100):
            for who, each in enumerate(maps):
                each.tell(f"set key{number % 10} {number}.{who}")
        dumps = {each.wait_until("ready 3 members, 300 changes") for each in maps}
        self.assertEqual(len(dumps), 1, dumps)
        self.assertEqual(len(dumps.pop().split("changes:")[1].split()), 10)

    def test_a_map_outlives_a_member_and_a_newcomer_gets_it_all(self):
        first, doomed = self.open_map("n0", "m"), self.open_map("n1", "m")
        first.wait_until("ready 2 members")
        doomed.wait_until("ready 2 members")
        doomed.tell("set a 1", "set b 2", "del a")
        first.wait_until("ready 2 members, 3 changes: b=2")
        doomed.kill()
        first.wait_until("ready 1 members, 3 changes: b=2")
        newcomer = self.open_map("n1", "m")
        self.assertEqual(newcomer.wait_until("ready 2 members"),
                         "ready 2 members, 3 changes: b=2")
        newcomer.tell("set c 3")
        first.wait_until("ready 2 members, 4 changes: b=2 c=3")
        self.assertEqual(first.ask("get c"), "3")
        self.assertEqual(first.ask("get a"), "(none)")

    def test_a_map_survives_the_death_of_the_other_daemon(self):
        here, there = self.open_map("n0", "m"), self.open_map("n1", "m")
        here.wait_until("ready 2 members")
        there.tell("set a 1")
        here.wait_until("ready 2 members, 1 changes: a=1")
        self.cluster.daemons["n1"].kill()
        self.cluster.daemons["n1"].wait()
        self.assertEqual(there.process.wait(PATIENCE_SECONDS), 1, "it is told that its daemon died")
        here.wait_until("ready 1 members, 1 changes: a=1")
        self.cluster.start("n1")
        self.cluster.wait_for_ring("n1")
        again = self.open_map("n1", "m")
        self.assertEqual(again.wait_until("ready 2 members"), "ready 2 members, 1 changes: a=1")

    def test_a_side_that_was_away_takes_over_what_the_other_went_on_to(self):
        here, there = self.open_map("n0", "m"), self.open_map("n1", "m")
        here.wait_until("ready 2 members")
        there.tell("set a 1")
        here.wait_until("ready 2 members, 1 changes: a=1")
        self.cluster.daemons["n1"].send_signal(signal.SIGSTOP)
        here.wait_until("ready 1 members, 1 changes: a=1")
        here.tell("set b 2", "del a")
        here.wait_until("ready 1 members, 3 changes: b=2")
        self.cluster.daemons["n1"].send_signal(signal.SIGCONT)
        for each in (here, there):
            each.wait_until("ready 2 members, 3 changes: b=2")


class ReadmeTest(unittest.TestCase):
    def test_the_client_in_the_readme_is_the_example(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        shown = readme.split("```c\n")[1].split("```")[0]
        source = (ROOT / "examples" / "hello_send.c").read_text(encoding="utf-8")
        self.assertEqual(shown, source)


if __name__ == "__main__":
    for program, path in zip(("torcd", "hello_send", "hello_receive", "ordered_kv"), sys.argv[1:]):
        PROGRAMS[program] = path
    if len(PROGRAMS) != 4:
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1], verbosity=2)
