#!/usr/bin/env python3
"""A chat with rooms: chat.py NAME ROOM. Everybody in a room sees the same lines in the same order,
comings and goings among them.

    /join ROOM   /leave ROOM   /msg #NAME#DAEMON TEXT   /who   /quit   anything else: to the room

asyncio waits for the daemon and for standard input at once.
"""

import asyncio
import os
import sys

import torc

CAUSES = {torc.Cause.JOIN: "came", torc.Cause.LEAVE: "left", torc.Cause.DISCONNECT: "is gone"}


def line_of(record: torc.Record, rooms: dict[str, tuple[str, ...]], myself: str) -> str | None:
    """What to print for a record; keeps `rooms`, the members of each, up to date."""
    match record:
        case torc.Message(group=room, sender=sender):
            text = bytes(record).decode("utf-8", "replace")
            return f"{room} | {sender}: {text}" if room in rooms else f"{sender}: {text}"
        case torc.View(group=room, cause=torc.Cause.NETWORK, members=members):
            # Who was there before came along with me, or heard other things meanwhile.
            rooms[room] = members
            return f"{room} | the network changed; here: {' '.join(members)}"
        case torc.View(group=room, cause=cause, who=who, members=members):
            rooms[room] = members
            return f"{room} | " + (f"here: {' '.join(members)}" if who == myself
                                   else f"{who} {CAUSES[cause]}")
        case torc.SelfLeave(group=room):
            rooms.pop(room, None)
            return f"{room} | left"
        case torc.Refused(reason=reason):
            return f"refused: {reason}"
    return None


async def show(session: torc.aio.AsyncSession, rooms: dict[str, tuple[str, ...]]) -> None:
    async for record in session:
        if line := line_of(record, rooms, session.private_name):
            print(line, flush=True)


async def obey(session: torc.aio.AsyncSession, rooms: dict[str, tuple[str, ...]],
               room: str) -> None:
    async for line in standard_input():
        verb, _, rest = line.partition(" ")
        match verb:
            case "/quit":
                return
            case "/join":
                room = rest
                await session.join(room)
            case "/leave":
                await session.leave(rest)
            case "/who":
                print(f"{room} | here: {' '.join(rooms.get(room, ()))}", flush=True)
            case "/msg":
                to, _, text = rest.partition(" ")
                await session.send(to, text.encode())
            case _:
                await session.send(room, line.encode())


async def standard_input():
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line.decode("utf-8", "replace").rstrip("\n")


async def main(name: str, room: str) -> None:
    async with torc.aio.connect(os.environ.get("TORC_DAEMON"), name=name,
                                runtime_dir=os.environ.get("TORC_RUNTIME_DIR")) as session:
        rooms: dict[str, tuple[str, ...]] = {}
        await session.join(room)
        # Whichever ends first ends the chat: /quit, the end of the input, or of the daemon.
        tasks = [asyncio.create_task(show(session, rooms)),
                 asyncio.create_task(obey(session, rooms, room))]
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        for task in done:
            task.result()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: chat.py NAME ROOM")
    try:
        asyncio.run(main(*sys.argv[1:]))
    except torc.Error as error:
        sys.exit(f"chat.py: {error}")
