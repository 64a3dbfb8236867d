# SPDX-License-Identifier: Apache-2.0
"""What attacks on a running iommud are made of: clients that may break every rule, and a stage that watches."""

import base64
import fcntl
import json
import mmap
import os
import socket
import threading
import time

PAGE = 4096
PATIENCE = 60  # seconds for an answer, or for the daemon to come to rest; a bound, never a wait


class Broken(AssertionError):
    """The daemon did something else than it promises."""


def expect(condition, text):
    if not condition:
        raise Broken(text)


class Skipped(Exception):
    """The attack cannot be made here."""


class Client:
    """A connection. `send` sends any bytes with any descriptors; `call` is what an honest client does."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.bytes, self.arrived, self.last = b"", [], 0
        self.events, self.early = [], {}

    def send(self, data, fds=()):
        sent = socket.send_fds(self.socket, [data], fds) if fds else 0
        if sent < len(data):
            self.socket.sendall(data[sent:])

    def line(self, number=None):
        """The next answer, or that to a request, or None at the end of the stream. Events are put aside."""
        if number in self.early:
            return self.early.pop(number)
        while True:
            answer = self.message()
            if answer is None or number is None or answer.get("id") in (None, number):
                return answer
            expect(number - 70 < answer["id"] <= self.last, f"answer to {answer['id']} instead of {number}")
            self.early[answer["id"]] = answer

    def message(self):
        """The next answer, or None at the end of the stream."""
        while True:
            answer = self.one()
            if answer is None or answer.get("method") != "event":
                break
            expect(set(answer) == {"jsonrpc", "method", "params"}, f"an event with more: {answer}")
            self.events.append(answer["params"])
        if answer is not None:
            expect(("result" in answer) != ("error" in answer), f"result or error: {answer}")
        return answer

    def one(self):
        """The next line, or None at the end of the stream."""
        while b"\n" not in self.bytes:
            try:
                data, fds, _, _ = socket.recv_fds(self.socket, 1 << 16, 253)
            except ConnectionResetError:
                # The end, where the daemon closed without reading all that was sent.
                data, fds = b"", []
            self.arrived += fds
            if not data:
                expect(not self.bytes, f"the daemon ended inside a line: {self.bytes[:80]!r}")
                return None
            self.bytes += data
        text, self.bytes = self.bytes.split(b"\n", 1)
        answer = json.loads(text)
        expect(answer.get("jsonrpc") == "2.0", f"no JSON-RPC: {answer}")
        return answer

    def request(self, method, params, fds=()):
        """Sends a request and answers its id."""
        self.last += 1
        line = {"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}
        if fds:
            line["fds"] = len(fds)
        self.send(json.dumps(line).encode() + b"\n", fds)
        return self.last

    def answer(self, method, *fds, **params):
        number, before = self.request(method, params, fds), len(self.arrived)
        answer = self.line(number)
        expect(answer is not None, f"{method}: the connection was closed instead of an answer")
        expect(answer["id"] == number, f"{method}: answer to {answer['id']} instead of {number}")
        came = len(self.arrived) - before
        expect(answer.get("fds", 0) == came, f"{method}: {came} descriptors came with {answer}")
        return answer

    def call(self, method, *fds, **params):
        answer = self.answer(method, *fds, **params)
        expect("result" in answer, f"{method} {str(params)[:200]}: {answer.get('error')}")
        return answer["result"]

    def take(self):
        """The descriptors that came with the last answer."""
        fds, self.arrived = self.arrived, []
        return fds

    def closed(self):
        """Whether the daemon closes without another word."""
        return self.line() is None

    def close(self):
        self.socket.close()
        for fd in self.take():
            os.close(fd)

    def objects(self):
        return self.call("object.list")["items"]


def is_error(answer, code, field=None):
    """Checks an error against a JSON-RPC code or the name of an errno, and the field at fault."""
    expect(answer is not None, f"closed without an error, expected {code}")
    error = answer.get("error")
    expect(error is not None, f"expected {code}: {answer}")
    data = error.get("data", {})
    if isinstance(code, int):
        expect(error["code"] == code, f"expected {code}: {error}")
    else:
        expect(data.get("errno") == code, f"expected {code}: {error}")
        expect(error["code"] > 0, f"an errno is positive: {error}")
    expect(len(error["message"]) > 3, f"no sentence: {error}")
    if field is not None:
        expect(data.get("field") == field, f"expected field {field}: {error}")
    return error


class Good(threading.Thread):
    """A client that keeps every rule while others attack. It must never see a failure."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.client = Client(path)
        self.problem, self.rounds, self.slowest = None, 0, 0.0
        self.stopping = threading.Event()
        self.memory = os.memfd_create("good")
        os.truncate(self.memory, 4 * PAGE)
        self.map = mmap.mmap(self.memory, 4 * PAGE)
        self.map[:] = os.urandom(4 * PAGE)
        call = self.client.call
        ioas = call("ioas.alloc")["ioas"]
        self.device = call("device.bind", name="good")["device"]
        self.hwpt = call("device.attach", device=self.device, to=ioas)["hwpt"]
        source = {"kind": "fd", "fd": 0}
        self.iova = call("ioas.map", self.memory, ioas=ioas, length=4 * PAGE, source=source)["iova"]
        self.access = call("access.create", ioas=ioas, pins=True)["access"]
        self.pin = call("access.pin", access=self.access, iova=self.iova, length=4 * PAGE, write=True)["pin"]

    def run(self):
        place = {"iova": self.iova, "length": 2 * PAGE}

        def call(method, **params):
            began = time.monotonic()
            result = self.client.call(method, **params)
            self.slowest = max(self.slowest, time.monotonic() - began)
            return result

        try:
            while not self.stopping.wait(0.002):
                text = os.urandom(64)
                call("device.dma_write", device=self.device, iova=self.iova, data=base64.b64encode(text).decode())
                expect(self.map[:64] == text, "a DMA write is not seen")
                read = base64.b64decode(call("access.read", access=self.access, **place)["data"])
                expect(read == self.map[: 2 * PAGE], "an access reads other bytes than the memory holds")
                runs = call("hwpt.translate", hwpt=self.hwpt, **place)["runs"]
                expect(len(runs) == 1 and runs[0]["iova"] == self.iova, f"translated to {runs}")
                call("server.info")
                self.rounds += 1
        except Exception as problem:
            self.problem = problem


