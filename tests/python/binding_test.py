#!/usr/bin/env python3
"""The Python package `torc` with three real daemons.

Usage: binding_test.py TORCD PACKAGE_DIRECTORY
"""

import ast
import gc
import os
import re
import signal
import subprocess
import sys
import threading
import time
import typing
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    TORCD, PACKAGE = sys.argv[1:]
    sys.path.insert(0, PACKAGE)
from local_ring import LocalRing, PATIENCE_SECONDS  # noqa: E402

import torc  # noqa: E402


class RingTest(unittest.TestCase):
    """Daemons for the whole class; sessions for each test."""

    @classmethod
    def setUpClass(cls):
        cls.ring = LocalRing(TORCD)
        cls.addClassCleanup(cls.ring.stop)
        cls.ring.start_all()

    def connect(self, node: str = "n0", **options) -> torc.Session:
        session = torc.connect(node, runtime_dir=self.ring.folder.name, **options)
        self.addCleanup(session.close)
        return session

    def next(self, session: torc.Session, kind):
        """The next record of that kind; others are passed over."""
        while True:
            record = session.receive(PATIENCE_SECONDS)
            if isinstance(record, kind):
                return record

    def until_members(self, session: torc.Session, *members: torc.Session) -> torc.View:
        wanted = {member.private_name for member in members}
        while True:
            view = self.next(session, torc.View)
            if set(view.members) == wanted:
                return view

    def pair(self, group: str) -> tuple[torc.Session, torc.Session]:
        """Members at n0 and n1 that have both seen the view of both."""
        both = self.connect("n0"), self.connect("n1")
        for session in both:
            session.join(group)
        for session in both:
            self.until_members(session, *both)
        return both


