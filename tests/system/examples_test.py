#!/usr/bin/env python3
"""Runs the programs of examples/ with a ring of three daemons on loopback UDP, and holds README.md
to them.

Usage: examples_test.py NAME=PATH... for torcd, the programs, and `package`, the folder in which
Python finds torc; without the last the programs in Python are left out.
"""

import os
import queue
import re
import subprocess
import sys
import threading
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
from local_ring import LocalRing, PATIENCE_SECONDS, eventually  # noqa: E402

PROGRAMS: dict[str, str] = {}


class Cluster(LocalRing):
    """Three torcd processes, n0 to n2, and programs that talk to them."""

    def __init__(self):
        super().__init__(PROGRAMS["torcd"])

    def command(self, program: str, *arguments: str) -> list[str]:
        path = PROGRAMS[program]
        return [sys.executable, path, *arguments] if path.endswith(".py") else [path, *arguments]

    def environment(self, node: str) -> dict[str, str]:
        return {**super().environment(node), "PYTHONPATH": PROGRAMS.get("package", "")}

    def run(self, program: str, node: str, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(self.command(program, *arguments), env=self.environment(node),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=PATIENCE_SECONDS, check=False)

    def open(self, program: str, node: str, *arguments: str) -> "Program":
        return Program(self.command(program, *arguments), self.environment(node))


class Program:
    """A running program that says something on standard output, line by line."""

    def __init__(self, command: list[str], environment: dict[str, str]):
        self.lines: list[str] = []
        self.process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.said: queue.Queue[str] = queue.Queue()
        self.listener = threading.Thread(target=self.listen)
        self.listener.start()

    def listen(self) -> None:
        for text in self.process.stdout:
            self.said.put(text.rstrip("\n"))
        self.said.put(None)

    def tell(self, *lines: str) -> None:
        self.process.stdin.write("".join(line + "\n" for line in lines))
        self.process.stdin.flush()

    def line(self) -> str:
        """The next line."""
        try:
            text = self.said.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            text = None
        if text is None:
            raise AssertionError(f"says nothing more after {self.lines}")
        self.lines.append(text)
        return text

    def until(self, wanted: str) -> str:
        """Reads up to the line that is like that."""
        while not re.fullmatch(wanted, line := self.line()):
            pass
        return line

    def rest(self) -> list[str]:
        """Reads to the end."""
        while (text := self.said.get(timeout=PATIENCE_SECONDS)) is not None:
            self.lines.append(text)
        self.process.wait(PATIENCE_SECONDS)
        return self.lines

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def close(self) -> None:
        """Ends it by the end of its input, or, where it reads none, by SIGKILL."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it was killed with a line on the way
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.wait(PATIENCE_SECONDS)
        self.listener.join()
        self.process.stdout.close()


class Map:
    """One running ordered_kv."""

    def __init__(self, program: Program):
        self.program = program

    def tell(self, *lines: str) -> None:
        self.program.tell(*lines)

    def ask(self, line: str) -> str:
        self.program.tell(line)
        return self.program.line()

    def wait_until(self, start: str) -> str:
        """Asks for everything until the answer begins like that; gives the rest of it."""
        seen = []

        def dump():
            seen[:] = [self.ask("dump")]
            return seen[0].startswith(start)

        eventually(dump, f"a map says '{start}'; it said {seen}")
        return seen[0]


class ExamplesTest(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster()
        self.addCleanup(self.cluster.stop)
        self.cluster.start_all()

    def open(self, program: str, node: str, *arguments: str) -> Program:
        made = self.cluster.open(program, node, *arguments)
        self.addCleanup(made.close)
        return made


class HelloTest(ExamplesTest):
    def test_a_message_reaches_a_receiver_on_another_daemon(self):
        receiver = self.open("hello_receive", "n1", "room", "2")
        self.assertRegex(receiver.line(), r"^view of room after a join: #\S+#n1$")
        for text, node in (("one", "n0"), ("two", "n2")):
            sent = self.cluster.run("hello_send", node, "room", text)
            self.assertEqual((sent.returncode, sent.stderr), (0, ""))
            self.assertRegex(receiver.line(), rf"^#\S+#{node} says: {text}$")
        self.assertEqual(receiver.process.wait(PATIENCE_SECONDS), 0)

    def test_what_can_go_wrong_is_said(self):
        nobody = subprocess.run([PROGRAMS["hello_send"], "room", "text"], capture_output=True,
                                text=True, timeout=PATIENCE_SECONDS, check=False,
                                env={**os.environ, "TORC_RUNTIME_DIR": "/nonexistent"})
        self.assertEqual(nobody.returncode, 1)
        self.assertIn("hello_send: connect: ", nobody.stderr)
        bad_name = self.cluster.run("hello_receive", "n0", "")
        self.assertEqual(bad_name.returncode, 1)
        self.assertIn("hello_receive: join: ", bad_name.stderr)


class OrderedMapTest(ExamplesTest):
    def open_map(self, node: str, name: str) -> Map:
        return Map(self.open("ordered_kv", node, name))

    def test_copies_are_equal_although_all_write_the_same_keys(self):
        maps = [self.open_map(node, "m") for node in ("n0", "n1", "n2")]
        for each in maps:
            each.wait_until("ready 3 members")
        for number in range(100):
            for who, each in enumerate(maps):
                each.tell(f"set key{number % 10} {number}.{who}")
        dumps = {each.wait_until("ready 3 members, 300 changes") for each in maps}
        self.assertEqual(len(dumps), 1, dumps)
        self.assertEqual(len(dumps.pop().split("changes:")[1].split()), 10)

    def test_it_outlives_a_member_and_a_newcomer_gets_it_all(self):
        first, doomed = self.open_map("n0", "m"), self.open_map("n1", "m")
        first.wait_until("ready 2 members")
        doomed.wait_until("ready 2 members")
        doomed.tell("set a 1", "set b 2", "del a")
        first.wait_until("ready 2 members, 3 changes: b=2")
        doomed.program.kill()
        first.wait_until("ready 1 members, 3 changes: b=2")
        newcomer = self.open_map("n2", "m")
        self.assertEqual(newcomer.wait_until("ready 2 members"),
                         "ready 2 members, 3 changes: b=2")
        newcomer.tell("set c 3")
        first.wait_until("ready 2 members, 4 changes: b=2 c=3")
        self.assertEqual(first.ask("get c"), "3")
        self.assertEqual(first.ask("get a"), "(none)")

    def test_newcomers_while_all_write_end_with_the_same_copy(self):
        """Joins follow each other so closely that states are asked for before they are there."""
        maps = [self.open_map("n0", "m")]
        maps[0].wait_until("ready 1 members")
        for number in range(6):
            for each in maps:
                each.tell(*(f"set k{number}.{i} x" for i in range(20)))
            maps.append(self.open_map(f"n{number % 3}", "m"))
        changes = 20 * sum(range(1, 7))
        dumps = {each.wait_until(f"ready 7 members, {changes} changes") for each in maps}
        self.assertEqual(len(dumps), 1)

    def test_it_survives_the_death_of_another_daemon(self):
        here, there = self.open_map("n0", "m"), self.open_map("n1", "m")
        here.wait_until("ready 2 members")
        there.tell("set a 1")
        here.wait_until("ready 2 members, 1 changes: a=1")
        self.cluster.kill("n1")
        self.assertEqual(there.program.process.wait(PATIENCE_SECONDS), 1,
                         "it is told that its daemon died")
        here.wait_until("ready 1 members, 1 changes: a=1")
        self.cluster.start("n1")
        self.cluster.wait_for_ring("n1")
        again = self.open_map("n1", "m")
        self.assertEqual(again.wait_until("ready 2 members"), "ready 2 members, 1 changes: a=1")

    def test_a_side_that_was_away_takes_over_what_the_other_went_on_to(self):
        maps = [self.open_map(node, "m") for node in ("n0", "n1", "n2")]
        here, there, _ = maps
        here.wait_until("ready 3 members")
        there.tell("set a 1")
        here.wait_until("ready 3 members, 1 changes: a=1")
        self.cluster.pause("n1")
        here.wait_until("ready 2 members, 1 changes: a=1")
        here.tell("set b 2", "del a")
        here.wait_until("ready 2 members, 3 changes: b=2")
        self.cluster.resume("n1")
        for each in maps:
            each.wait_until("ready 3 members, 3 changes: b=2")


class LeaderTest(ExamplesTest):
    def programs(self) -> list[str]:
        """The third is in Python where it can be."""
        return ["leader", "leader", "leader.py" if "package" in PROGRAMS else "leader"]

    def test_all_name_the_same_leader_and_another_when_it_dies(self):
        members = [self.open(program, f"n{i}", "leaders", "3")
                   for i, program in enumerate(self.programs())]
        says = {re.sub(", myself$", "", each.until("leader .* of 3.*")) for each in members}
        self.assertEqual(len(says), 1, says)
        leader = next(each for each in members if each.lines[-1].endswith(", myself"))
        self.cluster.kill(f"n{members.index(leader)}")
        survivors = [each for each in members if each is not leader]
        says_then = {re.sub(", myself$", "", each.until("leader .* of 2.*")) for each in survivors}
        self.assertEqual(len(says_then), 1, says_then)
        self.assertNotEqual(says_then.pop().split()[1], says.pop().split()[1])
        self.assertEqual(sum(each.lines[-1].endswith(", myself") for each in survivors), 1)
        self.assertIn("uncertain", survivors[0].lines, "the signal comes before the view")

    def test_a_side_without_majority_has_no_leader(self):
        members = [self.open(program, f"n{i}", "leaders", "3")
                   for i, program in enumerate(self.programs())]
        for each in members:
            each.until("leader .* of 3.*")
        for node in ("n0", "n1"):
            self.cluster.kill(node)
        self.assertEqual(members[2].until("no leader: 1 .*"), "no leader: 1 of 3 are here")


class FeedTest(ExamplesTest):
    def test_every_reader_gets_every_quote(self):
        nodes = ["n0"] * 6 + ["n1", "n2"]
        readers = [self.open("feed", node, "read", "quotes") for node in nodes]
        sent = self.cluster.run("feed", "n0", "publish", "quotes", "20000", str(len(readers)))
        self.assertEqual((sent.returncode, sent.stderr), (0, ""))
        said = {reader.rest()[-1] for reader in readers}
        self.assertEqual(len(said), 1, said)
        self.assertRegex(said.pop(), r"^20000 quotes, 0 gaps, prices [0-9a-f]{16}$")


class FlushTasksTest(ExamplesTest):
    TASKS = 60

    def tasks(self, lines: list[str], wanted: str) -> list[int]:
        return [int(found.group(1)) for line in lines if (found := re.fullmatch(wanted, line))]

    def open_worker(self, node: str) -> Program:
        return self.open("flush_tasks", node, "work", str(self.TASKS), "20")

    def test_nothing_is_forgotten_and_nothing_done_twice_but_by_death(self):
        workers = [self.open_worker("n0"), self.open_worker("n1")]
        for worker in workers:
            worker.until("view of 2, .*")
        workers[1].until(r"do \d+")
        workers[1].process.kill()
        workers.append(self.open_worker("n2"))
        survivors = [workers[0], workers[2]]
        for worker in workers:
            worker.rest()
        for worker in survivors:
            self.assertEqual(worker.process.returncode, 0)
            self.assertEqual(worker.lines[-1], "all done")
        done = [task for worker in workers for task in self.tasks(worker.lines, r"do (\d+)")]
        self.assertEqual(set(done), set(range(self.TASKS)))
        self.assertLessEqual(len(done), self.TASKS + 1, "one of the dead member at most")
        self.assertGreater(len(self.tasks(workers[2].lines, r"do (\d+)")), 0, "all take part")

    def test_those_who_stay_together_hear_the_same(self):
        workers = [self.open_worker("n0"), self.open_worker("n1")]
        for worker in workers:
            worker.rest()
        heard = [worker.lines[worker.lines.index(f"view of 2, {came} came with me"):]
                 for worker, came in zip(workers, (1, 1))]
        heard = [self.tasks(lines, r"#\S+ did (\d+)") for lines in heard]
        shorter = min(map(len, heard))  # who knows that all is done does not wait for the last word
        self.assertGreater(shorter, 0)
        self.assertEqual(heard[0][:shorter], heard[1][:shorter])


class ChatTest(ExamplesTest):
    @classmethod
    def setUpClass(cls):
        if "package" not in PROGRAMS:
            raise unittest.SkipTest("no Python package in this build")

    def test_all_read_the_same(self):
        chats: dict[str, Program] = {}
        for name, node in (("ann", "n0"), ("bob", "n1"), ("cid", "n2")):
            chats[name] = self.open("chat.py", node, name, "hall")
            chats[name].until(rf"hall \| here: .*#{name}#{node}.*")
            for each in chats.values():
                if each is not chats[name]:
                    each.until(rf"hall \| #{name}#{node} came")
        for number in range(30):
            for name, each in chats.items():
                each.tell(f"{name} says {number}")
        read = []
        for each in chats.values():
            lines = []
            while len(lines) < 90:
                if " says " in (line := each.line()):
                    lines.append(line)
            read.append(lines)
        self.assertEqual(read[0], read[1])
        self.assertEqual(read[0], read[2])

    def test_rooms_and_private_words(self):
        ann = self.open("chat.py", "n0", "ann", "hall")
        ann.until(r"hall \| here: #ann#n0")
        bob = self.open("chat.py", "n1", "bob", "hall")
        bob.until(r"hall \| here: .*#bob#n1.*")
        ann.tell("/msg #bob#n1 psst")
        self.assertEqual(bob.until(".*psst"), "#ann#n0: psst")
        bob.tell("/join attic")
        bob.until(r"attic \| here: #bob#n1")
        bob.tell("alone", "/leave attic")
        self.assertEqual(bob.until(".*alone"), "attic | #bob#n1: alone")
        bob.until(r"attic \| left")
        bob.tell("/quit")
        self.assertEqual(bob.process.wait(PATIENCE_SECONDS), 0)
        ann.until(r"hall \| #bob#n1 is gone")


class ReadmeTest(unittest.TestCase):
    def test_the_client_in_the_readme_is_the_example(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        shown = readme.split("```c\n")[1].split("```")[0]
        source = (ROOT / "examples" / "hello_send.c").read_text(encoding="utf-8")
        self.assertEqual(shown, source)


    def test_every_example_is_in_its_readme_and_in_this_test(self):
        readme = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
        for path in (ROOT / "examples").iterdir():
            if path.suffix in (".c", ".cpp", ".py"):
                with self.subTest(example=path.name):
                    self.assertIn(f"]({path.name})", readme)
                    if path.suffix != ".py" or "package" in PROGRAMS:
                        self.assertIn(path.name.removesuffix(path.suffix)
                                      if path.suffix != ".py" else path.name, PROGRAMS)


if __name__ == "__main__":
    PROGRAMS.update(argument.split("=", 1) for argument in sys.argv[1:])
    if "torcd" not in PROGRAMS:
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1], verbosity=2)