class Stage:
    """The daemon under attack, and what has to be as it was after each."""

    def __init__(self, path):
        self.path = path
        self.clients, self.fds, self.left = [], [], []
        self.watch = Client(path)
        self.pid = self.watch.call("server.info")["pid"]
        self.good = None
        # Pages for attacks that need many, if the daemon may lock so many.
        with open(f"/proc/{self.pid}/limits") as file:
            [limit] = [line.split()[3] for line in file if line.startswith("Max locked memory")]
        free = limit == "unlimited" or int(self.status()["CapEff"], 16) & 1 << 14
        self.many = 4096 if free else min(4096, int(limit) // PAGE // 4)

    # Things that go when the attack is over

    def client(self):
        self.clients.append(Client(self.path))
        return self.clients[-1]

    def leave(self, function):
        """Has it called when the attack is over."""
        self.left.append(function)

    def keep(self, fd):
        self.fds.append(fd)
        return fd

    def memfd(self, pages=4, fill=True, seals=0):
        fd = self.keep(os.memfd_create("hostile", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC))
        os.truncate(fd, int(pages * PAGE))
        if fill:
            os.pwrite(fd, os.urandom(int(pages * PAGE)), 0)
        if seals:
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
        return fd

    def clear(self):
        for function in self.left:
            function()
        self.left = []
        for client in self.clients:
            client.close()
        for fd in self.fds:
            os.close(fd)
        self.clients, self.fds = [], []

    # What is looked at

    def state(self):
        return self.watch.call("server.stats")["state"]

    def status(self):
        with open(f"/proc/{self.pid}/status") as file:
            return dict(line.strip().split(":", 1) for line in file if ":" in line)

    def kernel(self):
        """Open files, and kilobytes that the kernel has pinned and locked, of the daemon's process."""
        status = self.status()
        numbers = {name: int(status[name].split()[0]) for name in ("VmPin", "VmLck")}
        files = 0
        for name in os.listdir(f"/proc/{self.pid}/fd"):
            try:
                # Rings are made as they are needed, one for 16384 pins, and stay.
                files += "io_uring" not in os.readlink(f"/proc/{self.pid}/fd/{name}")
            except FileNotFoundError:
                pass
        return numbers | {"open files": files}

    def all(self):
        return self.state() | self.kernel()

    def refused(self, client, code, field, method, *fds, **params):
        """The call is refused exactly so, and nothing changes: neither the objects nor the state."""
        before = (client.objects(), self.state())
        answer = client.answer(method, *fds, **params)
        try:
            error = is_error(answer, code, field)
        except Broken as broken:
            raise Broken(f"{method} {str(params)[:200]}: {broken}") from None
        after = (client.objects(), self.state())
        expect(before == after, f"{method} was refused and changed {before[1]} to {after[1]}, or its objects")
        return error

    def rest(self, baseline):
        """Waits until everything is as it was; says what is not when it never comes to that."""
        end = time.monotonic() + PATIENCE
        while True:
            now = {name: value for name, value in self.all().items() if name in baseline}
            if now == baseline:
                return
            if time.monotonic() > end:
                wrong = {name: (baseline[name], now[name]) for name in now if now[name] != baseline[name]}
                raise Broken(f"does not come to rest (before, now): {wrong}")
            time.sleep(0.01)

    # An honest start for attacks that need something to break

    def mapped(self, pages=4, client=None, device=True, **options):
        """A client with an IOAS, perhaps a device, and a mapped memfd."""
        client = client or self.client()
        made = {"client": client, "fd": self.memfd(pages)}
        made["ioas"] = client.call("ioas.alloc")["ioas"]
        if device:
            made["device"] = client.call("device.bind")["device"]
            made["hwpt"] = client.call("device.attach", device=made["device"], to=made["ioas"])["hwpt"]
        result = client.call(
            "ioas.map", made["fd"], ioas=made["ioas"], length=pages * PAGE, source={"kind": "fd", "fd": 0}, **options
        )
        made["iova"], made["memory"] = int(result["iova"], 16), result["memory"]
        made["access"] = client.call("access.create", ioas=made["ioas"], pins=True)["access"]
        return made


ATTACKS = []


def attack(name):
    """Puts a function of a stage into the table."""

    def add(function):
        ATTACKS.append((name, function))
        return function

    return add