class MessagesTest(RingTest):
    def test_all_is_told_about_a_message(self):
        sender, receiver = self.pair("told")
        sender.send("told", b"hello", service=torc.Service.SAFE, type=0xBEEF)
        with self.next(receiver, torc.Message) as message:
            self.assertEqual((bytes(message), len(message), message.type),
                             (b"hello", 5, 0xBEEF))
            self.assertEqual((message.sender, message.group, message.groups),
                             (sender.private_name, "told", ("told",)))
            self.assertIs(message.service, torc.Service.SAFE)
            place = message.place
        self.assertEqual(self.next(sender, torc.Message).place, place, "one order")

    def test_data_is_read_only_memory_that_release_ends(self):
        sender, receiver = self.pair("lent")
        sender.send("lent", b"x" * 1000)
        message = self.next(receiver, torc.Message)
        self.assertTrue(message.data.readonly)
        self.assertEqual(message.data.nbytes, 1000)
        message.release()
        message.release()
        with self.assertRaises(ValueError):
            message.data[0]

    def test_a_slice_keeps_its_bytes_although_session_and_message_are_gone(self):
        sender, receiver = self.pair("kept")
        sender.send("kept", bytes(range(256)))
        message = self.next(receiver, torc.Message)
        part = message.data[10:20]
        message.release()
        before = receiver.counts().unread_bytes
        self.assertEqual(bytes(part), bytes(range(10, 20)))
        receiver.close()
        del message, receiver
        gc.collect()
        self.assertEqual(bytes(part), bytes(range(10, 20)))
        self.assertGreater(before, 0, "the slice held the record")

    def test_session_and_messages_may_become_garbage_together(self):
        """In a cycle Python finalizes in any order, and at its end all there is."""
        program = """
import sys, gc, torc
for keep in range(20):
    session = torc.connect("n0", runtime_dir=sys.argv[1])
    for _ in range(keep):
        session.send(session.private_name, b"x")
    messages = [session.receive(60) for _ in range(keep)]
    cycle = [session, messages, [message.data[0:] for message in messages]]
    cycle.append(cycle)
    del session, messages
    if keep % 2: del cycle
    gc.collect()
"""
        done = subprocess.run([sys.executable, "-c", program, self.ring.folder.name],
                              env={**os.environ, "PYTHONPATH": PACKAGE}, check=False,
                              capture_output=True, text=True, timeout=PATIENCE_SECONDS)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_memory_goes_back_when_the_last_slice_goes(self):
        sender, receiver = self.pair("back")
        sender.send("back", b"y" * 5000)
        message = self.next(receiver, torc.Message)
        self.assertGreater(receiver.counts().unread_bytes, 5000)
        del message
        self.assertEqual(receiver.counts().unread_bytes, 0)

    def test_more_messages_than_may_be_held_pass_when_none_is_kept(self):
        sender, receiver = self.pair("many")
        for number in range(500):
            sender.send("many", number.to_bytes(4, "little"), self_discard=True)
        got = [int.from_bytes(bytes(self.next(receiver, torc.Message)), "little")
               for _ in range(500)]
        self.assertEqual(got, list(range(500)))

    def test_holding_too_many_is_refused_and_passes(self):
        sender, receiver = self.pair("held")
        for number in range(70):
            sender.send("held", bytes([number]), self_discard=True)
        held = [self.next(receiver, torc.Message) for _ in range(64)]
        with self.assertRaises(torc.WrongState):
            receiver.receive(PATIENCE_SECONDS)
        held.clear()
        self.assertEqual(bytes(self.next(receiver, torc.Message)), bytes([64]))

    def test_several_groups_one_copy(self):
        sender, receiver = self.pair("one")
        receiver.join("two")
        self.until_members(receiver, receiver)
        sender.send(["one", "two", receiver.private_name], b"once", self_discard=True)
        sender.send("one", b"end", self_discard=True)
        message = self.next(receiver, torc.Message)
        self.assertEqual(message.groups, ("one", "two", receiver.private_name))
        self.assertEqual(bytes(self.next(receiver, torc.Message)), b"end")

    def test_any_buffer_can_be_sent(self):
        session = self.connect()
        own = session.private_name
        for data in (b"ab", bytearray(b"ab"), memoryview(b"xaby")[1:3], b""):
            session.send(own, data)
            self.assertEqual(bytes(self.next(session, torc.Message)), bytes(data))
        with self.assertRaises(TypeError):
            session.send(own, "text")

    def test_many_are_sent_at_once(self):
        session = self.connect()
        own = session.private_name
        self.assertEqual(session.send_many(own, [b"one", bytearray(b"two"), b""]), 3)
        self.assertEqual([bytes(self.next(session, torc.Message)) for _ in range(3)],
                         [b"one", b"two", b""])
        self.assertEqual(session.send_many(own, []), 0)
        with self.assertRaises(torc.TooLarge):
            session.send_many(own, [b"small", bytes(session.message_bytes_max + 1)])
        self.assertIsNone(session.try_receive())

    def test_many_may_be_more_than_there_is_room_for(self):
        session = self.connect()
        own = session.private_name
        flood = [number.to_bytes(4, "little") + bytes(10_000) for number in range(4_000)]
        sent = session.send_many(own, flood, timeout=0)
        self.assertTrue(0 < sent < len(flood), sent)
        for number in range(sent):
            self.assertEqual(int.from_bytes(bytes(self.next(session, torc.Message))[:4], "little"),
                             number)

    def test_a_message_is_written_in_place(self):
        session = self.connect()
        with session.reserve(session.private_name, 10) as room:
            room.data[:3] = b"abc"
            room.commit(3)
        self.assertEqual(bytes(self.next(session, torc.Message)), b"abc")
        with session.reserve(session.private_name, 10) as room:
            with self.assertRaises(torc.TooLarge):
                room.commit(11)
        self.assertEqual(session.operations, 1, "not committed, not sent")
        with self.assertRaises(torc.WrongState):
            room.commit()


class GroupsTest(RingTest):
    def test_views_say_who_why_and_who_came_along(self):
        first = self.connect("n0", name="first")
        first.join("views")
        view = self.next(first, torc.View)
        self.assertEqual((view.group, view.cause, view.who, view.members),
                         ("views", torc.Cause.JOIN, "#first#n0", ("#first#n0",)))
        second = self.connect("n1", name="second")
        second.join("views")
        views = [self.until_members(each, first, second) for each in (first, second)]
        self.assertEqual(views[0].id, views[1].id)
        self.assertEqual(views[0].members, views[1].members)
        self.assertEqual(sorted(views[0].sets), [("#first#n0",), ("#second#n1",)])
        self.assertEqual([each.came_with_me for each in views], [("#first#n0",), ("#second#n1",)])
        second.leave("views")
        gone = self.next(first, torc.View)
        self.assertEqual((gone.cause, gone.who, gone.members),
                         (torc.Cause.LEAVE, "#second#n1", ("#first#n0",)))
        left = self.next(second, torc.SelfLeave)
        self.assertEqual((left.group, left.reason), ("views", None))

    def test_close_is_seen_as_a_disconnect(self):
        one, other = self.pair("closing")
        name = other.private_name
        other.close()
        view = self.next(one, torc.View)
        self.assertEqual((view.cause, view.who), (torc.Cause.DISCONNECT, name))

    def test_long_names_for_those_who_ask(self):
        name = "gruppe-" + "ü" * 60
        with self.assertRaises(torc.NameRefused):
            self.connect().join(name)
        session = self.connect(long_names=True)
        session.join(name)
        self.assertEqual(self.next(session, torc.View).group, name)


