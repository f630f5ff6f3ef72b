"""An exception for each code of torc.h, so that `except` can name what went wrong."""

from __future__ import annotations

from typing import ClassVar

from ._native import ffi, lib


class Error(Exception):
    """A call of the library failed. `code` is the number that torc.h gives it."""

    code: ClassVar[int] = 0

    def __init__(self, text: str | None = None) -> None:
        super().__init__(text if text is not None else text_of(self.code))


def text_of(code: int) -> str:
    """What a result means and what to do."""
    return str(ffi.string(lib.torc_strerror(code)).decode())


class WouldBlock(Error, TimeoutError):
    """No room to send, or nothing to receive, within the time allowed. Nothing happened."""

    code = lib.TORC_WOULD_BLOCK


class ArgumentRefused(Error, ValueError):
    """An unknown service, no group, or the like."""

    code = lib.TORC_ERROR_ARGUMENT


class NameRefused(Error, ValueError):
    """A session or group name that is not allowed."""

    code = lib.TORC_ERROR_NAME


class TooLarge(Error, ValueError):
    """More than `Session.message_bytes_max`, or too many groups."""

    code = lib.TORC_ERROR_TOO_LARGE


class WrongState(Error):
    """Not now: a second reservation, more than 64 messages held, an answer nobody asked for."""

    code = lib.TORC_ERROR_STATE


class Forked(Error):
    """The session belongs to the parent process."""

    code = lib.TORC_ERROR_FORKED


class NoDaemon(Error, ConnectionError):
    """No daemon listens at that path."""

    code = lib.TORC_ERROR_NO_DAEMON


class PermissionRefused(Error, PermissionError):
    """The socket's owner does not let this user in."""

    code = lib.TORC_ERROR_PERMISSION


class NameTaken(Error):
    """A session of that name is open at this daemon."""

    code = lib.TORC_ERROR_NAME_TAKEN


class LimitReached(Error):
    """The daemon, or its directory of groups, is as full as allowed."""

    code = lib.TORC_ERROR_LIMIT


class VersionRefused(Error):
    """Library and daemon speak different versions."""

    code = lib.TORC_ERROR_VERSION


class NoMemory(Error, MemoryError):
    """Here or at the daemon there is no memory for the session."""

    code = lib.TORC_ERROR_MEMORY


class SystemCallFailed(Error, OSError):
    """A system call failed unexpectedly."""

    code = lib.TORC_ERROR_SYSTEM


class HandshakeFailed(Error, ConnectionError):
    """The peer at that path answered nonsense."""

    code = lib.TORC_ERROR_HANDSHAKE


class NotMember(Error):
    """Only members may send to a flush group, or answer its flush."""

    code = lib.TORC_ERROR_NOT_MEMBER


class Flushed(Error):
    """The flush is answered, or the first view not there yet: wait for the view, then send."""

    code = lib.TORC_ERROR_FLUSHED


class WrongGroupKind(Error):
    """A flush group joined as a plain one, or the other way round."""

    code = lib.TORC_ERROR_GROUP_KIND


class TooSmall(Error):
    """The memory given does not hold the record."""

    code = lib.TORC_ERROR_TOO_SMALL


class SessionEnded(Error, ConnectionError):
    """The session is over, and every later call says the same: close it and connect again."""


class DaemonLost(SessionEnded):
    """The daemon died."""

    code = lib.TORC_ERROR_DAEMON_LOST


class Shutdown(SessionEnded):
    """The daemon stopped in order."""

    code = lib.TORC_ERROR_SHUTDOWN


class SlowReader(SessionEnded):
    """This session did not receive fast enough."""

    code = lib.TORC_ERROR_SLOW_READER


class Violation(SessionEnded):
    """The shared memory of this session held nonsense."""

    code = lib.TORC_ERROR_VIOLATION


class Kicked(SessionEnded):
    """Closed by the administrator."""

    code = lib.TORC_ERROR_KICKED


class ViewTooLarge(SessionEnded):
    """A view event did not fit the session's memory."""

    code = lib.TORC_ERROR_VIEW_TOO_LARGE


class Closed(SessionEnded):
    """Closed by the cluster, or by this program."""

    code = lib.TORC_ERROR_CLOSED


class Partition(SessionEnded):
    """This part of the cluster may not go on."""

    code = lib.TORC_ERROR_PARTITION


class FlushTimeout(SessionEnded):
    """A flush request was not answered before the deadline."""

    code = lib.TORC_ERROR_FLUSH_TIMEOUT


def _with_code(base: type[Error]) -> dict[int, type[Error]]:
    found: dict[int, type[Error]] = {base.code: base} if base.code else {}
    for derived in base.__subclasses__():
        found.update(_with_code(derived))
    return found


_BY_CODE = _with_code(Error)


def error_of(code: int) -> Error:
    """The exception for a code; of a later library's unknown one, Error itself."""
    kind = _BY_CODE.get(code)
    if kind is not None:
        return kind()
    ended = code <= lib.TORC_ERROR_DAEMON_LOST
    unknown = (SessionEnded if ended else Error)(text_of(code))
    unknown.code = code  # type: ignore[misc]  # of this one object
    return unknown


def check(code: int) -> None:
    if code < 0:
        raise error_of(code)
