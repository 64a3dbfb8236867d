# SPDX-License-Identifier: Apache-2.0
"""Attacks by what clients do not read or finish, by their number, and on contexts that they share."""

import errno
import json
import os
import select
import socket
import time

from hostile_kit import PAGE, Client, attack, expect, is_error

FD = {"kind": "fd", "fd": 0}
NEW = {"kind": "new"}
MIB = 1 << 20


def flood(client, line, fds=(), seconds=1.0):
    """Sends the same line until the daemon takes no more, or for that long; answers how many went."""
    client.socket.setblocking(False)
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        if not select.select([], [client.socket], [], 0.2)[1]:
            break
        try:
            if fds:
                socket.send_fds(client.socket, [line], fds)
            else:
                client.socket.send(line)
            count += 1
        except (BlockingIOError, BrokenPipeError):
            break
    return count


@attack("answers that nobody reads")
def _(stage):
    for method in ("server.methods", "server.info"):
        for _ in range(3):
            client = stage.client()
            line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method}).encode() + b"\n"
            flood(client, line * 100)
        client = stage.client()
        flood(client, b"nonsense\n" * 1000)


@attack("answered descriptors that nobody reads")
def _(stage):
    for _ in range(6):
        client = stage.client()
        made = stage.mapped(pages=1, client=client)
        line = {"jsonrpc": "2.0", "id": 1, "method": "memory.open", "params": {"memory": made["memory"], "write": False}}
        flood(client, json.dumps(line).encode() + b"\n", seconds=0.3)
    before = stage.kernel()["open files"]
    for _ in range(100):
        stage.watch.call("server.info")
    expect(stage.kernel()["open files"] <= before + 2, "descriptors pile up")
    # Somebody else still gets hers.
    made = stage.mapped(pages=1)
    for _ in range(80):
        made["client"].call("memory.open", memory=made["memory"], write=False)
        for fd in made["client"].take():
            os.close(fd)


@attack("descriptors sent in a flood")
def _(stage):
    one = stage.memfd(1)
    line = b'{"jsonrpc":"2.0","id":1,"method":"server.info","fds":16}\n'
    for _ in range(4):
        flood(stage.client(), line, [one] * 16, seconds=0.3)
    flood(stage.client(), b'{"jsonrpc"', [one] * 200, seconds=0.3)


@attack("descriptors piled up on lines that never end")
def _(stage):
    one, before = stage.memfd(1), stage.kernel()["open files"]
    # More than a line may take, over and over: each of these connections ends at the first or second message.
    for count in (16, 253):
        for _ in range(20):
            client = stage.client()
            try:
                for _ in range(100):
                    client.send(b" ", [one] * count)
            except (BrokenPipeError, ConnectionResetError):
                pass
            is_error(client.line(), -32600, "fds")
            expect(client.closed(), "the connection goes on")
            expect(stage.kernel()["open files"] < before + 2000, "descriptors pile up")
    # As many as a line may take, on many connections: nothing is wrong until there are too many.
    many = [stage.client() for _ in range(50)]
    for client in many:
        client.send(b'{"jsonrpc"', [one] * 16)
    for client in many:
        client.send(b':"2.0","id":1,"method":"server.info","fds":16}\n')
    for client in many:
        answer = client.line()
        expect("result" in answer or is_error(answer, "EDQUOT", "fds"), f"{answer}")


@attack("leaving while a large map is under way")
def _(stage):
    for wait in (0, 0.005, 0.05, 0.2):
        client = stage.client()
        ioas = client.call("ioas.alloc")["ioas"]
        client.call("device.attach", device=client.call("device.bind")["device"], to=ioas)
        client.request("ioas.map", {"ioas": ioas, "length": 256 * MIB, "source": NEW})
        client.request("ioas.map", {"ioas": ioas, "length": 64 * MIB, "source": NEW})
        if wait:
            select.select([client.socket], [], [], wait)
        client.close()
    made = stage.mapped(pages=stage.many)
    made["client"].request("access.pin", {"access": made["access"], "iova": made["iova"], "length": stage.many * PAGE})
    made["client"].request("ioas.unmap", {"ioas": made["ioas"], "all": True})
    made["client"].close()


@attack("leaving with everything held: pins, devices, areas")
def _(stage):
    for leave in ("close", "shutdown", "half"):
        for _ in range(5):
            made = stage.mapped(pages=64)
            client = made["client"]
            for _ in range(20):
                client.call("access.pin", access=made["access"], iova=made["iova"], length=64 * PAGE, write=True)
            if leave == "shutdown":
                client.socket.shutdown(socket.SHUT_RDWR)
            elif leave == "half":
                client.send(b'{"jsonrpc":"2.0"')
            client.close()


