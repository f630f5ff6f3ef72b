#!/usr/bin/env python3
"""Runs the commands of `torc` as a user would, and looks for what they leave behind.

usage: tool_test.py TORC demo PORT | bench | failover | keep
"""
import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time


def traces(folder):
    """What a cluster of this machine leaves if it does not clean up."""
    namespaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
    return sorted(glob.glob(folder + "/torc-*")) + sorted(namespaces.split("\n"))


def run(torc, *arguments, folder):
    """Runs torc with a temporary folder of its own; gives its output, fails on its exit code."""
    done = subprocess.run([torc, *arguments], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "TMPDIR": folder})
    sys.stdout.write(done.stdout + done.stderr)
    if done.returncode != 0:
        sys.exit(f"torc {' '.join(arguments)}: exit code {done.returncode}")
    return done.stdout


def expect(condition, what):
    if not condition:
        sys.exit("not so: " + what)


def demo(torc, folder, port):
    output = run(torc, "demo", "--port", port, "--seconds", "0.5", folder=folder)
    expect("One order everywhere" in output, "the demo saw one order")
    expect("merged after" in output, "the killed daemon came back")


def bench(torc, folder):
    path = folder + "/cells.json"
    run(torc, "bench", "--cluster", "udp", "--sizes", "64,1350", "--services", "agreed,safe",
        "--rates", "0,500", "--seconds", "0.5", "--warm-up", "0.2", "--json", path, folder=folder)
    with open(path) as file:
        cells = json.load(file)["cells"]
    expect(len(cells) == 8, "a cell for each size, service and rate")
    for cell in cells:
        expect(cell["same_order"], "the same order in " + str(cell))
        expect(cell["messages_per_second"] > 0, "messages in " + str(cell))
        expect(len(set(cell["order_hash"])) == 1, "one order hash in " + str(cell))
        expect(cell["p50_us"] <= cell["p99_us"] <= cell["p99_99_us"] <= cell["max_us"],
               "ordered percentiles")
        expect(cell["ceiling_frames_per_second"] > 0, "the port's ceiling in " + str(cell))
        expect(cell["share_of_ceiling"] > 0, "a share of it in " + str(cell))
    bench_page(torc, folder, path)
    bench_sweep(torc, folder, path)
    os.remove(path)


def bench_page(torc, folder, path):
    """The page of cells that were written before."""
    page = folder + "/cells.html"
    run(torc, "bench", "--from", path, "--html", page, folder=folder)
    with open(page) as file:
        text = file.read()
    expect(text.count("<svg") == 3 and text.endswith("</html>\n"), "a page with three plots")
    os.remove(page)


def bench_sweep(torc, folder, path):
    """Nodes and senders are swept as well; each cell has its runs and a client at each daemon."""
    run(torc, "bench", "--cluster", "udp", "--nodes", "2,3", "--senders", "1,2", "--runs", "2",
        "--sizes", "1024", "--rates", "300", "--arrivals", "poisson", "--seconds", "0.3",
        "--warm-up", "0.1", "--ceiling", "0", "--json", path, folder=folder)
    with open(path) as file:
        cells = json.load(file)["cells"]
    expect([(cell["nodes"], cell["senders"], cell["receivers"]) for cell in cells] ==
           [(2, 1, 2), (2, 2, 2), (3, 1, 3), (3, 2, 3)], "the sweep, not " + str(cells))
    for cell in cells:
        expect(len(cell["runs"]) == 2 and cell["same_order"], "two runs in one order")
        expect(cell["runs"][0]["p50_us"] > 0, "latency in " + str(cell))
        expect(cell["ceiling_frames_per_second"] is None, "no ceiling was asked for")
    run(torc, "bench", "--cluster", "udp", "--nodes", "2", "--senders", "1", "--receivers", "3",
        "--sizes", "1024", "--window", "16", "--rates", "0", "--seconds", "0.3", folder=folder)


def failover(torc, folder):
    """Every fault has its samples; how long they took is for quiet machines."""
    path = folder + "/cells.json"
    run(torc, "failover", "--cluster", "netns-udp", "--runs", "2", "--json", path, folder=folder)
    with open(path) as file:
        cells = json.load(file)["cells"]
    expect([cell["fault"] for cell in cells] == ["kill", "stop", "cut", "heal"] * 2, "each fault")
    for cell in cells:
        expect(len(cell["view_ms"]) == 2 and min(cell["view_ms"]) > 0, "views in " + str(cell))
        full = cell["load"] == "full"
        expect(len(cell["silence_ms"]) == (2 if full else 0), "silence under load only")
    # With so long a patience nothing but a bug can change the ring.
    run(torc, "failover", "--cluster", "udp", "--soak", "1", "--json", path,
        "--set", "cluster.timers.token_loss=1h", "--set", "cluster.timers.recovery=1h",
        folder=folder)
    with open(path) as file:
        [cell] = json.load(file)["cells"]
    expect(cell["messages"] > 0 and cell["ring_changes"] == 0, "load and no change: " + str(cell))
    os.remove(path)


def keep(torc, folder):
    """A kept cluster answers status, send and receive, and its daemons end on SIGTERM."""
    output = run(torc, "demo", "--port", "udp", "--seconds", "0.2", "--keep", folder=folder)
    runtime = output.split("TORC_RUNTIME_DIR=")[1].split()[0]
    pids = [int(pid) for pid in output.split("To end them: kill ")[1].split(" && ")[0].split()]
    try:
        status = json.loads(run(torc, "status", "-r", runtime, "--interval", "0.1", "--json",
                                folder=folder))
        expect([node["state"] for node in status] == ["operational"] * 3, "three are operational")
        receiver = subprocess.Popen([torc, "receive", "-r", runtime, "-d", "n1", "-g", "room",
                                     "-c", "1", "--timeout", "20"],
                                    stdout=subprocess.PIPE, text=True)
        receiver.stdout.readline()  # its private name
        receiver.stdout.readline()  # the view of its join
        run(torc, "send", "-r", runtime, "-d", "n0", "-n", "alice", "-g", "room", "hello",
            folder=folder)
        rest = receiver.communicate(timeout=30)[0]
        expect("#alice#n0 -> room (agreed, type 0): hello" in rest, "the message, not: " + rest)
        chat = subprocess.run([torc, "chat", "-r", runtime, "-d", "n2", "-n", "bob"],
                              input="j room\ns room from bob\nq\n", capture_output=True, text=True,
                              timeout=30)
        expect(chat.returncode == 0 and "#bob#n2" in chat.stdout, "chat: " + chat.stdout)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        for _ in range(1000):
            if not any(os.path.exists(f"/proc/{pid}") for pid in pids):
                break
            time.sleep(0.01)
        expect(not any(os.path.exists(f"/proc/{pid}") for pid in pids), "the daemons ended")
        subprocess.run(["rm", "-r", runtime], check=True)


def main():
    torc, what, *more = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        before = traces(folder)
        commands = {"demo": demo, "bench": bench, "failover": failover, "keep": keep}
        commands[what](torc, folder, *more)
        expect(traces(folder) == before, f"nothing left behind, but {traces(folder)}")


main()
