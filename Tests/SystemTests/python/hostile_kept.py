#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hostile_kept.py BINARY [WORD]: starts an iommud whose descriptors are kept, as systemd would, and attacks what outlives
it: persistent contexts, keys, logs. One line an attack, as hostile.py; all is recorded by --trace meanwhile.

After every attack nothing may be left, in the daemon or with its service manager. Standard library alone.
"""

import json
import os
import random
import signal
import sys
import tempfile
import threading
import time

from hostile_kit import PAGE, PATIENCE, Client, Stage, attack, expect, is_error
from hostile_show import show
from keeper import Keeper

NEW = {"kind": "new"}
OPTION = {"name": "huge_pages", "value": 1}


class Manager(threading.Thread):
    """The service manager of one daemon; it can be told to hear nothing for a while."""

    def __init__(self, binary, folder):
        super().__init__(daemon=True)
        arguments = ["--trace", f"{folder}/trace", "--quota", "engine_bytes=2M"]
        self.keeper, self.problem = Keeper(binary, folder, arguments), None
        self.hears, self.stopping = threading.Event(), threading.Event()
        self.hears.set()
        self.keeper.start()
        self.start()

    def run(self):
        try:
            while not self.stopping.is_set():
                self.hears.wait(1)
                if self.hears.is_set():
                    self.keeper.wait(0.02)
        except Exception as problem:
            self.problem = problem


class KeptStage(Stage):
    def __init__(self, manager):
        self.manager = manager
        super().__init__(manager.keeper.path)
        self.names = 0

    def all(self):
        expect(self.manager.problem is None, f"the service manager: {self.manager.problem!r}")
        return super().all() | {"kept": len(self.manager.keeper.kept)}

    def open(self, name=None, client=None, token=None):
        """A client in a persistent context, which is destroyed when the attack is over."""
        client = client or self.client()
        if name is None:
            self.names += 1
            name = f"hostile-{self.names}"
            self.leave(lambda: self.destroy(name))
        more = {} if token is None else {"client": token}
        client.call("context.open", name=name, persist=True, **more)
        client.name = name
        return client

    def destroy(self, name):
        client = Client(self.path)
        answer = client.answer("context.destroy", name=name)
        expect("result" in answer or answer["error"]["code"] == 2, f"destroying {name}: {answer}")
        client.close()

    def clear(self):
        self.manager.hears.set()
        super().clear()


def keyed(client, key, method, **params):
    """Sends a request with a key and answers its id."""
    client.last += 1
    line = {"jsonrpc": "2.0", "id": client.last, "key": key, "method": method, "params": params}
    client.send(json.dumps(line).encode() + b"\n")
    return client.last


def lines(client, *calls):
    """Sends requests all at once, and answers their ids."""
    text, ids = b"", []
    for method, params in calls:
        client.last += 1
        ids.append(client.last)
        text += json.dumps({"jsonrpc": "2.0", "id": client.last, "method": method, "params": params}).encode() + b"\n"
    client.send(text)
    return ids


@attack("keys: of another sender, of another request, without a sender, too long, where none is taken")
def _(stage):
    one = stage.open(token="one")
    two = stage.open(one.name, token="two")
    none = stage.open(one.name)
    first = one.line(keyed(one, "k", "ioas.alloc"))["result"]
    expect(one.line(keyed(one, "k", "ioas.alloc"))["result"] == first, "done twice")
    expect(two.line(keyed(two, "k", "ioas.alloc"))["result"] != first, "another sender's answer")
    is_error(one.line(keyed(one, "k", "ioas.alloc", residency="advisory")), "EINVAL", "key")
    is_error(one.line(keyed(one, "k", "device.bind")), "EINVAL", "key")
    is_error(none.line(keyed(none, "k", "ioas.alloc")), "EINVAL", "key")
    is_error(one.line(keyed(one, "n", "object.list")), "EINVAL", "key")
    for key in ("x" * 65, "\u20ac" * 22, 1, None, [], {}):
        is_error(one.line(keyed(one, key, "ioas.alloc")), -32600, "key")
    for token in ("", "x" * 65):
        is_error(one.answer("context.open", name=one.name, client=token), "EINVAL", "client")
    plain = stage.client()
    is_error(plain.line(keyed(plain, "k", "ioas.alloc")), "EINVAL", "key")
    odd = one.line(keyed(one, "\0\n\"\\\u2028" * 5, "ioas.alloc"))["result"]
    expect(one.line(keyed(one, "\0\n\"\\\u2028" * 5, "ioas.alloc"))["result"] == odd, "an odd key is none")
    # What was refused is not remembered, and done when it can be.
    is_error(one.line(keyed(one, "later", "object.destroy", id=odd["ioas"] + 1)), "ENOENT", "id")
    made = one.call("ioas.alloc")["ioas"]
    expect("result" in one.line(keyed(one, "later", "object.destroy", id=made)), "an error was remembered")


@attack("one key under way on many connections at once: done once, and all hear the same")
def _(stage):
    first = stage.open(token="t")
    ioas = first.call("ioas.alloc")["ioas"]
    clients = [first] + [stage.open(first.name, token="t") for _ in range(7)]
    for number in range(30):
        # Large ones go to a worker, so that the others come while it is under way.
        length = PAGE << (12 if number % 3 == 0 else 0)
        ids = [keyed(client, f"m{number}", "ioas.map", ioas=ioas, length=length, source=NEW) for client in clients]
        if number % 5 == 4:
            clients.pop().close()
            ids.pop()
        answers = [client.line(id) for client, id in zip(clients, ids)]
        results = {json.dumps(answer.get("result", answer)) for answer in answers}
        expect(len(results) == 1 and "error" not in answers[0], f"{results}")
        for client in clients:
            expect(len(client.arrived) == 1, f"{len(client.arrived)} descriptors of the new memory")
            os.close(client.arrived.pop())
        first.call("ioas.unmap", ioas=ioas, all=True)
    expect(len(first.objects()) == 1, "something was done twice")


@attack("a context destroyed while requests with keys wait for each other and for pins")
def _(stage):
    for number in range(16):
        one = stage.open(token="t")
        two = stage.open(one.name, token="t")
        holder = stage.open(one.name)
        ioas = one.call("ioas.alloc")["ioas"]
        iova = one.call("ioas.map", ioas=ioas, length=PAGE, source=NEW)["iova"]
        access = holder.call("access.create", ioas=ioas, pins=True)["access"]
        holder.call("access.pin", access=access, iova=iova, length=PAGE)
        place = {"ioas": ioas, "iova": iova, "length": PAGE, "wait_ms": 60000}
        waiting = [(one, keyed(one, "u", "ioas.unmap", **place)), (two, keyed(two, "u", "ioas.unmap", **place))]
        # The log is near its end sometimes, so that another one is being written.
        lines(holder, *[("ioas.option", OPTION | {"ioas": ioas})] * (number * 250))
        ids = lines(holder, ("context.destroy", {"name": one.name}))
        if number % 4 == 3:
            waiting.pop(number % 2)[0].close()
        while (answer := holder.message())["id"] != ids[0]:
            pass
        expect("result" in answer, f"not destroyed: {answer}")
        for client, id in waiting:
            error = client.line(id)["error"]
            expect(error["data"]["errno"] in ("ENOENT", "EINVAL"), f"{error}")
        for client in (one, two, holder):
            client.close()
            stage.clients.remove(client)


@attack("results of keys without end: senders and answers are forgotten, the log stays within its quota")
def _(stage):
    client = stage.open(token="0")
    ioas = client.call("ioas.alloc")["ioas"]
    fd = stage.memfd(1)
    memory = client.call("ioas.map", fd, ioas=ioas, length=PAGE, source={"kind": "fd", "fd": 0})["memory"]
    one = {"length": PAGE, "source": {"kind": "memory", "memory": memory}}
    for number in range(60):
        client.call("context.open", name=client.name, client=f"{number}")
        answer = client.line(keyed(client, "m", "ioas.map", ioas=ioas, ranges=[one] * 2000))
        if "error" in answer:
            is_error(answer, "ENOMEM")
        client.answer("ioas.unmap", ioas=ioas, all=True)
        if "error" in client.answer("ioas.map", fd, ioas=ioas, length=PAGE, source={"kind": "fd", "fd": 0}):
            break
        memory = client.call("memory.list")["items"][-1]["memory"]
        one["source"]["memory"] = memory
        expect(stage.state()["engine_bytes"] <= 2 << 20, "more than the quota")
    stage.destroy(client.name)


@attack("a log with no quota left to write it anew")
def _(stage):
    client = stage.open()
    ioas = client.call("ioas.alloc")["ioas"]
    other = stage.mapped(device=True)
    # Page tables take what is left.
    for place in range(1 << 39, 1 << 48, 1 << 39):
        answer = other["client"].answer(
            "ioas.map", ioas=other["ioas"], iova=place, length=PAGE, source={"kind": "memory", "memory": other["memory"]}
        )
        if "error" in answer:
            is_error(answer, "ENOMEM")
            break
    refused = 0
    for _ in range(8):
        ids = lines(client, *[("ioas.option", OPTION | {"ioas": ioas})] * 1000)
        refused += sum("error" in client.line(id) for id in ids)
    expect(refused > 0, "the log never came to its end")
    # Reading goes on, and so does changing when there is room again.
    client.call("object.list")
    other["client"].close()
    stage.clients.remove(other["client"])
    end = time.monotonic() + PATIENCE
    while "error" in client.answer("ioas.option", ioas=ioas, **OPTION):
        expect(time.monotonic() < end, "no room although there is some")


@attack("more than is kept for one user")
def _(stage):
    held = [stage.open() for _ in range(20)]
    for client in held:
        client.call("ioas.alloc")
    made = 0
    while "result" in (answer := held[made % 20].answer("ioas.map", ioas=1, length=PAGE, source=NEW)):
        os.close(held[made % 20].take()[0])
        made += 1
    is_error(answer, "ENOSPC")
    expect(made + 20 == 64, f"{made} memories are kept")
    last = stage.client()
    stage.refused(last, "ENOSPC", "persist", "context.open", name="one-more", persist=True)
    is_error(last.answer("context.open", name="one-more", create=False), "ENOENT", "name")
    # Logs are written anew all the same.
    for _ in range(6):
        ids = lines(held[0], *[("ioas.option", OPTION | {"ioas": 1})] * 1500)
        expect(all("result" in held[0].line(id) for id in ids), "a full store stops a log")


@attack("a service manager that hears nothing for a while: what it has to hear of waits, nobody else")
def _(stage):
    client, plain = stage.open(token="t"), stage.mapped(device=False)["client"]
    ioas = client.call("ioas.alloc")["ioas"]
    stage.manager.hears.clear()
    time.sleep(0.1)
    ids = [keyed(client, f"{number}", "ioas.map", ioas=ioas, length=PAGE, source=NEW) for number in range(20)]
    others = [stage.client() for _ in range(20)]
    opened = [other.request("context.open", {"name": f"deaf-{n}", "persist": True}) for n, other in enumerate(others)]
    for _ in range(100):
        plain.call("ioas.alloc")
    for other in others[::2]:
        other.close()
    stage.manager.hears.set()
    for id in ids:
        expect("result" in client.line(id), "lost")
    for other, id in list(zip(others, opened))[1::2]:
        expect("result" in other.line(id), "not opened")
    for number in range(20):
        stage.destroy(f"deaf-{number}")


@attack("repin storms, with maps and unmaps in between")
def _(stage):
    first = stage.open()
    made = stage.mapped(pages=64, client=first)
    clients = [first] + [stage.open(first.name) for _ in range(5)]
    source = {"kind": "memory", "memory": made["memory"]}
    for number in range(10):
        ids = []
        for index, client in enumerate(clients):
            place = made["iova"] + (index + 1 << 30)
            ids.append(lines(client, *[
                ("ioas.repin", {"ioas": made["ioas"]}),
                ("ioas.map", {"ioas": made["ioas"], "iova": place, "length": 64 * PAGE, "source": source}),
                ("ioas.repin", {"ioas": made["ioas"]}),
                ("ioas.unmap", {"ioas": made["ioas"], "iova": place, "length": 64 * PAGE}),
            ] * 20))
        for client, sent in zip(clients, ids):
            for id in sent:
                answer = client.line(id)
                if "error" in answer:
                    is_error(answer, "EBUSY")


def killed(path, name, seed):
    """What a process does that is killed in the middle of it."""
    chance, client = random.Random(seed), Client(path)
    client.call("context.open", name=name, persist=True, client="k")
    ioas = client.call("ioas.alloc")["ioas"]
    fd = os.memfd_create("killed")
    os.truncate(fd, 1 << 22)
    while True:
        key = str(chance.randrange(40))
        what = chance.randrange(6)
        if what == 0:
            keyed(client, key, "ioas.map", ioas=ioas, length=PAGE << chance.randrange(8), source=NEW)
        elif what == 1:
            keyed(client, key, "ioas.unmap", ioas=ioas, all=True)
        elif what == 2:
            client.request("ioas.map", {"ioas": ioas, "length": PAGE << 10, "source": {"kind": "fd", "fd": 0}}, [fd])
        elif what == 3:
            client.send(b'{"jsonrpc":"2.0","id":1,"key":"' + key.encode() + b'","method":"ioas.al')
            client.send(b'loc"}\n')
            client.last += 1
        elif what == 4:
            keyed(client, key, "ioas.option", ioas=ioas, **OPTION)
        else:
            client.request("ioas.repin", {"ioas": ioas})
        if chance.randrange(3) == 0:
            client.message()
            for got in client.take():
                os.close(got)


@attack("clients killed in the middle of anything, all in one context")
def _(stage):
    keeper = stage.open()
    for number in range(6):
        children = []
        for index in range(4):
            child = os.fork()
            if child == 0:
                try:
                    killed(stage.path, keeper.name, f"{number}/{index}")
                finally:
                    os._exit(1)
            children.append(child)
        time.sleep(0.05 * (number + 1))
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        keeper.call("object.list", limit=1)
    other = stage.open(keeper.name, token="k")
    first = other.line(keyed(other, "new", "ioas.alloc"))["result"]
    expect(other.line(keyed(other, "new", "ioas.alloc"))["result"] == first, "done twice")


@attack("names, owners and options of contexts that persist")
def _(stage):
    one = stage.open()
    one.call("ioas.alloc")
    for more, code, field in (
        ({"persist": 1}, -32602, "persist"), ({"client": 1}, -32602, "client"), ({"owner": -1}, -32602, "owner"),
        ({"owner": 4_000_000_000}, "ENOENT", "owner"),
    ):
        is_error(stage.client().answer("context.open", **({"name": one.name, "persist": True} | more)), code, field)
    for name in ("", "x" * 65, "\x7f", "a\n"):
        is_error(stage.client().answer("context.open", name=name, persist=True), "EINVAL", "name")
    is_error(one.answer("context.option", frames="fragmented"), "EBUSY", "frames")
    # Opened and left over and over, nothing stays of it.
    for number in range(200):
        client = stage.client()
        ids = lines(client, ("context.open", {"name": f"empty-{number}", "persist": True}))
        if number % 2:
            expect("result" in client.line(ids[0]), "not opened")
        client.close()
        stage.clients.remove(client)


def check(path):
    """What was recorded meanwhile is a trace, whatever came: a JSON object in every line."""
    count = 0
    with open(path, "rb") as file:
        for line in file:
            expect(line.endswith(b"\n") and isinstance(json.loads(line), dict), f"line {count} is broken")
            count += 1
    print(f"{count} records in the trace")


def main():
    with tempfile.TemporaryDirectory(prefix="iommud-hostile-") as folder:
        manager = Manager(sys.argv[1], folder)
        end = time.monotonic() + PATIENCE
        while not manager.keeper.is_ready and time.monotonic() < end:
            time.sleep(0.01)
        status = show(KeptStage(manager), sys.argv[2] if len(sys.argv) > 2 else "")
        manager.stopping.set()
        manager.join()
        ended = manager.keeper.kill(signal.SIGTERM)
        expect(ended == 0, f"the daemon ended with {ended}")
        expect(not manager.keeper.kept, f"still kept: {list(manager.keeper.kept)}")
        check(f"{folder}/trace")
    sys.exit(status)


main()
