# SPDX-License-Identifier: Apache-2.0
"""log_cost.py --daemon PATH [--changes N] [--rounds N] [--limit US] [--calls]: what it costs that a change survives the
daemon: processor time of the daemon for a change in a context that does not persist, the same in one that does, and with
a key. Requests are made beforehand and sent 64 at a time; the contexts take turns, and the best round of each counts.

--limit  fails when a change in a persistent context takes so many microseconds more
--calls  has strace count the system calls of a burst that is shorter than a log instead, and fails when there are
         others than those of the loop and of the connection"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from keeper import Keeper
from kill_points import HeardConnection
from soak_model import PAGE

DEPTH = 64
# The loop, its mailbox, its timers, and the connection.
USUAL = {"epoll_wait", "epoll_ctl", "futex", "read", "timerfd_settime", "recvmsg", "sendmsg"}


class Load:
    def __init__(self, keeper, name, persists, keys, method):
        self.keeper, self.name, self.keys = keeper, name, keys
        self.connection = HeardConnection(keeper)
        self.connection.call("context.open", name=name.replace(" ", "-"), persist=persists, client="cost")
        self.space = self.connection.call("ioas.alloc")["ioas"]
        source = {"kind": "new"}
        made = self.connection.call("ioas.map", ioas=self.space, length=PAGE, iova="0x10000000", source=source)
        self.pair = self.maps(made["memory"]) if method == "map" else self.reservations()
        self.sent, self.best = 0, float("inf")

    def maps(self, memory):
        place = f'"ioas":{self.space},"iova":"0x1000000","length":{PAGE}'
        return [("ioas.map", place + f',"source":{{"kind":"memory","memory":{memory}}}'), ("ioas.unmap", place)]

    def reservations(self):
        place = f'"ioas":{self.space},"first":"0x0","last":"0xfff"'
        return [("ioas.reserve", place), ("ioas.reserve", place + ',"release":true')]

    def lines(self):
        lines = []
        for _ in range(DEPTH):
            method, params = self.pair[self.sent % 2]
            key = f'"key":"{self.sent}",' if self.keys else ""
            self.sent += 1
            lines.append(f'{{"jsonrpc":"2.0","id":1,{key}"method":"{method}","params":{{{params}}}}}\n')
        return "".join(lines).encode()

    def run(self, changes):
        """Microseconds of the daemon's for a change."""
        batches = [self.lines() for _ in range(changes // DEPTH)]
        before = processor_time(self.keeper.pid)
        for batch in batches:
            self.exchange(batch)
        took = (processor_time(self.keeper.pid) - before) / 1000 / (len(batches) * DEPTH)
        self.best = min(self.best, took)

    def exchange(self, batch):
        self.connection.socket.sendall(batch)
        left, tail = DEPTH, b""
        while left:
            self.keeper.wait(60, also=[self.connection.socket])
            data = self.connection.socket.recv(1 << 17)
            if not data or b'"error"' in tail + data:
                sys.exit(f"log cost: FAILED: {(tail + data)[-400:].decode()}")
            left -= data.count(b"\n")
            tail = data[-8:]


def processor_time(pid):
    """Nanoseconds of all threads."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as text:
            total += int(text.read().split()[0])
    return total


def calls(load, batches):
    """System calls while so many batches are exchanged, by name."""
    with tempfile.NamedTemporaryFile("r", prefix="iommud-calls.") as counts:
        command = ["strace", "-f", "-qq", "-o", counts.name, "-p", str(load.keeper.pid)]
        tracer = subprocess.Popen(command)
        # It is there when it has stopped and continued the threads once.
        while True:
            with open(f"/proc/{load.keeper.pid}/status") as text:
                if f"TracerPid:\t{tracer.pid}\n" in text.read():
                    break
            if tracer.poll() is not None:
                sys.exit("log cost: strace does not run")
            time.sleep(0.01)
        for batch in [load.lines() for _ in range(batches)]:
            load.exchange(batch)
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        names = {}
        for line in counts:
            name = line.split(maxsplit=1)[1].split("(")[0]
            if name.isidentifier():
                names[name] = names.get(name, 0) + 1
        return dict(sorted(names.items()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--daemon", required=True)
    parser.add_argument("--changes", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--limit", type=float)
    parser.add_argument("--calls", action="store_true")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="iommud-cost.")
    keeper = Keeper(options.daemon, folder)
    try:
        keeper.start()
        kinds = [("plain", False, False), ("persistent", True, False), ("persistent with keys", True, True)]
        over = 0
        for method, what in (("map", "ioas.map of known memory, ioas.unmap"), ("reserve", "ioas.reserve, and its release")):
            loads = [Load(keeper, f"{method} {name}", persists, keys, method) for name, persists, keys in kinds]
            if options.calls:
                for load in loads:
                    load.exchange(load.lines())
                    made = calls(load, 4)
                    print(f"log cost: calls of {4 * DEPTH} changes, {load.name}: {made}")
                    if not made or made.keys() - USUAL:
                        sys.exit(f"log cost: FAILED: system calls besides those of the loop: {made}")
                continue
            for _ in range(options.rounds):
                for load in loads:
                    load.run(options.changes)
            plain, kept, keyed = (load.best for load in loads)
            print(
                f"log cost: {what}: {plain:.2f} us a change, persistent {kept:.2f} us (+{kept - plain:.2f} us, "
                f"{kept / plain:.2f} times), with keys {keyed:.2f} us (+{keyed - plain:.2f} us)")
            over = max(over, kept - plain)
            for load in loads:
                load.connection.close()
        if options.limit and over > options.limit:
            sys.exit(f"log cost: FAILED: {over:.2f} us more for a change that survives, {options.limit} are allowed")
    finally:
        if keeper.pid is not None:
            keeper.kill()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
