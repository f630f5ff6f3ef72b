"""What a session receives. A Message lends the daemon's memory; all other records are copies."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Callable, Optional, Union

from ._errors import Error, error_of
from ._native import ffi, lib


_Thrown = Optional[type[BaseException]]


class Service(enum.IntEnum):
    """Strength of a message's ordering and delivery guarantee; see docs/concepts.md."""

    UNRELIABLE = lib.TORC_UNRELIABLE
    RELIABLE = lib.TORC_RELIABLE
    FIFO = lib.TORC_FIFO
    CAUSAL = lib.TORC_CAUSAL
    AGREED = lib.TORC_AGREED
    SAFE = lib.TORC_SAFE


class Cause(enum.IntEnum):
    """Why there is a new view."""

    JOIN = lib.TORC_CAUSE_JOIN
    LEAVE = lib.TORC_CAUSE_LEAVE
    DISCONNECT = lib.TORC_CAUSE_DISCONNECT
    NETWORK = lib.TORC_CAUSE_NETWORK


@dataclass(frozen=True, order=True)
class Place:
    """A place in the one order, equal at every receiver; within one ring they compare."""

    ring_epoch: int
    ring_representative: int
    seq: int
    index: int


@dataclass(frozen=True)
class ViewId:
    """Names a view: equal at its members, different for all views."""

    ring_epoch: int
    ring_representative: int
    index: int


class Message:
    """Somebody's message. `data` is a read-only view of shared memory, not a copy.

    The memory goes back to the daemon when the message, `data` and all slices of it are gone, or
    by release(); `with` does it at the end of the block. A program that keeps messages for long
    should keep bytes(message): a session holds at most 64, and what is held takes room.
    """

    __slots__ = ("sender", "groups", "data", "_raw", "__weakref__")

    sender: str
    groups: tuple[str, ...]
    data: memoryview

    def __init__(self, handle: Any, raw: Any) -> None:
        self._raw = raw  # its numbers are ours, its pointers lead into what is lent
        self.sender = text(raw.sender)
        self.groups = (text(raw.group),) if raw.groups.count == 1 else names(raw.groups)
        # The lender lives as long as any view of the bytes, and gives them back when it goes.
        lender = ffi.gc(ffi.cast("char*", raw.data), partial(_release, handle, raw))
        self.data = memoryview(ffi.buffer(lender, raw.size)).toreadonly()

    @property
    def service(self) -> Service:
        return Service(self._raw.service)

    @property
    def type(self) -> int:
        return int(self._raw.type)

    @property
    def place(self) -> Place:
        raw = self._raw
        return Place(raw.ring_epoch, raw.ring_representative, raw.seq, raw.index)

    @property
    def group(self) -> str:
        """The first destination."""
        return self.groups[0]

    def release(self) -> None:
        """Ends `data`. A slice of it that is still in use keeps the memory until it goes."""
        self.data.release()

    def __bytes__(self) -> bytes:
        return bytes(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __enter__(self) -> Message:
        return self

    def __exit__(self, kind: _Thrown, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<torc.Message from {self.sender} to {', '.join(self.groups)}>"


def _release(handle: Any, raw: Any, _lender: Any) -> None:
    if handle.open[0]:
        lib.torc_release(handle.raw, raw)


@dataclass(frozen=True)
class View:
    """The members of a group changed."""

    group: str
    cause: Cause
    who: str
    """Who joined, left or was disconnected; empty if that is not one session."""
    members: tuple[str, ...]
    """Private names, in the same sequence everywhere."""
    sets: tuple[tuple[str, ...], ...]
    """Members that came to this view together, and so have received the same messages."""
    my_set: int
    """Which of `sets` this session is in."""
    id: ViewId

    @property
    def came_with_me(self) -> tuple[str, ...]:
        return self.sets[self.my_set]


@dataclass(frozen=True)
class Transitional:
    """Guarantees of the group are reduced until its next view."""

    group: str


@dataclass(frozen=True)
class SelfLeave:
    """This session is no longer in the group; `reason` is None if it asked for that."""

    group: str
    reason: Error | None


@dataclass(frozen=True)
class HighWater:
    """More waits for this session than the daemon's high-water mark: receive faster."""

    fill_bytes: int
    capacity_bytes: int
    waiting_messages: int
    waiting_messages_limit: int


@dataclass(frozen=True)
class Refused:
    """An operation came to nothing. `operation` is its number, see Session.operations."""

    operation: int
    reason: Error


@dataclass(frozen=True)
class FlushRequest:
    """A flush group is about to change: send what belongs to the present view, then flush_ok()."""

    group: str


@dataclass(frozen=True)
class Unknown:
    """A record of a later library."""

    kind: int


Record = Union[Message, View, Transitional, SelfLeave, HighWater, Refused, FlushRequest, Unknown]


def text(pointer: Any) -> str:
    """A name. One that is not UTF-8 keeps its bytes and can be sent back as it is."""
    return str(ffi.string(pointer).decode("utf-8", "surrogateescape")) if pointer else ""


def names(listed: Any) -> tuple[str, ...]:
    walk = ffi.new("torc_names*", listed)
    return tuple(text(lib.torc_names_next(walk)) for _ in range(listed.count))


def record_of(handle: Any, raw: Any) -> Record:
    """Takes over a received torc_message."""
    if raw.kind == lib.TORC_MESSAGE:
        return Message(handle, raw)
    try:
        copy = _COPIES.get(raw.kind)
        return copy(raw) if copy is not None else Unknown(raw.kind)
    finally:
        lib.torc_release(handle.raw, raw)


def _view(raw: Any) -> View:
    members = names(raw.members)
    sets: list[list[str]] = [[] for _ in range(lib.torc_view_set_count(raw))]
    for i, member in enumerate(members):
        sets[raw.vs_sets[i]].append(member)
    return View(text(raw.group), Cause(raw.cause), text(raw.sender), members,
                tuple(map(tuple, sets)), raw.my_vs_set,
                ViewId(raw.ring_epoch, raw.ring_representative, raw.index))


_COPIES: dict[int, Callable[[Any], Record]] = {
    lib.TORC_VIEW: _view,
    lib.TORC_TRANSITIONAL: lambda raw: Transitional(text(raw.group)),
    lib.TORC_SELF_LEAVE: lambda raw: SelfLeave(
        text(raw.group), error_of(raw.reason) if raw.reason < 0 else None),
    lib.TORC_WARNING: lambda raw: HighWater(raw.fill_bytes, raw.capacity_bytes,
                                            raw.waiting_messages, raw.waiting_messages_limit),
    lib.TORC_REFUSED: lambda raw: Refused(raw.operation, error_of(raw.reason)),
    lib.TORC_FLUSH_REQUEST: lambda raw: FlushRequest(text(raw.group)),
}
