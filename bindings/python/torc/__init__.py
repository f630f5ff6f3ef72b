"""Ordered messages to groups of processes: sessions with the Torc daemon of this machine.

    with torc.connect() as session:
        session.join("room")
        session.send("room", b"hello")
        for record in session:
            match record:
                case torc.Message():
                    print(record.sender, bytes(record))
                case torc.View():
                    print("now here:", record.members)

What the order promises stands in docs/concepts.md, what is special here in docs/python.md.
"""

from . import aio
from ._errors import (
    ArgumentRefused,
    Closed,
    DaemonLost,
    Error,
    Flushed,
    FlushTimeout,
    Forked,
    HandshakeFailed,
    Kicked,
    LimitReached,
    NameRefused,
    NameTaken,
    NoDaemon,
    NoMemory,
    NotMember,
    Partition,
    PermissionRefused,
    SessionEnded,
    Shutdown,
    SlowReader,
    SystemCallFailed,
    TooLarge,
    TooSmall,
    VersionRefused,
    ViewTooLarge,
    Violation,
    WouldBlock,
    WrongGroupKind,
    WrongState,
)
from ._native import ffi as _ffi
from ._native import lib as _lib
from ._records import (
    Cause,
    FlushRequest,
    HighWater,
    Message,
    Place,
    Record,
    Refused,
    SelfLeave,
    Service,
    Transitional,
    Unknown,
    View,
    ViewId,
)
from ._session import Buffer, Counts, Reservation, Session, connect

__version__ = "0.1.0"


def library_version() -> str:
    """Version of libtorc at run time."""
    return str(_ffi.string(_lib.torc_version()).decode())


__all__ = [
    "ArgumentRefused", "Buffer", "Cause", "Closed", "Counts", "DaemonLost", "Error",
    "FlushRequest", "FlushTimeout", "Flushed", "Forked", "HandshakeFailed", "HighWater", "Kicked",
    "LimitReached", "Message", "NameRefused", "NameTaken", "NoDaemon", "NoMemory", "NotMember",
    "Partition", "PermissionRefused", "Place", "Record", "Refused", "Reservation", "SelfLeave",
    "Service", "Session", "SessionEnded", "Shutdown", "SlowReader", "SystemCallFailed", "TooLarge",
    "TooSmall", "Transitional", "Unknown", "VersionRefused", "View", "ViewId", "ViewTooLarge",
    "Violation", "WouldBlock", "WrongGroupKind", "WrongState", "aio", "connect", "library_version",
]
