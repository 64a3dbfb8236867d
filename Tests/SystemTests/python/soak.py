# SPDX-License-Identifier: Apache-2.0
"""soak.py --daemon PATH [--kills N] [--seed N]: kills a daemon by SIGKILL at random moments, while four clients
change persistent contexts of their own as fast as they can, and starts it anew with what its service manager kept.

Each client knows from the answers that it got what has to be there. After each kill it looks: everything that was
acknowledged is there, and of what was not, a beginning and nothing half. Then it sends what was not acknowledged
once more, with the same keys, and looks again: everything is there once."""

import argparse
import base64
import json
import mmap
import os
import random
import select
import signal
import socket
import statistics
import struct
import sys
import tempfile
import time
import traceback

from keeper import Keeper
from soak_model import MEMORY, PAGE, TOP, Chooser, Model, number

CLIENTS = 4
PATIENCE = 60


class Lost(Exception):
    """The connection is gone."""


class Wrong(AssertionError):
    """The daemon is not as its answers say."""


class Board:
    """Memory that all processes share: how many kills there were, when the last was, and whether to end."""

    FORMAT = struct.Struct("QdQ")

    def __init__(self):
        self.memory = mmap.mmap(-1, PAGE)

    def post(self, kills, when, ends=0):
        self.memory[: self.FORMAT.size] = self.FORMAT.pack(kills, when, ends)

    def read(self):
        return self.FORMAT.unpack(self.memory[: self.FORMAT.size])


