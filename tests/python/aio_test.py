#!/usr/bin/env python3
"""torc.aio with three real daemons: the event loop waits, nothing blocks.

Usage: aio_test.py TORCD PACKAGE_DIRECTORY
"""

import asyncio
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    TORCD = sys.argv[1]
    sys.path.insert(0, sys.argv[2])
from local_ring import LocalRing, PATIENCE_SECONDS  # noqa: E402

import torc  # noqa: E402


class AioTest(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        cls.ring = LocalRing(TORCD)
        cls.addClassCleanup(cls.ring.stop)
        cls.ring.start_all()

    def connect(self, node: str = "n0", **options):
        return torc.aio.connect(node, runtime_dir=self.ring.folder.name, **options)

    async def next(self, session, kind):
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for record in session:
                if isinstance(record, kind):
                    return record

    async def test_members_of_one_loop_talk(self):
        async with self.connect("n0") as one, self.connect("n2") as other:
            for session in (one, other):
                await session.join("talk")
            for session in (one, other):
                while len((await self.next(session, torc.View)).members) < 2:
                    pass
            await one.send("talk", b"hello")
            for session in (one, other):
                message = await self.next(session, torc.Message)
                self.assertEqual((message.sender, bytes(message)), (one.private_name, b"hello"))

    async def test_a_wait_can_be_given_up_and_loses_nothing(self):
        async with self.connect() as session:
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await session.receive()
            await session.send(session.private_name, b"after")
            self.assertEqual(bytes(await self.next(session, torc.Message)), b"after")

    async def test_others_get_their_turn_while_records_flood_in(self):
        async with self.connect() as session:
            count = 2000
            turns = 0

            async def other():
                nonlocal turns
                while True:
                    turns += 1
                    await asyncio.sleep(0)

            async def send():
                for _ in range(count):
                    await session.send(session.private_name, b"x")

            tasks = [asyncio.create_task(other()), asyncio.create_task(send())]
            for _ in range(count):
                await self.next(session, torc.Message)
            self.assertGreater(turns, count // 128)
            tasks[0].cancel()
            await tasks[1]

    async def test_a_full_session_waits_for_room(self):
        """More is sent at once than a session's memory holds."""
        async with self.connect("n0") as sender, self.connect("n1") as receiver:
            count, size = 300, 100_000
            name = receiver.private_name

            async def send():
                for number in range(count):
                    await sender.send(name, number.to_bytes(4, "little") + bytes(size))

            task = asyncio.create_task(send())
            for number in range(count):
                with await self.next(receiver, torc.Message) as message:
                    self.assertEqual(int.from_bytes(message.data[:4], "little"), number)
            await task

    async def test_many_at_once_wait_for_room_too(self):
        async with self.connect("n0") as sender, self.connect("n1") as receiver:
            flood = [number.to_bytes(4, "little") + bytes(100_000) for number in range(300)]
            task = asyncio.create_task(sender.send_many(receiver.private_name, flood))
            for number in range(len(flood)):
                with await self.next(receiver, torc.Message) as message:
                    self.assertEqual(int.from_bytes(message.data[:4], "little"), number)
            await task

    async def test_close_ends_the_wait_of_a_task(self):
        session = await self.connect()
        waiting = asyncio.create_task(session.receive())
        await asyncio.sleep(0.02)
        session.close()
        with self.assertRaises(torc.Closed):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await waiting

    async def test_two_tasks_may_receive(self):
        async with self.connect() as session:
            tasks = [asyncio.create_task(session.receive()) for _ in range(2)]
            await asyncio.sleep(0.02)
            for data in (b"a", b"b"):
                await session.send(session.private_name, data)
            async with asyncio.timeout(PATIENCE_SECONDS):
                got = [bytes(message) for message in await asyncio.gather(*tasks)]
            self.assertEqual(sorted(got), [b"a", b"b"])

    async def test_a_flush_group(self):
        async with self.connect("n0") as first, self.connect("n1") as second:
            await first.flush_join("aio-flush")
            await self.next(first, torc.View)
            await second.flush_join("aio-flush")
            request = await self.next(first, torc.FlushRequest)
            await first.flush_ok(request.group)
            for session in (first, second):
                self.assertEqual(len((await self.next(session, torc.View)).members), 2)
            await second.subgroup_send("aio-flush", [first.private_name], b"you")
            self.assertEqual(bytes(await self.next(first, torc.Message)), b"you")

    async def test_a_lost_daemon_ends_the_wait(self):
        lonely = LocalRing(TORCD, count=1)
        self.addCleanup(lonely.stop)
        lonely.start_all()
        async with torc.aio.connect(runtime_dir=lonely.folder.name) as session:
            waiting = asyncio.create_task(session.receive())
            await asyncio.sleep(0.02)
            lonely.kill("n0")
            with self.assertRaises(torc.DaemonLost):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await waiting

    async def test_no_daemon_is_said(self):
        with self.assertRaises(torc.NoDaemon):
            async with torc.aio.connect(runtime_dir="/nonexistent"):
                pass


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
