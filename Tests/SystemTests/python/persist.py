# SPDX-License-Identifier: Apache-2.0
"""What a restart under a real systemd has to bring back. persist.py SOCKET STORY ...

make FILE        a persistent context of every kind of thing, and a description of it in FILE
check FILE       the context is as FILE describes it
open NAME        opens a persistent context; prints the name of the error where it is refused
fill UIDS COUNT  for each of the comma-separated users a context with so many new memories (as root; 0 for as many as
                 there may be); prints how many each got
areas UIDS COUNT PINNED
                 for each of the users a context with one memory and so many areas of it, some of them in an address space
                 with a device, for which they are pinned (as root)
count UIDS       prints how many memories, and how many areas each has
restart          restarts the service (as root, SOCKET the admin's); prints milliseconds until the first answer, and until
                 all contexts are back
sparse           a context with a mapped, pinned and then punched memory, and a mapped sparse one
"""

import base64
import ctypes
import json
import os
import subprocess
import sys
import time

from soak import Connection, Lost, Refused

PAGE = 4096


def number(text):
    return int(text, 16)


class Caller:
    def __init__(self, path, context, token):
        self.connection = Connection(path)
        self.opened = self.connection.call("context.open", name=context, persist=True, client=token)
        self.keys = 0

    def call(self, method, descriptors=(), **params):
        self.keys += 1
        sent = self.connection.send(method, params, f"{os.getpid()}-{self.keys}", descriptors)
        return self.connection.answer(sent)

    def ask(self, method, **params):
        return self.connection.call(method, **params)

    def describe(self):
        """Everything that has to stay as it is."""
        all = {"objects": [], "areas": {}, "devices": {}, "tables": {}, "usable": {}, "frames": {}, "bytes": {}}
        accesses = {}
        for item in self.connection.all("object.list", "id"):
            all["objects"].append([item["id"], item["kind"]])
        for id, kind in all["objects"]:
            if kind == "ioas":
                areas = self.connection.all("ioas.areas", "iova", ioas=id)
                for area in areas:
                    del area["pins"]
                all["areas"][str(id)] = areas
                all["usable"][str(id)] = self.ask("ioas.iova_ranges", ioas=id)["ranges"]
            elif kind == "device":
                all["devices"][str(id)] = self.ask("device.info", device=id)
            elif kind == "hwpt":
                info = self.ask("hwpt.info", hwpt=id)
                for name in ("table_bytes", "levels"):
                    del info[name]
                all["tables"][str(id)] = info
                for area in all["areas"][str(info["ioas"])]:
                    key = f"{id}/{area['iova']}"
                    all["frames"][key] = self.ask(
                        "hwpt.translate", hwpt=id, iova=area["iova"], length=area["length"])["runs"]
            elif kind == "access":
                accesses[id] = None
        for access in accesses:
            for space, areas in all["areas"].items():
                for area in areas:
                    # An access sees its own space; another answers ENOENT.
                    try:
                        data = self.ask("access.read", access=access, iova=area["iova"], length=PAGE)["data"]
                        all["bytes"][f"{access}/{area['iova']}"] = data
                    except Refused:
                        pass
        return all


