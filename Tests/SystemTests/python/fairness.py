#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fairness.py SOCKET [SECONDS]: one user does as much as its limits let it, and another maps and unmaps 4 KiB.

Prints what the second one gets: alone, beside the same modest load of the first, and beside all that the first can do, by turns. Fails
where that is less than half of what the modest load leaves it, or where its slowest hundredth takes more than ten times
as long as alone; both with slack. Needs root, to be two other users. Standard library alone.
"""

import base64
import json
import os
import resource
import select
import socket
import statistics
import sys
import time

from hostile_kit import PAGE, Client

FIRST, SECOND = 61001, 61002
CONNECTIONS = 128
SLACK = 2.0
# Of each kind, one after the other, so that what else the machine does meets all alike; the median counts.
ROUNDS = 5


class Load(Client):
    """A client that prepares lines once and sends them over and over."""

    def furnish(self, device=True, areas=0):
        self.ioas = self.call("ioas.alloc")["ioas"]
        self.device = self.call("device.bind")["device"]
        if device:
            self.hwpt = self.call("device.attach", device=self.device, to=self.ioas)["hwpt"]
        fd = os.memfd_create("load")
        os.truncate(fd, 64 * PAGE)
        os.pwrite(fd, bytes(64 * PAGE), 0)
        made = self.call("ioas.map", fd, ioas=self.ioas, length=64 * PAGE, source={"kind": "fd", "fd": 0})
        os.close(fd)
        self.iova, self.memory = int(made["iova"], 16), made["memory"]
        self.access = self.call("access.create", ioas=self.ioas, pins=True)["access"]
        if areas:
            one = {"length": PAGE, "source": {"kind": "memory", "memory": self.memory}}
            self.call("ioas.map", ioas=self.ioas, ranges=[one] * areas)
        return self

    def lines(self, *calls):
        """Requests as they are sent, without the ids mattering."""
        return b"".join(
            json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n"
            for method, params in calls
        )

    def small(self, place):
        source = {"kind": "memory", "memory": self.memory}
        return (
            ("ioas.map", {"ioas": self.ioas, "iova": place, "length": PAGE, "source": source}),
            ("ioas.unmap", {"ioas": self.ioas, "iova": place, "length": PAGE}),
        )


def maximal(path, number):
    """One of the connections of who does all it can, and what it sends."""
    load, kind = Load(path), number % 8
    data = base64.b64encode(bytes(65536)).decode()
    if kind == 0:
        load.furnish(device=False)
        one = {"length": PAGE, "source": {"kind": "memory", "memory": load.memory}}
        calls = ("ioas.map", {"ioas": load.ioas, "ranges": [one] * 12_000}), ("ioas.unmap", {"ioas": load.ioas, "all": True})
        # The second pair of lines finds nothing but what the first left.
        return load, load.lines(calls[0]) + load.lines(calls[1]) + load.lines(*[("server.methods", {})] * 20)
    load.furnish(areas=1000 if kind in (1, 5) else 0)
    calls = {
        1: [("ioas.areas", {"ioas": load.ioas, "limit": 4000}), ("object.list", {"limit": 4000})] * 20,
        2: [("access.read", {"access": load.access, "iova": load.iova, "length": 65536})] * 50,
        3: load.small(load.iova + (1 << 30)) * 100,
        4: [
            ("access.pin", {"access": load.access, "iova": load.iova, "length": 64 * PAGE}),
            ("ioas.iova_ranges", {"ioas": load.ioas}),
        ] * 50,
        5: [("hwpt.translate", {"hwpt": load.hwpt, "iova": 0, "length": (1 << 64) - 1, "limit": 4000})] * 20,
        6: [("server.methods", {}), ("memory.list", {"limit": 4000}), ("pages.list", {"limit": 4000})] * 20,
        7: [("device.dma_write", {"device": load.device, "iova": load.iova, "data": data})] * 20,
    }[kind]
    return load, load.lines(*calls)


def drive(pairs, ready):
    """Keeps every connection full of requests, and reads whatever comes."""
    poll = select.epoll()
    state = {}
    for load, text in pairs:
        load.socket.setblocking(False)
        state[load.socket.fileno()] = [load.socket, text, 0]
        poll.register(load.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)
    ready()
    while True:
        for number, events in poll.poll():
            one = state[number]
            try:
                if events & select.EPOLLIN:
                    one[0].recv(1 << 18)
                if events & select.EPOLLOUT:
                    one[2] = (one[2] + one[0].send(memoryview(one[1])[one[2] :])) % len(one[1])
            except BlockingIOError:
                pass


def modest(path, ready):
    """The same load as the one that is measured."""
    load = Load(path).furnish()
    ready()
    while True:
        for method, params in load.small(load.iova + (1 << 30)):
            load.call(method, **params)


def other_user(work):
    """Has a process of the first user do `work`; answers a function that ends it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(FIRST)
        os.setuid(FIRST)
        work(lambda: os.write(writing, b"x"))
        os._exit(1)
    os.close(writing)
    if os.read(reading, 1) != b"x":
        sys.exit("the other user's process has ended")
    os.close(reading)

    def end():
        os.kill(child, 9)
        os.waitpid(child, 0)

    return end


def measure(load, seconds):
    """Rate of map and unmap together, and seconds of the slowest hundredth of single calls."""
    calls, times = load.small(load.iova + (1 << 30)), []
    end = time.monotonic() + seconds
    while (began := time.monotonic()) < end:
        for method, params in calls:
            load.call(method, **params)
        times.append(time.monotonic() - began)
    times.sort()
    return len(times) / seconds, times[len(times) // 2], times[len(times) * 99 // 100]


def show(name, figures):
    rate, half, late = figures
    print(f"{name:34} {rate:8.0f} a second, p50 {half * 1e6:7.0f} us, p99 {late * 1e6:7.0f} us", flush=True)
    return rate, late


def one_round(path, phase, seconds):
    """What the second user gets beside what the first does."""
    end = None
    if phase == "modest":
        end = other_user(lambda ready: modest(path, ready))
    elif phase == "maximal":
        end = other_user(lambda ready: drive([maximal(path, n) for n in range(CONNECTIONS - 1)], ready))
    reading, writing = os.pipe()
    meter = os.fork()
    if meter == 0:
        os.setgid(SECOND)
        os.setuid(SECOND)
        load = Load(path).furnish()
        measure(load, seconds / 6)
        os.write(writing, json.dumps(measure(load, seconds)).encode())
        os._exit(0)
    os.close(writing)
    figures = json.loads(os.read(reading, 4096) or b"[0, 1, 1]")
    os.close(reading)
    os.waitpid(meter, 0)
    if end:
        end()
    return figures


def main():
    path, seconds = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 5.0
    if os.geteuid() != 0:
        sys.exit("skipped: being two users needs root")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    rounds = {"alone": [], "modest": [], "maximal": []}
    for _ in range(ROUNDS):
        for phase, figures in rounds.items():
            figures.append(one_round(path, phase, seconds / ROUNDS))
    results = {phase: show(phase, [statistics.median(part) for part in zip(*figures)]) for phase, figures in rounds.items()}
    half = results["maximal"][0] / results["modest"][0]
    late = results["maximal"][1] / results["alone"][1]
    print(f"of the rate beside a modest load: {half:.2f} (at least 0.5); p99 against alone: {late:.1f} (at most 10)")
    sys.exit(0 if half * SLACK >= 0.5 and late <= 10 * SLACK else 1)


main()
