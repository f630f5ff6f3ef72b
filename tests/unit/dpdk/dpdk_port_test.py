#!/usr/bin/env python3
"""The DPDK port against the real EAL, each port in a process of its own (port_blast).

  dpdk_port_test.py PORT_BLAST account|errors|mesh|af_packet

No huge pages are needed. `af_packet` needs the right to make network namespaces (root, or run it
under `unshare -Urn`), and skips (77) without. Nothing here asserts a time; where something must
happen eventually, the wait is bounded by WAIT seconds only to end a failed run.
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

BLAST = os.path.abspath(sys.argv[1])
WAIT = 40
NO_HUGE = "eal=--no-huge"
STAMP = struct.Struct("<HHIq")  # port_blast's: from, to, number, sent_ns


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


class Blast:
    """One port_blast; its output goes to a file, so that it never blocks on us."""

    def __init__(self, *args, prefix=(), ready=True):
        self.out = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([*prefix, BLAST, *args, NO_HUGE], stdout=self.out,
                                        stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        if ready:
            self.wait_for(lambda: "\nready\n" in self.text(), f"{args}: port opens")

    def text(self):
        return os.pread(self.out.fileno(), 1 << 24, 0).decode(errors="replace")

    def wait_for(self, condition, what):
        until = time.monotonic() + WAIT
        while not condition():
            alive = self.process.poll() is None
            if not alive and condition():
                return
            expect(alive, f"{what}: process ended with {self.process.returncode}\n{self.text()}")
            expect(time.monotonic() < until, f"{what}: did not happen\n{self.text()[-2000:]}")
            time.sleep(0.02)

    def heard(self, node):
        found = re.findall(rf"^heard .*\b{node}=(\d+)", self.text(), re.M)
        return int(found[-1]) if found else 0

    def hears_more(self, node, what, more=50):
        before = self.heard(node)
        self.wait_for(lambda: self.heard(node) >= before + more, what)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """Waits for a program that ends by itself; gives what its last line says."""
        code = self.process.wait(WAIT)
        expect(code == 0, f"exit code {code}\n{self.text()}")
        line = re.findall(r"^end (.*)$", self.text(), re.M)
        expect(line, f"no end line\n{self.text()}")
        facts = {}
        for item in line[-1].split():
            key, value = item.split("=")
            facts[key] = float(value)
        return facts

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def close(self):
        if self.process.poll() is None:
            self.kill()
        self.out.close()


@contextlib.contextmanager
def running():
    started = []

    def start(*args, **options):
        # Into the list before it is waited for: a failure must not leave it running.
        blast = Blast.__new__(Blast)
        started.append(blast)
        blast.__init__(*args, **options)
        return blast

    try:
        yield start
    finally:
        for blast in started:
            if hasattr(blast, "process"):
                blast.close()


def test_account():
    """Every frame that was lent or sent comes back to the pool."""
    pool = 16384
    with running() as start:
        many = start("send", "device=net_null0", "nodes=3", "count=20000", "seconds=30")
        facts = many.end()
        expect(facts["sent"] == 20000 and facts["loans"] == 0, facts)
        expect(facts["free"] == pool, f"buffers lost: {facts}")
        expect(", copies 0" in many.text(), "a multicast is never copied")

        fan_out = start("send", "device=net_null0", "nodes=3", "spread=unicast", "count=20000",
                        "seconds=30")
        facts = fan_out.end()
        expect(facts["tx"] >= 40000 and facts["free"] == pool and facts["loans"] == 0, facts)
        copies = int(re.search(r"copies (\d+)", fan_out.text()).group(1))
        expect(0 < copies <= 20000, f"one copy for the second peer of each frame: {copies}")

        looped = start("send", "device=net_ring0", "nodes=2", "count=20000", "seconds=30")
        facts = looped.end()
        expect("own_copy" in looped.text(), "a looped multicast is recognised as ours")
        expect(facts["rx"] == 0 and facts["rejected"] == 0 and facts["loans"] == 0, facts)


def fails_with(message, *args, prefix=(), no_huge=True):
    command = [*prefix, BLAST, "open", *args] + ([NO_HUGE] if no_huge else [])
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT)
    text = done.stdout + done.stderr
    expect(done.returncode == 2, f"{args}: exit code {done.returncode}\n{text}")
    expect(re.search(message, done.stderr), f"{args}: expected /{message}/ in\n{text}")
    remedy = re.search(r"^remedy: (.+)$", done.stderr, re.M)
    expect(remedy, f"{args}: an error without a remedy\n{text}")


def test_errors():
    """Each thing an operator can get wrong has a text that names it, and a remedy."""
    fails_with('no network interface "torc-none"|no permission',
               "device=net_af_packet0,iface=torc-none")
    fails_with("names no interface", "device=net_af_packet0")
    fails_with(r'"banana" is not a DPDK device', "device=banana")
    fails_with("did not probe", "device=net_bogus0")
    fails_with("no DPDK device 0000:7f:1f.7", "device=0000:7f:1f.7")
    fails_with('node "n9" is not one of', "device=net_null0", "node=9")
    fails_with("frame_pool = 1000 is too small", "device=net_null0", "pool=1000")
    fails_with("no memory for 16384 frames", "device=net_null0", "eal=-m", "eal=16")
    fails_with("DPDK did not start", "device=net_null0", "eal=--no-such-flag")
    fails_with("exclude each other", "device=net_null0", "eal=--in-memory")
    fails_with("needs mesh_dir", "device=vhost-mesh")
    fails_with("lo has MTU 65536|no permission", "device=net_af_packet0,iface=lo",
               "frame_bytes=65530")
    if os.geteuid() == 0:
        # A copy: the build folder may be closed to the user we become.
        with tempfile.TemporaryDirectory(prefix="torc") as folder:
            os.chmod(folder, 0o755)
            global BLAST
            whole, BLAST = BLAST, shutil.copy(BLAST, folder)
            nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
            try:
                fails_with("no permission to open interface lo.*CAP_NET_RAW",
                           "device=net_af_packet0,iface=lo", prefix=nobody)
                fails_with("cannot (make|write in) mesh_dir", "device=vhost-mesh",
                           "mesh_dir=/root/torc-mesh", prefix=nobody)
            finally:
                BLAST = whole
    with tempfile.TemporaryDirectory(prefix="torc") as folder, running() as start:
        mesh = f"mesh_dir={folder}"
        first = start("chat", "node=0", mesh, "seconds=60")
        fails_with("another process answers on", "node=0", mesh)
        first.stop()
        expect(os.listdir(folder) == [], "a clean stop leaves no socket")


def test_mesh():
    """Three daemons on vhost-user pairs: killed in both roles, and sleeping, they find back."""
    # Frames of both sizes; a flood, so that a kill hits full rings; and sleepers that must wake.
    for kind in (["idle=yield", "gap_us=200", "burst=32", "frame_bytes=8972", "size=8972"],
                 ["idle=sleep"]):
        with tempfile.TemporaryDirectory(prefix="torc") as folder, running() as start:
            def node(index):
                return start("chat", f"node={index}", "nodes=3", f"mesh_dir={folder}",
                             "seconds=600", *kind)

            nodes = [node(0), node(1), node(2)]

            def all_hear(what):
                for here in range(3):
                    for there in range(3):
                        if here != there:
                            nodes[here].hears_more(there, f"{what}: {here} hears {there}")

            all_hear("at start")
            # 0 owns both its sockets, 2 attaches to both, 1 does one of each.
            for victim in (0, 2, 1, 0, 2):
                nodes[victim].kill()
                for other in range(3):
                    if other == victim:
                        continue
                    third = 3 - victim - other
                    nodes[other].hears_more(third, f"{victim} is dead: {other} hears {third}")
                    expect(nodes[other].process.poll() is None, f"{other} died with {victim}")
                nodes[victim].close()
                nodes[victim] = node(victim)
                all_hear(f"after {victim} was killed")
            for blast in nodes:
                facts = blast.stop()
                expect(facts["loans"] == 0 and facts["rejected"] == 0, facts)
            expect(os.listdir(folder) == [], f"left behind: {os.listdir(folder)}")


    stopped_owner()


def stopped_owner():
    """An owner that is stopped, not dead: its kernel accepts, nobody answers, nobody must wait."""
    with tempfile.TemporaryDirectory(prefix="torc") as folder, running() as start:
        common = ["nodes=2", f"mesh_dir={folder}", "seconds=600"]
        owner = start("chat", "node=0", *common)
        owner.process.send_signal(signal.SIGSTOP)
        start("chat", "node=1", *common).stop()  # its control thread is not stuck
        attacher = start("chat", "node=1", *common)
        owner.process.send_signal(signal.SIGCONT)
        attacher.hears_more(0, "the owner goes on")
        owner.hears_more(1, "and hears")
        owner.process.send_signal(signal.SIGSTOP)  # on a live link
        before = attacher.text().count("heard")
        attacher.wait_for(lambda: attacher.text().count("heard") > before + 20, "goes on alone")
        owner.process.send_signal(signal.SIGCONT)
        attacher.hears_more(0, "the owner goes on again")
        owner.hears_more(1, "and hears again")
        for blast in (owner, attacher):
            expect(blast.stop()["loans"] == 0, blast.text())


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        print(*command, "->", done.stderr, file=sys.stderr)
    done.check_returncode()


@contextlib.contextmanager
def switched(count, mtu):
    """`count` namespaces, each with an interface `eth` on one bridge in a namespace of its own."""
    tag = f"torc{os.getpid()}"
    names = [f"{tag}n{i}" for i in range(count)]
    bridge = f"{tag}br"
    try:
        for name in [*names, bridge]:
            run("ip", "netns", "add", name)
            run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        run("ip", "-n", bridge, "link", "add", "name", "switch0", "mtu", str(mtu), "type",
            "bridge")
        run("ip", "-n", bridge, "link", "set", "switch0", "up")
        for i, name in enumerate(names):
            run("ip", "link", "add", "name", "eth", "mtu", str(mtu), "netns", name, "type", "veth",
                "peer", "name", f"p{i}", "mtu", str(mtu), "netns", bridge)
            run("ip", "-n", bridge, "link", "set", f"p{i}", "master", "switch0", "up")
            run("ip", "-n", name, "link", "set", "eth", "up")
        yield names
    finally:
        for name in [*names, bridge]:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def inside(name):
    return ("ip", "netns", "exec", name)


KERNEL_PEER = r'''
import socket, struct, sys
group, self_address, there, size = "239.84.0.1", "10.84.0.3", "10.84.0.1", int(sys.argv[1])
stamp = struct.Struct("<HHIq")
def opened(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", port))
    member = socket.inet_aton(group) + socket.inet_aton(self_address)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(self_address))
    s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    s.settimeout(30)
    return s
data, token = opened(4803), opened(4804)
for want in (0, 1):  # multicasts of both DPDK nodes, whole
    got = 0
    while got < 20:
        frame, source = data.recvfrom(65536)
        if source[0] == "10.84.0.%d" % (want + 1):
            assert len(frame) == size and stamp.unpack_from(frame)[0] == want, (len(frame), source)
            got += 1
for number in range(100):  # to them
    data.sendto(stamp.pack(2, 0, number, 0) + b"\x33" * (size - stamp.size), (group, 4803))
# A question by unicast: the kernel asks for the MAC, the port answers, then answers the question.
token.sendto(stamp.pack(2, 1, 4242, 0) + b"?" * 40, ("10.84.0.4", 4804))
while True:  # it answers the multicasts before as well
    frame, source = token.recvfrom(65536)
    if source[0] == "10.84.0.4" and stamp.unpack_from(frame)[2] == 4242:
        break
print("kernel peer content")
'''


def exchange(mtu):
    size = mtu - 28
    with switched(4, mtu) as names, running() as start:
        common = ["nodes=4", f"frame_bytes={size}", "device=net_af_packet0,iface=eth",
                  "seconds=600"]
        run("ip", "-n", names[2], "address", "add", "10.84.0.3/24", "dev", "eth")
        run("ip", "-n", names[2], "route", "add", "224.0.0.0/4", "dev", "eth")
        nodes = [start("chat", f"node={i}", f"size={size}", f"idle={idle}", *common,
                       prefix=inside(names[i])) for i, idle in ((0, "yield"), (1, "sleep"))]
        # 10.84.0.4 has no kernel address anywhere: only the port can answer for it.
        echo = start("echo", "node=3", "idle=sleep", *common, prefix=inside(names[3]))
        nodes[0].hears_more(1, "0 hears 1")
        nodes[1].hears_more(0, "1 hears 0 (asleep between frames)")
        kernel = subprocess.run([*inside(names[2]), sys.executable, "-c", KERNEL_PEER, str(size)],
                                capture_output=True, text=True, timeout=3 * WAIT)
        expect(kernel.returncode == 0, f"kernel peer: {kernel.stderr}")
        for index, blast in enumerate(nodes):
            blast.wait_for(lambda: blast.heard(2) >= 100, f"{index} hears the kernel's multicasts")
        neighbour = subprocess.run([*inside(names[2]), "ip", "neighbour", "show", "10.84.0.4"],
                                   capture_output=True, text=True).stdout
        expect("lladdr" in neighbour, f"ARP was not answered: {neighbour}")
        # A daemon that is killed leaves nothing that hinders its successor.
        nodes[0].kill()
        nodes[0] = start("chat", "node=0", f"size={size}", *common, prefix=inside(names[0]))
        nodes[1].hears_more(0, "1 hears the restarted 0")
        for blast in [*nodes, echo]:
            facts = blast.stop()
            expect(facts["loans"] == 0, facts)
            expect(facts["free"] == 16384, f"buffers lost: {facts}")
            expect("bad_checksum" not in blast.text(), blast.text())


def unicast_fan_out():
    """Clouds without multicast: every daemon gets its copy, MACs are learnt, no group is joined."""
    with switched(3, 1500) as names, running() as start:
        nodes = [start("chat", f"node={i}", "nodes=3", "spread=unicast", "seconds=600",
                       "device=net_af_packet0,iface=eth", prefix=inside(names[i]))
                 for i in range(3)]
        for here in range(3):
            for there in range(3):
                if here != there:
                    nodes[here].hears_more(there, f"{here} hears {there} by unicast")
        for blast in nodes:
            blast.stop()
            expect("igmp reports 0" in blast.text(), blast.text())


def refusals_of_the_interface():
    with switched(1, 1500) as names:
        fails_with("eth has MTU 1500, less than mtu = .9000B.",
                   "device=net_af_packet0,iface=eth", "frame_bytes=8972", prefix=inside(names[0]))
        run("ip", "-n", names[0], "link", "set", "eth", "down")
        fails_with("network interface eth is down", "device=net_af_packet0,iface=eth",
                   prefix=inside(names[0]))


def test_af_packet():
    """Real interfaces in namespaces, with a plain kernel UDP socket as the third daemon."""
    probe = f"torc{os.getpid()}probe"
    try:
        run("ip", "netns", "add", probe)
    except (subprocess.CalledProcessError, FileNotFoundError):
        print("skipped: no right to make network namespaces")
        sys.exit(77)
    run("ip", "netns", "del", probe)
    refusals_of_the_interface()
    exchange(1500)
    exchange(9000)
    unicast_fan_out()


if __name__ == "__main__":
    {"account": test_account, "errors": test_errors, "mesh": test_mesh,
     "af_packet": test_af_packet}[sys.argv[2]]()
    print("ok")