def memory(pages, fill=True):
    file = os.memfd_create("client", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.fchmod(file, 0o600)
    os.ftruncate(file, pages * PAGE)
    if fill:
        for page in range(pages):
            os.pwrite(file, bytes([page % 251]) * PAGE, page * PAGE)
    return file


def make(path, file):
    caller = Caller(path, "kept", "maker")
    call = caller.call
    first, second = (call("ioas.alloc")["ioas"] for _ in range(2))
    new = call("ioas.map", ioas=first, length=16 * PAGE, source={"kind": "new"})
    call("ioas.map", [memory(32)], ioas=first, length=8 * PAGE, iova="0x100000",
         source={"kind": "fd", "fd": 0, "offset": 4 * PAGE})
    call("ioas.map", ioas=first, length=2 * PAGE, read=True, write=False,
         source={"kind": "memory", "memory": new["memory"], "offset": 3 * PAGE})
    call("ioas.copy", src_ioas=first, src_iova=new["iova"], length=16 * PAGE, dst_ioas=second)
    call("ioas.reserve", ioas=second, first="0x70000000", last="0x7000ffff")
    call("ioas.allow_iovas", ioas=second, ranges=[{"first": "0x0", "last": "0x6fffffff"}])
    device = call("device.bind", name="disk", dirty_tracking=True)["device"]
    other = call("device.bind", name="nic")["device"]
    call("device.attach", device=device, to=first)
    table = call("hwpt.alloc", device=other, ioas=second)["hwpt"]
    call("device.attach", device=other, to=table)
    # An id that is not in use any more is not used again.
    call("object.destroy", id=call("ioas.alloc")["ioas"])
    for space in (first, second):
        access = call("access.create", ioas=space)["access"]
        data = base64.b64encode(f"written through access {access}".encode()).decode()
        call("access.write", access=access, iova=new["iova"], data=data)
    with open(file, "w") as out:
        json.dump(caller.describe(), out)


def check(path, file):
    caller = Caller(path, "kept", "maker")
    if caller.opened["created"]:
        sys.exit("the context is gone")
    if caller.opened["degraded"]:
        sys.exit(f"{caller.opened['degraded']} areas are degraded")
    with open(file) as text:
        was = json.load(text)
    now = json.loads(json.dumps(caller.describe()))
    for name in was:
        if was[name] != now[name]:
            sys.exit(f"{name} is\n{now[name]}\nand was\n{was[name]}")
    last = max(id for id, _ in was["objects"])
    made = caller.call("ioas.alloc")["ioas"]
    if made <= last:
        sys.exit(f"the new object got the id {made}, and {last} is the highest that was known")
    caller.call("object.destroy", id=made)
    print(f"{len(was['objects'])} objects and {len(was['bytes'])} pages are what they were")


def open_(path, name):
    try:
        Caller(path, name, "opener")
        print("open")
    except Refused as refused:
        print(refused.args[0]["data"]["errno"])


def as_user(uid, work):
    """Runs `work` as that user, and answers what it answers."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgid(uid)
            os.setuid(uid)
            os.write(write, str(work()).encode())
        except BaseException as error:
            os.write(write, f"failed:{error!r}".encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as answers:
        answer = answers.read()
    os.waitpid(pid, 0)
    return answer


def fill(path, uids, count):
    def work():
        try:
            caller = Caller(path, "full", "filler")
        except Refused as refused:
            return refused.args[0]["data"]["errno"]
        space = caller.call("ioas.alloc")["ioas"]
        got = 0
        while not int(count) or got < int(count):
            try:
                caller.call("ioas.map", ioas=space, length=PAGE, source={"kind": "new"})
            except Refused as refused:
                return f"{got}:{refused.args[0]['data']['errno']}"
            got += 1
        return got

    print(" ".join(as_user(int(uid), work) for uid in uids.split(",")))


def areas(path, uids, count, pinned):
    def work():
        caller = Caller(path, "full", "filler")
        call = caller.call
        loose, space = (call("ioas.alloc")["ioas"] for _ in range(2))
        shared = call("ioas.map", ioas=loose, length=256 * PAGE, iova="0x1000", source={"kind": "new"})["memory"]
        call("device.attach", device=call("device.bind", name="nic")["device"], to=space)
        for first in range(1, int(count), 100):
            ranges = [
                {"iova": hex((1 << 32) + number * 2 * PAGE), "length": PAGE,
                 "source": {"kind": "memory", "memory": shared, "offset": number % 256 * PAGE}}
                for number in range(first, min(first + 100, int(count)))
            ]
            call("ioas.map", ioas=space if first <= int(pinned) else loose, ranges=ranges)

    print(" ".join(as_user(int(uid), work) for uid in uids.split(",")))


def restart(path):
    before = Connection(path)
    began = time.monotonic()
    command = subprocess.Popen(["systemctl", "restart", "iommud.service"])
    # The one before takes no connections any more when it lets go of this one.
    try:
        before.answer(0)
    except Lost:
        pass
    connection = Connection(path)
    connection.call("server.info")
    first = time.monotonic() - began
    while any(item["state"] == "returning" for item in connection.all("context.list", None)):
        time.sleep(0.002)
    back = time.monotonic() - began
    if command.wait():
        sys.exit("the service cannot be restarted")
    print(f"{first * 1000:.0f} {back * 1000:.0f}")


def count(path, uids):
    def work():
        caller = Caller(path, "full", "filler")
        areas = sum(
            len(caller.connection.all("ioas.areas", "iova", ioas=item["id"], limit=1000))
            for item in caller.connection.all("object.list", "id") if item["kind"] == "ioas")
        return f"{len(caller.connection.all('memory.list', 'memory'))}/{areas}"

    print(" ".join(as_user(int(uid), work) for uid in uids.split(",")))


def sparse(path):
    caller = Caller(path, "sparse", "sparse")
    call = caller.call
    space, empty = (call("ioas.alloc")["ioas"] for _ in range(2))
    device = call("device.bind", name="disk")["device"]
    punched = memory(512)
    call("ioas.map", [os.dup(punched)], ioas=space, length=512 * PAGE, source={"kind": "fd", "fd": 0})
    call("device.attach", device=device, to=space)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long]
    if libc.fallocate(punched, 3, 16 * PAGE, 480 * PAGE):
        sys.exit("no hole was punched")
    call("ioas.map", [memory(1 << 16, fill=False)], ioas=empty, length=PAGE << 16, source={"kind": "fd", "fd": 0})


stories = {"make": make, "check": check, "open": open_, "fill": fill, "areas": areas, "count": count}
stories |= {"restart": restart, "sparse": sparse}
stories[sys.argv[2]](sys.argv[1], *sys.argv[3:])
