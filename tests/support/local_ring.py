"""A ring of real daemons on loopback UDP, for tests written in Python. Everything it makes is gone
after stop(). Waits are for events; their limits only keep a failing test from hanging."""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

PATIENCE_SECONDS = 60


def eventually(condition, what: str):
    """The first true value of `condition`."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < limit:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"did not happen: {what}")


class LocalRing:
    """torcd processes n0, n1, ... in a folder of their own."""

    made = 0  # rings of this process: each has its own ports

    def __init__(self, torcd: str, count: int = 3):
        self.torcd = torcd
        self.names = [f"n{i}" for i in range(count)]
        self.folder = tempfile.TemporaryDirectory(prefix="torc-ring-")
        self.daemons: dict[str, subprocess.Popen] = {}
        number = os.getpid() + 7919 * LocalRing.made
        LocalRing.made += 1
        net = f"127.85.{number // 250 % 250}"
        host = number % 80 * 3  # tests that run at once, of one address range, differ in the port
        nodes = "".join(f'[[node]]\nname = "{name}"\naddress = "{net}.{host + i + 1}"\n'
                        for i, name in enumerate(self.names))
        Path(self.folder.name, "torc.toml").write_text(
            f'[cluster]\nname = "local"\ndata_port = {20000 + 2 * (number % 10000)}\n{nodes}'
            f'[daemon]\nruntime_dir = "{self.folder.name}"\n', encoding="utf-8")

    def log_of(self, node: str) -> str:
        return Path(self.folder.name, f"{node}.log").read_text(encoding="utf-8", errors="replace")

    def start(self, node: str) -> None:
        with open(Path(self.folder.name, f"{node}.log"), "wb") as log:  # of this life alone
            self.daemons[node] = subprocess.Popen(
                [self.torcd, "--config", f"{self.folder.name}/torc.toml", "--node", node],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start_all(self) -> None:
        for node in self.names:
            self.start(node)
        for node in self.names:
            self.wait_for_ring(node)

    def wait_for_ring(self, node: str, *members: str) -> None:
        """Until the node's ring has these members; without any: all."""
        wanted = " ".join(members or self.names)
        eventually(lambda: self.last_ring(node) == wanted, f"{node} is in a ring of {wanted}")

    def last_ring(self, node: str) -> str:
        """Members of the newest ring, from the daemon's own lines."""
        if self.daemons[node].poll() is not None:
            raise AssertionError(f"{node} ended:\n{self.log_of(node)}")
        rings = [line for line in self.log_of(node).split("\n")
                 if line.startswith("torcd: operational")]
        return rings[-1].split(": ")[-1].strip() if rings else ""

    def kill(self, node: str) -> None:
        self.daemons[node].kill()
        self.daemons[node].wait()

    def pause(self, node: str) -> None:
        self.daemons[node].send_signal(signal.SIGSTOP)

    def resume(self, node: str) -> None:
        self.daemons[node].send_signal(signal.SIGCONT)

    def environment(self, node: str) -> dict[str, str]:
        return {**os.environ, "TORC_RUNTIME_DIR": self.folder.name, "TORC_DAEMON": node}

    def stop(self) -> None:
        for daemon in self.daemons.values():
            if daemon.poll() is None:
                daemon.terminate()
                daemon.send_signal(signal.SIGCONT)  # should a test have ended in a pause
        for daemon in self.daemons.values():
            try:
                daemon.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.folder.cleanup()