@attack("more memory than there is to pin")
def _(stage):
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    limit = client.call("server.info")["pin_limit"]
    stage.refused(client, "ENOMEM", None, "ioas.map", ioas=ioas, length=limit + PAGE, source=NEW)
    # Sparse memory is not charged before it is pinned, and then all of it or nothing.
    fd = stage.memfd(1, fill=False)
    os.truncate(fd, limit + PAGE)
    made = client.call("ioas.map", fd, ioas=ioas, length=limit + PAGE, source=FD)
    access = client.call("access.create", ioas=ioas, pins=True)["access"]
    stage.refused(client, "ENOMEM", None, "access.pin", access=access, iova=made["iova"], length=limit + PAGE)
    device = client.call("device.bind")["device"]
    stage.refused(client, "ENOMEM", None, "device.attach", device=device, to=ioas)
    expect(os.fstat(fd).st_blocks == 0, "a hole was filled")


@attack("200 connections at once, and 500 one after the other")
def _(stage):
    served, refused = [], 0
    for _ in range(200):
        client = Client(stage.path)
        stage.clients.append(client)
        try:
            client.request("server.info", {})
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = client.line()
        if "result" in answer:
            served.append(client)
        else:
            is_error(answer, "EDQUOT")
            expect(answer["id"] is None and client.closed(), "refused, and not closed")
            refused += 1
    expect(refused > 0 and len(served) > 100, f"{len(served)} served, {refused} refused")
    for client in served:
        client.call("ioas.alloc")
    for client in stage.clients:
        client.close()
    stage.clients = []
    end = time.monotonic() + 30
    while stage.state()["connections"] > 2 and time.monotonic() < end:
        pass
    for turn in range(500):
        client = Client(stage.path)
        if turn % 3:
            client.request("ioas.alloc", {})
            if turn % 7 == 0:
                client.line()
        client.close()
        while turn % 50 == 0 and stage.state()["connections"] > 2 and time.monotonic() < end:
            pass


@attack("named contexts: shared, kept, and not entered with full hands")
def _(stage):
    one, two = stage.client(), stage.client()
    ioas = one.call("ioas.alloc")["ioas"]
    stage.refused(one, "EBUSY", "name", "context.open", name="hostile")
    one.call("object.destroy", id=ioas)
    expect(one.call("context.open", name="hostile")["created"] is True, "it was there")
    expect(two.call("context.open", name="hostile")["created"] is False, "made twice")
    made = stage.mapped(pages=2, client=one)
    expect(one.objects() == two.objects() and len(one.objects()) == 6, "not the same objects")
    there = {"access": made["access"], "iova": made["iova"], "length": PAGE}
    pin = two.call("access.pin", **there)["pin"]
    stage.refused(two, "EBUSY", "name", "context.open", name="other")
    stage.refused(one, "EBUSY", None, "ioas.unmap", ioas=made["ioas"], all=True, wait_ms=1)
    one.call("access.pin", **there)
    # A pin goes with its connection, the objects stay.
    two.close()
    end = time.monotonic() + 30
    while stage.state()["pins"] > 2 and time.monotonic() < end:
        pass
    stage.refused(one, "ENOENT", "pin", "access.unpin", access=made["access"], pin=pin)
    one.close()
    three = stage.client()
    expect(three.call("context.open", name="hostile", create=False)["objects"] == 6, "objects are gone")
    three.call("ioas.unmap", ioas=made["ioas"], all=True)
    for name in ("device", "access", "ioas"):
        if name == "device":
            three.call("device.detach", device=made["device"])
        three.call("object.destroy", id=made[name])
    # Empty and unconnected it vanishes.
    three.call("context.open", name="other")
    stage.refused(three, "ENOENT", "name", "context.open", name="hostile", create=False)


