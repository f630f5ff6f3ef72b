"""A session with the daemon of this machine, blocking calls with deadlines.

Waiting is done here with poll(2) and not inside the library, so that Ctrl-C and other signals are
heard. Other threads run meanwhile.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Union

from ._errors import Closed, WouldBlock, check, error_of
from ._native import ffi, lib
from ._records import Record, Service, record_of, text

Buffer = Union[bytes, bytearray, memoryview]
"""What can be sent: anything with the buffer protocol, contiguous."""

_OK = lib.TORC_OK
_READY = lib.TORC_READY
_WOULD_BLOCK = lib.TORC_WOULD_BLOCK


@dataclass(frozen=True)
class Counts:
    """How far the operations of a session have come; see torc_counts_of(3)."""

    accepted: int
    taken: int
    ordered: int
    refused: int
    undelivered: int
    received: int
    unread_bytes: int


def _bytes(name: str) -> bytes:
    data = name.encode("utf-8", "surrogateescape")
    if b"\0" in data:
        raise ValueError("a name cannot contain a NUL")
    return data


def _deadline(timeout: float | None) -> float | None:
    if timeout is None:
        return None
    if not timeout >= 0:
        raise ValueError("a timeout is a number of seconds from 0, or None")
    return time.monotonic() + timeout


class _Names:
    """Group names as a C array; a str is a list of one."""

    __slots__ = ("array", "count", "_kept")

    def __init__(self, listed: str | Sequence[str]) -> None:
        given = [listed] if isinstance(listed, str) else listed
        self._kept = [ffi.new("char[]", _bytes(name)) for name in given]
        self.array = ffi.new("char*[]", self._kept)
        self.count = len(self._kept)


class Handle:
    """Owns a torc_session. Calls in progress, messages whose bytes are in use and reservations
    refer to it, so nobody sees memory that is no longer there; the last reference closes it.

    Where all of them become garbage at once, as a cycle, Python finalizes them in any order: `open`
    tells the others that the session went first.
    """

    __slots__ = ("raw", "open")

    def __init__(self, pointer: Any) -> None:
        self.open = [True]
        self.raw = ffi.gc(pointer, partial(_close, self.open))


def _close(is_open: list[bool], pointer: Any) -> None:
    is_open[0] = False
    lib.torc_close(pointer)


class Reservation:
    """Room for a message that is written in place; goes back unsent unless committed.

        with session.reserve("quotes", 16) as room:
            struct.pack_into("<dq", room.data, 0, price, volume)
            room.commit()
    """

    def __init__(self, handle: Handle, raw: Any) -> None:
        self._handle, self._raw = handle, raw
        keeper = ffi.gc(ffi.cast("char*", raw.data), partial(_keep, handle))
        self.data = memoryview(ffi.buffer(keeper, raw.size))

    def commit(self, size: int | None = None) -> None:
        """Sends the first `size` bytes, by default all."""
        if self._raw is None:
            raise error_of(lib.TORC_ERROR_STATE)
        wanted = self._raw.size if size is None else size
        result = lib.torc_commit(self._handle.raw, self._raw, wanted)
        if result != lib.TORC_ERROR_TOO_LARGE:  # which leaves the reservation standing
            self._end()
        check(result)

    def abort(self) -> None:
        """Gives the room back unsent."""
        if self._raw is not None:
            lib.torc_abort(self._handle.raw, self._raw)
            self._end()

    def _end(self) -> None:
        self.data.release()
        self._raw = None

    def __enter__(self) -> Reservation:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.abort()


def _keep(_handle: Any, _memory: Any) -> None:
    """Being referred to is all: the handle keeps the memory mapped."""


class Session:
    """Made by torc.connect(). May be used from any thread; `with` closes it.

    A `timeout` is in seconds: None waits without limit, 0 not at all; an expired one raises
    WouldBlock (a TimeoutError), and nothing has happened.
    """

    def __init__(self, handle: Any) -> None:
        self._handle: Handle | None = Handle(handle)

    # --- life -------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ends the session: what was sent stays sent, waiting calls of other threads raise Closed.
        Messages stay readable. May be called twice."""
        handle, self._handle = self._handle, None
        if handle is not None:
            lib.torc_hang_up(handle.raw)

    @property
    def closed(self) -> bool:
        return self._handle is None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    @property
    def handle(self) -> Handle:
        """What keeps the session's memory and descriptors."""
        handle = self._handle
        if handle is None:
            raise Closed()
        return handle

    @property
    def raw(self) -> Any:
        """The torc_session* of cffi."""
        return self.handle.raw

    # --- what it is -------------------------------------------------------------------------------

    @property
    def private_name(self) -> str:
        """"#name#daemon": where others send to reach this session alone."""
        raw = self.raw  # keeps the name's memory while it is read
        return text(lib.torc_private_name(raw))

    @property
    def message_bytes_max(self) -> int:
        """Largest payload of one message at this daemon."""
        return int(lib.torc_message_bytes_max(self.raw))

    @property
    def operations(self) -> int:
        """Number of the latest accepted join, leave, send or flush_ok; Refused names it."""
        return int(lib.torc_operations(self.raw))

    def counts(self) -> Counts:
        """How far the operations have come; also when the session has ended, but not after
        close()."""
        raw = ffi.new("torc_counts*", {"size": ffi.sizeof("torc_counts")})
        check(lib.torc_counts_of(self.raw, raw))
        return Counts(raw.accepted, raw.taken, raw.ordered, raw.refused, raw.undelivered,
                      raw.received, raw.unread_bytes)

    # --- groups -----------------------------------------------------------------------------------

    def join(self, group: str, timeout: float | None = None) -> None:
        """Asks to be a member; the View that has this session in it is the answer."""
        self._until_room(0, timeout, lib.torc_join, self.raw, _bytes(group))

    def leave(self, group: str, timeout: float | None = None) -> None:
        """Asks to leave; SelfLeave is the answer."""
        self._until_room(0, timeout, lib.torc_leave, self.raw, _bytes(group))

    def flush_join(self, group: str, timeout: float | None = None) -> None:
        """The same as join() for a flush group."""
        self._until_room(0, timeout, lib.torc_flush_join, self.raw, _bytes(group))

    def flush_ok(self, group: str, timeout: float | None = None) -> None:
        """Answers a FlushRequest: nothing more will be sent to the group in the present view."""
        self._until_room(0, timeout, lib.torc_flush_ok, self.raw, _bytes(group))

    # --- sending ----------------------------------------------------------------------------------

    def send(self, groups: str | Sequence[str], data: Buffer, *,
             service: Service = Service.AGREED, type: int = 0, self_discard: bool = False,
             timeout: float | None = None) -> None:
        """Sends once to a group, a private name, or to up to 100 of them."""
        self._until_room(*self._sending(groups, data, service, type, self_discard, timeout))

    def send_many(self, groups: str | Sequence[str], messages: Sequence[Buffer], *,
                  service: Service = Service.AGREED, type: int = 0, self_discard: bool = False,
                  timeout: float | None = None) -> int:
        """Sends several messages to the same groups, for less than as many calls of send().

        Gives how many were sent, the first of them: all, unless the timeout came. Fails as send()
        does when not even one was. One that is too large is found before any is sent.
        """
        batch, sent, until = _Batch(groups, messages), 0, _deadline(timeout)
        while sent < batch.count:
            left = None if until is None else max(0.0, until - time.monotonic())
            try:
                self._until_room(batch.size_of(sent), left, batch.send_from, self.raw, sent,
                                 _flags(service, self_discard), type)
            except WouldBlock:
                if sent == 0:
                    raise
                break
            sent += batch.sent
        return sent

    def subgroup_send(self, group: str, members: Sequence[str], data: Buffer, *,
                      service: Service = Service.AGREED, type: int = 0,
                      self_discard: bool = False, timeout: float | None = None) -> None:
        """Sends to some members of a flush group, within the present view."""
        kept, listed = ffi.from_buffer(data), _Names(members)
        self._until_room(len(kept), timeout, lib.torc_subgroup_send, self.raw,
                         _flags(service, self_discard), _bytes(group), listed.array, listed.count,
                         type, kept, len(kept))

    def reserve(self, groups: str | Sequence[str], size: int, *,
                service: Service = Service.AGREED, type: int = 0, self_discard: bool = False,
                timeout: float | None = None) -> Reservation:
        """Lends room for a message of up to `size` bytes, to be written in place."""
        listed, raw, handle = _Names(groups), ffi.new("torc_reservation*"), self.handle
        self._until_room(size, timeout, lib.torc_reserve, handle.raw, _flags(service, self_discard),
                         listed.array, listed.count, type, size, raw)
        return Reservation(handle, raw)

    # --- receiving --------------------------------------------------------------------------------

    def receive(self, timeout: float | None = None) -> Record:
        """The next record, in order. What had arrived before the session ended still comes."""
        handle, raw = self.handle, ffi.new("torc_message*")
        result = lib.torc_receive(handle.raw, raw, 0)
        if result == _WOULD_BLOCK:
            _wait(partial(lib.torc_receive, handle.raw, raw, 0),
                  partial(lib.torc_arm, handle.raw), lib.torc_fd(handle.raw), _deadline(timeout))
        else:
            check(result)
        return record_of(handle, raw)

    def try_receive(self) -> Record | None:
        """The next record, or None if there is none yet."""
        handle, raw = self.handle, ffi.new("torc_message*")
        result = lib.torc_receive(handle.raw, raw, 0)
        if result == _WOULD_BLOCK:
            return None
        check(result)
        return record_of(handle, raw)

    def __iter__(self) -> Iterator[Record]:
        """All records, without end; raises SessionEnded when there will be no more."""
        while True:
            yield self.receive()

    # --- event loops ------------------------------------------------------------------------------

    def fileno(self) -> int:
        """Polls readable when there is something to receive, after arm() said True."""
        return int(lib.torc_fd(self.raw))

    def send_fileno(self) -> int:
        """The same for sending, after arm_send()."""
        return int(lib.torc_send_fd(self.raw))

    def arm(self) -> bool:
        """True: wait on fileno() now. False: receive first."""
        return bool(lib.torc_arm(self.raw) == _OK)

    def arm_send(self, size: int) -> bool:
        """True: wait on send_fileno() now. False: try to send at once."""
        return bool(lib.torc_arm_send(self.raw, size) == _OK)

    # --- inside -----------------------------------------------------------------------------------

    def _sending(self, groups: str | Sequence[str], data: Buffer, service: int, type: int,
                 self_discard: bool, timeout: float | None) -> tuple[Any, ...]:
        """Arguments of _until_room() for a send."""
        kept = ffi.from_buffer(data)
        if isinstance(groups, str):
            return (len(kept), timeout, lib.torc_send, self.raw, _flags(service, self_discard),
                    _bytes(groups), type, kept, len(kept))
        listed = _Names(groups)
        call = partial(_multigroup_send, listed)
        return (len(kept), timeout, call, self.raw, _flags(service, self_discard), type, kept,
                len(kept))

    def _until_room(self, size: int, timeout: float | None, call: Callable[..., int],
                    handle: Any, *arguments: Any) -> None:
        result = call(handle, *arguments, 0)
        if result == _WOULD_BLOCK:
            _wait(partial(call, handle, *arguments, 0), partial(lib.torc_arm_send, handle, size),
                  lib.torc_send_fd(handle), _deadline(timeout))
        else:
            check(result)