class Connection:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.bytes, self.last = b"", 0

    def close(self):
        self.socket.close()

    def send(self, method, params, key=None, descriptors=()):
        self.last += 1
        message = {"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}
        if key is not None:
            message["key"] = key
        if descriptors:
            message["fds"] = len(descriptors)
        line = json.dumps(message).encode() + b"\n"
        try:
            sent = socket.send_fds(self.socket, [line], descriptors) if descriptors else 0
            if sent < len(line):
                self.socket.sendall(line[sent:])
        except (BrokenPipeError, ConnectionError):
            # What was answered before is read all the same.
            pass
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return self.last

    def answer(self, number):
        """The result of a request, whose answer has to be the next one."""
        while b"\n" not in self.bytes:
            try:
                self.wait()
                data, descriptors, _, _ = socket.recv_fds(self.socket, 1 << 16, 64)
            except ConnectionError:
                raise Lost from None
            for descriptor in descriptors:
                os.close(descriptor)
            if not data:
                raise Lost
            self.bytes += data
        line, self.bytes = self.bytes.split(b"\n", 1)
        message = json.loads(line)
        if message["id"] != number:
            raise Wrong(f"answer to {message['id']} instead of {number}")
        if "error" in message:
            raise Refused(message["error"])
        return message["result"]

    def wait(self):
        """Before something is received. That waits itself."""

    def call(self, method, **params):
        return self.answer(self.send(method, params))

    def all(self, method, cursor, **params):
        items = []
        while True:
            answer = self.call(method, **params)
            items += answer["items"]
            if "next" not in answer:
                return items
            params["after"] = answer["next"]


class Refused(Exception):
    pass


class Soaker:
    """One client, in a process of its own."""

    def __init__(self, index, path, seed, board, report):
        self.index, self.path, self.board, self.report = index, path, board, report
        self.chance = random.Random(f"{seed}/{index}")
        self.model = Model()
        self.pending = []
        self.connection = None
        self.last_key = self.acknowledged = self.compared = self.seen = self.repins = 0
        self.pages = {}
        self.files = []
        for _ in range(3):
            file = os.memfd_create("soak", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.fchmod(file, 0o600)
            os.write(file, bytes(MEMORY))
            self.files.append(file)

    def run(self):
        while True:
            kills, _, ends = self.board.read()
            if ends and self.connection is not None and not self.pending and self.seen == kills:
                self.look(final=True)
                return
            try:
                if self.connection is None:
                    self.reconnect()
                if not ends:
                    self.burst()
            except Lost:
                self.connection.close()
                self.connection = None
            except TimeoutError:
                raise Wrong(f"no answer within {PATIENCE} s") from None

    def tell(self, **what):
        self.report.send(json.dumps(what | {"client": self.index}).encode())

    # -- load

    def burst(self):
        chooser, busy, batch = Chooser(self.model, self.chance, self.files), set(), []
        for _ in range(self.chance.choice([1, 1, 2, 4, 8])):
            request = chooser.next(busy)
            # The end of an access may run ahead of those before it, and be answered first.
            if request is None or batch and request.runs_ahead:
                break
            busy |= request.targets
            request.key = self.next_key()
            batch.append(request)
        self.pending = batch
        self.settle(self.model)

    def next_key(self):
        self.last_key += 1
        return f"{self.index}-{self.last_key}"

    def settle(self, model, each=lambda: None):
        """Sends what is pending and takes the answers in."""
        numbers = []
        for request in self.pending:
            descriptors = request.make_descriptors() if request.make_descriptors else ()
            numbers.append(self.connection.send(request.method, request.params, request.key, descriptors))
        for number in numbers:
            request = self.pending[0]
            try:
                result = self.connection.answer(number)
            except Refused as refused:
                raise Wrong(
                    f"{request.method} {request.params} with key {request.key}, after kill {self.seen}: {refused}; "
                    f"there is\n{self.model.state()}") from None
            self.pending.pop(0)
            request.apply(model, result)
            self.took(request, result)
            self.acknowledged += 1
            each()

    def took(self, request, result):
        """A change was acknowledged."""

    # -- after a kill

    def connect(self):
        return Connection(self.path)

    def reconnect(self):
        self.connection = self.connect()
        opened = self.connection.call(
            "context.open", name=f"soak-{self.index}", persist=True, client=f"client-{self.index}")
        answered = time.monotonic()
        # Kills are posted once the daemon is dead: whoever gets answers from now on gets them from the next one.
        kills, when, _ = self.board.read()
        if opened["created"] and self.acknowledged:
            raise Wrong("the context was lost")
        before = self.snapshot(degraded=opened["degraded"] > 0)
        if opened["degraded"]:
            # It was killed while it pinned something again, and leaves that to whoever says so.
            for space in before["spaces"]:
                answer = self.connection.call("ioas.repin", ioas=space)
                if answer["degraded"]:
                    raise Wrong(f"IOAS {space} stays degraded: {answer}")
            self.repins += 1
        candidates = [self.model.copy()]
        self.settle(self.model, lambda: candidates.append(self.model.copy()))
        states = [candidate.state() for candidate in candidates]
        if before not in states:
            raise Wrong(
                f"after kill {kills} there is\n{before}\nand should be\n{states[0]}\nor, of what was not "
                f"acknowledged too,\n{states[1:]}")
        self.look()
        if kills > self.seen:
            self.tell(kill=kills, gap=answered - when)
        self.seen = kills
        self.tell(settled=kills, acknowledged=self.acknowledged, compared=self.compared)

    def look(self, final=False):
        """Compares all that there is with what was acknowledged."""
        there = self.snapshot(remember=True)
        if there != self.model.state():
            raise Wrong(f"there is\n{there}\nand should be\n{self.model.state()}")
        self.compared = self.acknowledged
        readable = [(access, space) for access, space in self.model.accesses.items()]
        places = sorted(self.model.written)
        for memory, offset in places if final else self.chance.sample(places, min(4, len(places))):
            for access, space in readable:
                for iova, (length, shown, begin) in self.model.spaces[space].items():
                    if shown == memory and begin <= offset < begin + length:
                        at = hex(iova + offset - begin)
                        answer = self.connection.call("access.read", access=access, iova=at, length=16)
                        if base64.b64decode(answer["data"]) != self.model.written[memory, offset]:
                            raise Wrong(f"memory {memory} has other bytes at {offset}")
        if final:
            self.tell(done=True, repins=self.repins, acknowledged=self.acknowledged, compared=self.compared)

    def snapshot(self, remember=False, degraded=False):
        """What the daemon says there is, in the words of the model."""
        connection = self.connection
        objects = {}
        for item in connection.all("object.list", "id"):
            objects.setdefault(item["kind"], []).append(item["id"])
        spaces, reserved, pages = {}, {}, {}
        for space in objects.get("ioas", []):
            areas = {}
            for area in connection.all("ioas.areas", "iova", ioas=space):
                iova = number(area["iova"])
                states = ("mapped", "degraded") if degraded else ("mapped",)
                if not (area["read"] and area["write"] and area["state"] in states):
                    raise Wrong(f"an area is otherwise: {area}")
                areas[iova] = (area["length"], area["memory"], area["offset"])
                pages[space, iova] = (area["pages"], area["memory"], area["offset"])
            spaces[space] = areas
            usable = connection.call("ioas.iova_ranges", ioas=space)["ranges"]
            edges = [(number(range["first"]), number(range["last"])) for range in usable]
            reserved[space] = [(a[1] + 1, b[0] - 1) for a, b in zip(edges, edges[1:])]
        if remember:
            for place, was in self.pages.items():
                # The same slice of the same memory at the same place may be another one in the meantime; an id
                # never means something else.
                if place in pages and pages[place][0] == was[0] and pages[place] != was:
                    raise Wrong(f"pages object {was[0]} is another one")
            self.pages = pages
        devices = {id: connection.call("device.info", device=id).get("hwpt") for id in objects.get("device", [])}
        tables = {}
        for id in objects.get("hwpt", []):
            info = connection.call("hwpt.info", hwpt=id)
            tables[id] = (info["ioas"], info["automatic"])
        return {
            "spaces": spaces,
            "reserved": reserved,
            "devices": devices,
            "tables": tables,
            "accesses": objects.get("access", []),
            "memories": objects.get("memory", []),
        }


class Soak:
    def __init__(self, options, keeper=None):
        """`keeper`: who starts and kills the daemon, if it is not one of its own."""
        self.options = options
        self.chance = random.Random(options.seed)
        self.folder = tempfile.mkdtemp(prefix="iommud-soak.")
        os.chmod(self.folder, 0o755)
        self.keeper = keeper or Keeper(options.daemon, self.folder)
        self.board = Board()
        self.inbox, self.outbox = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.clients = {}
        self.gaps = {}
        self.settled = [0] * CLIENTS
        self.done = set()
        self.repins = 0
        self.counts = [(0, 0)] * CLIENTS

    def spawn(self, index):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                self.inbox.close()
                if os.geteuid() == 0:
                    # Each is a user of its own.
                    os.setgid(60000 + index)
                    os.setuid(60000 + index)
                Soaker(index, self.keeper.path, self.options.seed, self.board, self.outbox).run()
                status = 0
            except Wrong as wrong:
                print(f"soak: client {index}: {wrong}", file=sys.stderr)
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        self.clients[pid] = index

    def listen(self):
        """Takes in what clients report."""
        while select.select([self.inbox], [], [], 0)[0]:
            report = json.loads(self.inbox.recv(4096))
            index = report["client"]
            if "gap" in report:
                self.gaps.setdefault(report["kill"], []).append(report["gap"])
            if "settled" in report:
                self.settled[index] = report["settled"]
            if "done" in report:
                self.done.add(index)
                self.repins += report["repins"]
            if "acknowledged" in report:
                self.counts[index] = (report["acknowledged"], report["compared"])
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG) if self.clients else (0, 0)
            if pid == 0:
                return
            if pid not in self.clients:
                self.keeper.pid = None
                raise Wrong(f"the daemon ended by itself: status {status}")
            index = self.clients.pop(pid)
            if status != 0:
                raise Wrong(f"client {index} ended with status {status}")

    def until(self, holds, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while True:
            # The daemon's end is found by waiting for it, with those of the clients.
            self.keeper.wait(0.05, also=[self.inbox])
            self.listen()
            if holds():
                return
            if time.monotonic() > deadline:
                raise Wrong("no client has got through to the daemon in time")

    def run(self):
        self.keeper.start()
        for index in range(CLIENTS):
            self.spawn(index)
        began = time.monotonic()
        for kill in range(1, self.options.kills + 1):
            if self.chance.random() < 0.15:
                # While it starts or brings contexts back.
                self.pause(self.chance.uniform(0, 0.05))
            else:
                self.until(lambda: all(settled == kill - 1 for settled in self.settled))
                self.pause(self.chance.uniform(0, 0.06))
            when = time.monotonic()
            self.keeper.kill()
            self.board.post(kill, when)
            self.keeper.start()
            self.settled = [settled if settled == kill else -1 for settled in self.settled]
            if kill % 100 == 0:
                print(f"soak: {kill} kills, {sum(count[0] for count in self.counts)} changes acknowledged", flush=True)
        self.until(lambda: all(settled == self.options.kills for settled in self.settled))
        self.board.post(self.options.kills, 0.0, 1)
        self.until(lambda: len(self.done) == CLIENTS and not self.clients)
        first = [min(gaps) * 1000 for gaps in self.gaps.values()]
        print(
            f"soak: {self.options.kills} kills survived, {sum(count[0] for count in self.counts)} acknowledged "
            f"changes compared, first answer after {statistics.median(first):.1f} ms (median), "
            f"{max(first):.1f} ms (worst), {self.repins} times something was left for a client to pin again, "
            f"at most {self.keeper.most} descriptors kept, "
            f"{time.monotonic() - began:.0f} s")

    def pause(self, seconds):
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.keeper.wait(left)
            self.listen()

    def end(self):
        for pid in list(self.clients):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        if self.keeper.pid is not None:
            self.keeper.kill()
        for name in os.listdir(self.folder):
            os.unlink(f"{self.folder}/{name}")
        os.rmdir(self.folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--daemon", required=True)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    print(f"soak: seed {options.seed}", flush=True)
    soak = Soak(options)
    try:
        soak.run()
    except Wrong as wrong:
        sys.exit(f"soak: FAILED (seed {options.seed}): {wrong}")
    finally:
        soak.end()


if __name__ == "__main__":
    main()