@attack("a context destroyed under others' feet, who leave meanwhile")
def _(stage):
    for turn in range(16):
        one, two, three = stage.client(), stage.client(), stage.client()
        for client in (one, two, three):
            client.call("context.open", name="hostile")
        made = stage.mapped(pages=stage.many, client=two)
        there = {"access": made["access"], "iova": made["iova"], "length": stage.many * PAGE}
        for _ in range(10):
            two.call("access.pin", **there)
            three.call("access.pin", **there)
        one.request("context.destroy", {"name": "hostile"})
        if turn % 2:
            select.select([one.socket], [], [], turn * 0.0003)
            two.close()
            three.close()
        answer = one.line()
        # Pins of whoever has just left are being dropped.
        while answer.get("error", {}).get("code") == errno.EBUSY:
            answer = one.answer("context.destroy", name="hostile")
        expect(answer.get("result") == {"objects": 6}, f"{answer}")
        if turn % 2 == 0:
            for method, params in (("object.list", {}), ("ioas.alloc", {}), ("device.bind", {}), ("memory.list", {}),
                                   ("ioas.areas", {"ioas": made["ioas"]}), ("access.pin", there)):
                is_error(two.answer(method, **params), "ENOENT")
            expect(two.call("context.open", name="hostile")["created"] is True, "the name is not free")
            two.call("ioas.alloc")
            three.close()
            two.call("context.destroy", name="hostile")
            two.call("ioas.alloc")
            two.close()
        one.close()


@attack("context.destroy while others work in it")
def _(stage):
    for _ in range(10):
        one, two = stage.client(), stage.client()
        one.call("context.open", name="hostile")
        made = stage.mapped(pages=8, client=one)
        two.call("context.open", name="hostile")
        for _ in range(50):
            one.request("access.pin", {"access": made["access"], "iova": made["iova"], "length": 8 * PAGE})
            one.request("ioas.map", {"ioas": made["ioas"], "length": 2 * MIB, "source": NEW})
            one.request("device.attach", {"device": made["device"], "to": made["ioas"]})
        answer = two.answer("context.destroy", name="hostile")
        if "error" in answer:
            is_error(answer, "EBUSY", "name")
        one.close()
        two.close()
        last = stage.client()
        answer = last.answer("context.destroy", name="hostile")
        while "error" in answer and answer["error"]["data"]["errno"] == "EBUSY":
            answer = last.answer("context.destroy", name="hostile")
        last.close()


@attack("answers that would be longer than a line change nothing")
def _(stage):
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    fd = stage.memfd(2)
    memory = client.call("ioas.map", fd, ioas=ioas, iova=0, length=PAGE, source=FD)["memory"]
    count, step = 24_000, 8_000
    source = {"kind": "memory", "memory": memory}
    for first in range(1, count, step):
        ranges = [{"length": PAGE, "source": source, "iova": one * PAGE} for one in range(first, first + step)]
        client.call("ioas.map", ioas=ioas, ranges=ranges)
    access = client.call("access.create", ioas=ioas, pins=True)["access"]
    answer = client.answer("access.pin", access=access, iova=0, length=count * PAGE)
    if "error" in answer:
        stage.refused(client, answer["error"]["data"]["errno"], None, "access.pin", access=access, iova=0,
                      length=count * PAGE)
    expect(len(client.call("ioas.areas", ioas=ioas, limit=100_000)["items"]) <= 512, "a list is too long")


@attack("much work in one line")
def _(stage):
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    device = client.call("device.bind")["device"]
    hwpt = client.call("device.attach", device=device, to=ioas)["hwpt"]
    fd, count = stage.memfd(1), min(12_000, 3 * stage.many)
    ranges = [{"length": PAGE, "source": FD} for _ in range(count)]
    client.call("ioas.map", fd, ioas=ioas, ranges=ranges)
    for _ in range(20):
        client.request("hwpt.translate", {"hwpt": hwpt, "iova": 0, "length": (1 << 64) - 1, "limit": 4000})
        client.line()
    bad = ranges[:-1] + [{"length": 1, "source": FD}]
    stage.refused(client, "EINVAL", f"ranges[{count - 1}].length", "ioas.map", fd, ioas=ioas, ranges=bad)
    areas = client.call("ioas.areas", ioas=ioas, limit=4000)["items"]
    some = [{"iova": area["iova"], "length": PAGE} for area in areas]
    stage.refused(client, "ENOENT", None, "ioas.unmap", ioas=ioas, ranges=some + [{"iova": 0, "length": PAGE}])
    expect(client.call("ioas.unmap", ioas=ioas, ranges=some)["unmapped"] == len(some) * PAGE, "not all")
    names = ",".join(f'"k{number}":{number}' for number in range(60_000))
    client.send(b'{"jsonrpc":"2.0","id":1,"method":"ioas.alloc","params":{' + names.encode() + b"}}\n")
    is_error(client.line(), -32602, "k0")
    client.send(b'{"jsonrpc":"2.0","id":1,"method":"ioas.alloc","params":{' + names.encode() + b',"k0":1}}\n')
    is_error(client.line(), -32700)