def _flags(service: int, self_discard: bool) -> int:
    return int(service | (lib.TORC_SELF_DISCARD if self_discard else 0))


class _Batch:
    """Messages to the same groups as C arrays; keeps alive what these point to."""

    __slots__ = ("count", "sent", "_names", "_kept", "_array", "_out")

    def __init__(self, groups: str | Sequence[str], messages: Sequence[Buffer]) -> None:
        self._names = _Names(groups)
        self._kept = [ffi.from_buffer(message) for message in messages]
        self.count = len(self._kept)
        self._array = ffi.new("struct iovec[]", [(kept, len(kept)) for kept in self._kept])
        self._out = ffi.new("size_t*")
        self.sent = 0

    def size_of(self, index: int) -> int:
        return len(self._kept[index])

    def send_from(self, handle: Any, first: int, service: int, type: int, timeout_ns: int) -> int:
        """All from `first` on. OK if any were sent, and `sent` says how many."""
        result = int(lib.torc_send_many(handle, service, self._names.array, self._names.count, type,
                                        self._array + first, self.count - first, self._out,
                                        timeout_ns))
        self.sent = int(self._out[0])
        return int(_OK) if result == _WOULD_BLOCK and self.sent > 0 else result


def _multigroup_send(listed: _Names, handle: Any, service: int, type: int, data: Any, size: int,
                     timeout_ns: int) -> int:
    return int(lib.torc_multigroup_send(handle, service, listed.array, listed.count, type, data,
                                        size, timeout_ns))