class FlushTest(RingTest):
    def test_a_change_waits_for_the_flush_and_messages_stay_in_their_view(self):
        first, second = self.connect("n0"), self.connect("n1")
        first.flush_join("flush")
        self.until_members(first, first)
        second.flush_join("flush")
        self.assertEqual(self.next(first, torc.FlushRequest).group, "flush")
        first.send("flush", b"last words")
        first.flush_ok("flush")
        with self.assertRaises(torc.Flushed):
            first.send("flush", b"too late")
        self.assertEqual(bytes(self.next(first, torc.Message)), b"last words")
        view = self.until_members(first, first, second)
        self.assertEqual(view.came_with_me, (first.private_name,))
        self.until_members(second, first, second)
        second.subgroup_send("flush", [first.private_name], b"for you")
        message = self.next(first, torc.Message)
        self.assertEqual((message.groups, bytes(message)),
                         (("flush", first.private_name), b"for you"))

    def test_kinds_of_groups_do_not_mix(self):
        session, other = self.connect(), self.connect()
        session.join("plain")
        self.until_members(session, session)
        other.flush_join("plain")
        refused = self.next(other, torc.Refused)
        self.assertIsInstance(refused.reason, torc.WrongGroupKind)
        self.assertEqual(refused.operation, other.operations)


class WaitingTest(RingTest):
    def test_deadlines(self):
        session = self.connect()
        self.assertIsNone(session.try_receive())
        for timeout in (0, 0.01):
            with self.assertRaises(TimeoutError):
                session.receive(timeout)
        with self.assertRaises(ValueError):
            session.receive(-1)

    def test_a_waiting_receive_is_woken_by_another_thread_s_send(self):
        session = self.connect()
        timer = threading.Timer(0.05, session.send, (session.private_name, b"wake"))
        timer.start()
        self.assertEqual(bytes(self.next(session, torc.Message)), b"wake")
        timer.join()

    def test_close_ends_a_receive_of_another_thread(self):
        session, outcome = self.connect(), []

        def receive():
            try:
                session.receive()
            except torc.Error as error:
                outcome.append(error)

        thread = threading.Thread(target=receive)
        thread.start()
        time.sleep(0.05)
        session.close()
        thread.join(PATIENCE_SECONDS)
        self.assertEqual([type(error) for error in outcome], [torc.Closed])
        with self.assertRaises(torc.Closed):
            session.send("any", b"")

    def test_signals_are_heard_while_waiting(self):
        session = self.connect()

        def interrupt(*_):
            raise KeyboardInterrupt

        before = signal.signal(signal.SIGALRM, interrupt)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with self.assertRaises(KeyboardInterrupt):
            session.receive()

    def test_many_threads_send_and_one_receives_all(self):
        session = self.connect()
        own = session.private_name

        def send(number):
            for count in range(200):
                session.send(own, bytes([number, count]))

        threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        got = [bytes(self.next(session, torc.Message)) for _ in range(800)]
        for thread in threads:
            thread.join()
        for number in range(4):
            self.assertEqual([b[1] for b in got if b[0] == number], list(range(200)))


