#!/usr/bin/env python3
"""Elects a leader by membership alone: leader.py GROUP [VOTERS].

The same as leader.c, in the other language: members written in both agree, because both only look
at the views. See there for what it gives and what not.
"""

import os
import sys

import torc


def announcement(view: torc.View, myself: str, voters: int) -> str:
    if 2 * len(view.members) <= voters:
        return f"no leader: {len(view.members)} of {voters} are here"
    leader = view.members[0]  # the same at all members
    return f"leader {leader} of {len(view.members)}" + (", myself" if leader == myself else "")


def follow(session: torc.Session, voters: int) -> None:
    for record in session:
        match record:
            case torc.View():
                print(announcement(record, session.private_name, voters), flush=True)
            case torc.Transitional():
                print("uncertain", flush=True)
            case torc.Refused():
                raise record.reason


def main(group: str, voters: str = "0") -> None:
    with torc.connect(os.environ.get("TORC_DAEMON"),
                      runtime_dir=os.environ.get("TORC_RUNTIME_DIR")) as session:
        session.join(group)
        follow(session, int(voters))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: leader.py GROUP [VOTERS]")
    try:
        main(*sys.argv[1:])
    except torc.Error as error:
        sys.exit(f"leader.py: {error}")
