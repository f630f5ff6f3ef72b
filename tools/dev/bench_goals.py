"""What `./dev bench --cluster` measures: the table of goals of issue 5, for three daemons with a
client on each."""

import dataclasses
import itertools
from collections.abc import Iterator

NODES = 3
# Those that the goals name. A namespace for each daemon needs root.
PORTS = ["netns-af_packet", "vhost", "netns-udp"]
# Instead of them without root.
UNPRIVILEGED_PORTS = ["vhost", "udp"]


@dataclasses.dataclass(frozen=True)
class Sweep:
    """Every combination of these; `rates` are messages/s of all senders together, 0 floods."""
    sizes: tuple[int, ...]
    rates: tuple[int, ...]
    services: tuple[str, ...] = ("agreed",)
    senders: tuple[int, ...] = (1, 3)
    mtu: int = 1500

    def __str__(self) -> str:
        offered = listed(tuple(f"{rate}/s" if rate else "flood" for rate in self.rates))
        return (f"{listed(self.services)} {listed(self.sizes)} B, {listed(self.senders)} senders, "
                f"{offered}, MTU {self.mtu}")

    def arguments(self) -> list[str]:
        """For `torc bench`; only options that every version of it has had."""
        return ["--nodes", str(NODES), "--mtu", str(self.mtu), "--sizes", listed(self.sizes),
                "--rates", listed(self.rates), "--services", listed(self.services),
                "--senders", listed(self.senders)]

    def cells(self) -> Iterator["Sweep"]:
        for service, size, senders, rate in itertools.product(self.services, self.sizes,
                                                              self.senders, self.rates):
            yield Sweep((size,), (rate,), (service,), (senders,), self.mtu)

    def receivers(self) -> int:
        """Of a single cell: clients that only receive, so that each daemon has one."""
        return max(0, NODES - self.senders[0])


GOALS = [
    Sweep(sizes=(64, 200, 1350, 8850, 65536), rates=(0,)),
    Sweep(sizes=(8850,), rates=(0,), mtu=9000),
    Sweep(sizes=(64,), rates=(1000,), services=("agreed", "safe")),
    Sweep(sizes=(200,), rates=(40000,)),
]


# vhost-user pairs are memory: nothing bounds their frames, and with `mtu = "auto"`
# daemons on them use the largest there are.
MTU_OF_PAIRS = 9000


def goals_of(port: str) -> list[Sweep]:
    """The sweeps of a port: with the frames that it carries by itself, and a look at the others."""
    if port != "vhost":
        return GOALS
    turned = {1500: MTU_OF_PAIRS, MTU_OF_PAIRS: 1500}
    return [dataclasses.replace(sweep, mtu=turned[sweep.mtu]) for sweep in GOALS]


def listed(values: tuple) -> str:
    return ",".join(map(str, values))


def ports_for(root: bool) -> tuple[list[str], dict[str, str]]:
    """(ports to measure, {port left out: why})."""
    if root:
        return PORTS, {}
    return UNPRIVILEGED_PORTS, {port: "needs root" for port in PORTS
                                if port not in UNPRIVILEGED_PORTS}
