"""Sessions for asyncio: the loop watches the session's descriptor, nothing blocks, no thread.

    async with torc.aio.connect(daemon="alpha") as session:
        await session.join("room")
        async for record in session:
            ...

Deadlines are asyncio's: `async with asyncio.timeout(1): await session.receive()`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from types import TracebackType
from typing import Any

from ._errors import WouldBlock
from ._records import Record, Service
from ._session import Buffer, Session
from ._session import connect as _connect

_RECORDS_PER_TURN = 64
"""So many records at most are handed out before other tasks get a turn."""


class AsyncSession:
    """The calls of torc.Session that may wait, as coroutines. To be used from one loop."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._receiving = asyncio.Lock()
        self._sending = asyncio.Lock()
        self._turn = 0

    @property
    def private_name(self) -> str:
        return self.session.private_name

    def close(self) -> None:
        """Ends the session. A task that waits on it raises Closed."""
        self.session.close()

    async def __aenter__(self) -> AsyncSession:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        self.close()

    async def receive(self) -> Record:
        """The next record. Cancelling loses nothing."""
        self._turn += 1
        if self._turn % _RECORDS_PER_TURN == 0:
            await asyncio.sleep(0)
        record = self.session.try_receive()
        if record is not None:
            return record
        async with self._receiving:  # the loop watches a descriptor for one waiter
            while (record := self.session.try_receive()) is None:
                if self.session.arm():
                    await _readable(self.session.handle, self.session.fileno())
            return record

    async def __aiter__(self) -> AsyncIterator[Record]:
        while True:
            yield await self.receive()

    async def join(self, group: str) -> None:
        await self._until_room(0, self.session.join, group)

    async def leave(self, group: str) -> None:
        await self._until_room(0, self.session.leave, group)

    async def flush_join(self, group: str) -> None:
        await self._until_room(0, self.session.flush_join, group)

    async def flush_ok(self, group: str) -> None:
        await self._until_room(0, self.session.flush_ok, group)

    async def send(self, groups: str | Sequence[str], data: Buffer, *,
                   service: Service = Service.AGREED, type: int = 0,
                   self_discard: bool = False) -> None:
        """Waits only when the ring is busier than it can serve."""
        await self._until_room(len(memoryview(data).cast("B")), self.session.send, groups, data,
                               service=service, type=type, self_discard=self_discard)

    async def send_many(self, groups: str | Sequence[str], messages: Sequence[Buffer], *,
                        service: Service = Service.AGREED, type: int = 0,
                        self_discard: bool = False) -> None:
        """All of them, in this order; other tasks' messages may come between them when it waits."""
        sent = 0
        while sent < len(messages):
            sent += await self._until_room(
                len(memoryview(messages[sent]).cast("B")), self.session.send_many, groups,
                messages[sent:], service=service, type=type, self_discard=self_discard)

    async def subgroup_send(self, group: str, members: Sequence[str], data: Buffer, *,
                            service: Service = Service.AGREED, type: int = 0,
                            self_discard: bool = False) -> None:
        await self._until_room(len(memoryview(data).cast("B")), self.session.subgroup_send, group,
                               members, data, service=service, type=type,
                               self_discard=self_discard)

    async def _until_room(self, size: int, call: Callable[..., Any], *arguments: Any,
                          **named: Any) -> Any:
        async with self._sending:  # tasks send in the order in which they asked
            while True:
                try:
                    return call(*arguments, **named, timeout=0)
                except WouldBlock:
                    if self.session.arm_send(size):
                        await _readable(self.session.handle, self.session.send_fileno())


async def _readable(_handle: Any, descriptor: int) -> None:
    """Referring to the handle keeps the descriptor open, should another task close the session."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _set, ready)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)


def _set(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


class _Connecting:
    """connect() may be awaited, or entered with `async with`."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._session: AsyncSession | None = None

    async def _run(self) -> AsyncSession:
        # The only call that has to wait for a program that may not answer: in a thread.
        return AsyncSession(await asyncio.to_thread(_connect, **self._options))

    def __await__(self) -> Generator[Any, None, AsyncSession]:
        return self._run().__await__()

    async def __aenter__(self) -> AsyncSession:
        self._session = await self._run()
        return self._session

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        if self._session is not None:
            self._session.close()


def connect(daemon: str | None = None, *, runtime_dir: str | None = None, name: str | None = None,
            timeout: float | None = 5.0, long_names: bool = False) -> _Connecting:
    """As torc.connect(): `session = await connect(...)` or `async with connect(...) as session`."""
    return _Connecting({"daemon": daemon, "runtime_dir": runtime_dir, "name": name,
                        "timeout": timeout, "long_names": long_names})