def _wait(attempt: Callable[[], int], arm: Callable[[], int], descriptor: int,
          deadline: float | None) -> None:
    """Tries until something else than WOULD_BLOCK comes out, or the time is over."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while True:
        # An arm that fails means that the session has ended; the attempt says how.
        if arm() == _OK:
            left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            if not poll.poll(left):
                raise WouldBlock()
        result = attempt()
        if result != _WOULD_BLOCK:
            check(result)
            return
        if deadline is not None and time.monotonic() >= deadline:
            raise WouldBlock()


def connect(daemon: str | None = None, *, runtime_dir: str | None = None, name: str | None = None,
            timeout: float | None = 5.0, long_names: bool = False) -> Session:
    """Opens a session with a daemon of this machine.

    `daemon` is its name or the path of its socket, by default the only one in `runtime_dir`
    (/run/torc). `name` is the session's own, by default one that the daemon picks. `long_names`
    allows group names of up to 255 bytes.
    """
    if timeout is not None and not timeout > 0:
        raise ValueError("a connect needs time: a positive timeout, or None")
    words = {key: ffi.new("char[]", _bytes(word)) for key, word in
             (("daemon", daemon), ("runtime_dir", runtime_dir), ("name", name)) if word is not None}
    options = ffi.new("torc_options*", {
        "size": ffi.sizeof("torc_options"), **words,
        "timeout_ns": lib.TORC_FOREVER if timeout is None else max(1, round(timeout * 1e9)),
        "flags": lib.TORC_LONG_NAMES if long_names else 0})
    out = ffi.new("torc_session**")
    check(lib.torc_connect(options, out))
    return Session(out[0])