class ErrorsTest(RingTest):
    def test_every_code_has_an_exception(self):
        header = (ROOT / "include" / "torc" / "torc.h").read_text(encoding="utf-8")
        codes = {name: int(number) for name, number in
                 re.findall(r"\b(TORC_(?:ERROR_\w+|WOULD_BLOCK)) = (-\d+)", header)}
        self.assertGreater(len(codes), 20)
        for name, code in codes.items():
            with self.subTest(code=name):
                error = torc._errors.error_of(code)
                self.assertEqual(error.code, code)
                self.assertNotIn(type(error), (torc.Error, torc.SessionEnded))
                self.assertIn(type(error).__name__, torc.__all__)
                self.assertEqual(isinstance(error, torc.SessionEnded), code <= -32)
                self.assertTrue(str(error))

    def test_codes_of_a_later_library_are_errors_too(self):
        self.assertIs(type(torc._errors.error_of(-31)), torc.Error)
        self.assertIs(type(torc._errors.error_of(-1000)), torc.SessionEnded)

    def test_what_goes_wrong_has_its_name(self):
        with self.assertRaises(torc.NoDaemon):
            torc.connect(runtime_dir="/nonexistent")
        self.connect(name="taken")
        with self.assertRaises(torc.NameTaken):
            self.connect(name="taken")
        with self.assertRaises(torc.NameRefused):
            self.connect(name="not allowed")
        session = self.connect()
        with self.assertRaises(torc.NameRefused):
            session.join("")
        with self.assertRaises(ValueError):
            session.join("a\0b")
        with self.assertRaises(torc.ArgumentRefused):
            session.send([], b"")
        with self.assertRaises(torc.TooLarge):
            session.send("any", bytes(session.message_bytes_max + 1))
        with self.assertRaises(torc.TooLarge):
            session.send([f"g{i}" for i in range(101)], b"")

    def test_a_forked_child_is_told(self):
        session = self.connect()
        child = os.fork()
        if child == 0:
            try:
                session.send("any", b"")
            except torc.Forked:
                os._exit(7)
            os._exit(1)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 7)
        session.send(session.private_name, b"still mine")
        self.assertEqual(bytes(self.next(session, torc.Message)), b"still mine")

    def test_nothing_is_left_open(self):
        def descriptors():
            return len(os.listdir("/proc/self/fd"))

        self.connect().close()
        before = descriptors()
        for _ in range(20):
            session = torc.connect("n0", runtime_dir=self.ring.folder.name)
            session.send(session.private_name, b"x")
            message = self.next(session, torc.Message)
            session.close()
            del message, session
        gc.collect()
        self.assertEqual(descriptors(), before)

    def test_counts(self):
        session = self.connect()
        session.send(session.private_name, b"x")
        self.next(session, torc.Message)
        counts = session.counts()
        self.assertEqual((counts.accepted, counts.ordered, counts.undelivered, counts.received),
                         (1, 1, 0, 1))


class DocsTest(unittest.TestCase):
    """docs/python.md tells of what is there."""

    TEXT = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")

    def test_its_programs_compile(self):
        programs = re.findall(r"^```python\n(.*?)^```", self.TEXT, re.DOTALL | re.MULTILINE)
        self.assertGreater(len(programs), 1)
        for program in programs:
            compile(program, "python.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    def test_records_and_their_fields(self):
        rows = re.findall(r"^\| `(\w+)` \| [^|`]+ \| (.*?) \|$", self.TEXT, re.MULTILINE)
        told = {name: set(re.findall(r"`(\w+)`", fields)) for name, fields in rows}
        self.assertEqual(set(told), {kind.__name__ for kind in typing.get_args(torc.Record)})
        for name, fields in told.items():
            kind = getattr(torc, name)
            there = {*getattr(kind, "__annotations__", {}),
                     *(key for key, value in vars(kind).items() if isinstance(value, property))}
            self.assertEqual(fields, there, name)

    def test_calls_of_a_session(self):
        table = re.search(r"^\| call \| what \|\n(.*?)^$", self.TEXT, re.DOTALL | re.MULTILINE)
        told = set()
        for row in re.findall(r"^\| (`.*?) \|", table.group(1), re.MULTILINE):
            told |= set(re.findall(r"`(\w+)", row))
        there = {name for name in vars(torc.Session) if not name.startswith("_")}
        self.assertEqual(told | {"close", "closed", "handle", "raw"}, there)

    def test_every_exception_is_named(self):
        for name in torc.__all__:
            kind = getattr(torc, name)
            if isinstance(kind, type) and issubclass(kind, torc.SessionEnded):
                self.assertIn(name, self.TEXT)


class DeathTest(RingTest):
    """Last in this file's order of classes: it kills daemons."""

    def test_a_lost_daemon_is_one_clear_error(self):
        survivor, doomed = self.pair("death")
        self.ring.kill("n1")
        with self.assertRaises(torc.DaemonLost):
            while True:
                doomed.receive(PATIENCE_SECONDS)
        with self.assertRaises(torc.SessionEnded):
            doomed.send("death", b"")
        view = self.next(survivor, torc.View)
        self.assertEqual((view.cause, view.members),
                         (torc.Cause.NETWORK, (survivor.private_name,)))
        self.assertEqual(view.came_with_me, (survivor.private_name,))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
