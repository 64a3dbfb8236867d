# SPDX-License-Identifier: Apache-2.0
"""Attacks with descriptors that are no memory, with memory that changes, and on rights to it."""

import base64
import ctypes
import fcntl
import mmap
import os
import select
import signal
import socket
import struct
import tempfile
import time

from hostile_kit import PAGE, Skipped, attack, expect, is_error
from silent_fuse import SilentFileSystem

FD = {"kind": "fd", "fd": 0}
F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE = 1, 2, 4, 8, 16


def reopen(stage, fd, flags):
    return stage.keep(os.open(f"/proc/self/fd/{fd}", flags))


def read(client, access, iova, length):
    return base64.b64decode(client.call("access.read", access=access, iova=iova, length=length)["data"])


def strange(stage):
    """Descriptors of every sort that is no memory, by name."""
    keep, libc = stage.keep, ctypes.CDLL(None)
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(f"{folder}/fifo")
        found = {"fifo": keep(os.open(f"{folder}/fifo", os.O_RDWR))}
    parameters = ctypes.create_string_buffer(120)
    signals = ctypes.create_string_buffer(8)
    for name, fd in {
        "io_uring": libc.syscall(425, 4, parameters), "timerfd": libc.timerfd_create(1, 0),
        "inotify": libc.inotify_init(), "signalfd": libc.signalfd(-1, signals, 0),
    }.items():
        if fd >= 0:
            found[name] = keep(fd)
    for path in ("/dev/fuse", "/dev/ptmx", "/proc/self/maps", "/proc/self/ns/user", "/sys/kernel/notes"):
        try:
            found[path] = keep(os.open(path, os.O_RDWR if path.startswith("/dev") else os.O_RDONLY))
        except OSError:
            pass
    found["netlink"] = keep(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).detach())
    # A socket that lies in its own queue.
    first, second = socket.socketpair()
    socket.send_fds(first, [b"x"], [second.fileno()])
    found["socket in itself"] = keep(second.detach())
    keep(first.detach())
    return {name: fd for name, fd in found.items() if passes(fd)}


def passes(fd):
    """Whether the kernel lets a descriptor be passed: rings, for one, it does not since Linux 6.8."""
    first, second = socket.socketpair()
    with first, second:
        try:
            socket.send_fds(first, [b"x"], [fd])
            return True
        except OSError:
            return False


@attack("descriptors that are no memory")
def _(stage):
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    keep = stage.keep
    pipe, pair = os.pipe(), socket.socketpair()
    for fd in pipe:
        keep(fd)
    memfd, epoll = stage.memfd(2), select.epoll()
    bad = {
        "pipe to read": pipe[0], "pipe to write": pipe[1], "socket": keep(pair[0].detach()),
        "listening socket": keep(socket.socket(socket.AF_UNIX).detach()), "tcp": keep(socket.socket().detach()),
        "directory": keep(os.open("/", os.O_RDONLY)), "directory by path": keep(os.open("/", os.O_PATH)),
        "regular file": keep(os.open("/proc/self/exe", os.O_RDONLY)), "proc": keep(os.open("/proc/self/mem", os.O_RDWR)),
        "device": keep(os.open("/dev/zero", os.O_RDWR)), "epoll": keep(os.dup(epoll.fileno())),
        "eventfd": keep(os.eventfd(0)), "memfd by path": reopen(stage, memfd, os.O_PATH),
        "memfd to write only": reopen(stage, memfd, os.O_WRONLY), "pidfd": keep(os.pidfd_open(os.getpid())),
        "the connection itself": keep(os.dup(client.socket.fileno())),
    } | strange(stage)
    keep(pair[1].detach())
    for name, fd in bad.items():
        for whole in (True, False):
            one = {"length": PAGE, "source": FD}
            params = one if whole else {"ranges": [one]}
            field = "source.fd" if whole else "ranges[0].source.fd"
            try:
                stage.refused(client, "EINVAL", field, "ioas.map", fd, ioas=ioas, **params)
            except AssertionError as broken:
                raise type(broken)(f"{name}: {broken}") from None
    # The honest one beside a bad one takes nothing in either.
    ranges = [{"length": PAGE, "source": FD}, {"length": PAGE, "source": {"kind": "fd", "fd": 1}}]
    stage.refused(client, "EINVAL", "ranges[1].source.fd", "ioas.map", memfd, pipe[0], ioas=ioas, ranges=ranges)


@attack("descriptors that wait in close, let go in every way: the loop goes on")
def _(stage):
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    others = []

    def lingering():
        """A TCP connection whose last holder waits 5 s in close, since nobody reads what it has sent."""
        one = socket.create_connection(listener.getsockname())
        others.append(listener.accept()[0])
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 5))
        one.setblocking(False)
        try:
            while True:
                one.send(bytes(1 << 16))
        except BlockingIOError:
            return one

    def send(client, line, count):
        passed = [lingering() for _ in range(count)]
        client.send(line, [one.fileno() for one in passed])
        for one in passed:
            one.close()

    head = b'{"jsonrpc":"2.0","id":1,"method":"'
    lines = {
        "refused": head + b'ioas.map","params":{"ioas":1,"length":4096,"source":{"kind":"fd","fd":0}},"fds":2}\n',
        "not asked for": head + b'server.info","fds":2}\n',
        "of no method": head + b'no.such","fds":2}\n',
        "of no request": b'{"jsonrpc":"2.0","fds":2}\n',
        "broken": b"nonsense\n", "unclaimed": head + b'server.info"}\n',
        "too many": head + b'server.info","fds":1}\n', "unfinished": b"{",
    }
    for name, line in lines.items():
        client = stage.client()
        client.call("ioas.alloc")
        send(client, line, 2)
        if name != "unfinished":
            expect(client.line() is not None, f"{name}: no answer")
        client.close()
    # Never received: reading stops while answers are unread.
    client = stage.client()
    client.send((head + b'server.methods"}\n') * 100)
    send(client, head + b'server.info","fds":1}\n', 1)
    client.close()
    gap = stage.watch.call("server.stats")["totals"]["loop_gap"]
    expect(gap < 1_000_000, f"the loop was away for {gap} us")
    for one in others:
        one.close()
    listener.close()


def silent(stage):
    """A file of a file system that has fallen silent."""
    try:
        files = SilentFileSystem()
    except OSError as problem:
        raise Skipped(f"no FUSE here: {problem}") from None
    stage.leave(files.end)
    fd = os.open(files.path, os.O_RDWR)
    files.silence()
    return files, fd


@attack("files of a file system that does not answer: whoever asks or closes one waits for ever")
def _(stage):
    files, fd = silent(stage)
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    gap = stage.watch.call("server.stats")["totals"]["loop_gap"]
    # The first question is for seals, which the file system is not asked.
    for _ in range(20):
        stage.refused(client, "EINVAL", "source.fd", "ioas.map", fd, ioas=ioas, length=PAGE, source=FD)
    files.unanswered.acquire()
    client.send(b"nonsense\n", [fd] * 10)
    expect(client.line() is not None and client.closed(), "a broken line with descriptors")
    now = stage.watch.call("server.stats")["totals"]["loop_gap"]
    expect(now < max(gap, 1_000_000), f"the loop was away for {now} us")
    files.end()
    stage.left.remove(files.end)
    try:
        os.close(fd)
    except OSError:
        pass


def mapping_process(stage, fd):
    """A process that maps `fd`: its memory, and where it lies there. Not this process: whoever waits for a page of it
    holds what its other threads need."""
    near, far = socket.socketpair()
    child = os.fork()
    if child == 0:
        view = mmap.mmap(fd, PAGE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(view))
        socket.send_fds(far, [struct.pack("Q", address)], [os.open("/proc/self/mem", os.O_RDWR)])
        signal.pause()
        os._exit(0)

    def end():
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        near.close()
        far.close()

    stage.leave(end)
    data, [memory], _, _ = socket.recv_fds(near, 8, 1)
    return stage.keep(memory), struct.unpack("Q", data)[0]


@attack("memory of a process that does not answer: the worker is replaced, its user refused, and others go on")
def _(stage):
    files, fd = silent(stage)
    own, address = mapping_process(stage, fd)
    client, waiting = stage.client(), stage.client()
    waiting.call("context.open", name="stuck")
    ioas = waiting.call("ioas.alloc")["ioas"]
    source = {"kind": "process", "fd": 0, "address": address}
    iova = waiting.call("ioas.map", own, ioas=ioas, length=PAGE, source=source)["iova"]
    access = waiting.call("access.create", ioas=ioas, pins=False)["access"]
    waiting.request("access.read", {"access": access, "iova": iova, "length": 16})
    files.unanswered.acquire()
    end = time.monotonic() + 60
    while stage.state()["stuck_workers"] == 0:
        expect(time.monotonic() < end, "the worker is not missed")
        time.sleep(0.05)
    # What the loop does itself goes on, what needs a worker does not.
    space = client.call("ioas.alloc")["ioas"]
    device = client.call("device.bind")["device"]
    client.call("device.attach", device=device, to=space)
    memory = stage.memfd(1)
    small = client.call("ioas.map", memory, ioas=space, length=PAGE, source=FD)["iova"]
    stage.refused(client, "EAGAIN", None, "ioas.map", ioas=space, length=8 << 20, source={"kind": "new"})
    client.call("ioas.unmap", ioas=space, iova=small, length=PAGE)
    gap = stage.watch.call("server.stats")["totals"]["loop_gap"]
    expect(gap < 1_000_000, f"the loop was away for {gap} us")
    files.end()
    stage.left.remove(files.end)
    is_error(waiting.line(), "EFAULT")
    client.call("ioas.map", ioas=space, length=8 << 20, source={"kind": "new"})
    waiting.call("context.destroy", name="stuck")
    try:
        os.close(fd)
    except OSError:
        pass


@attack("maps past the end of the memory")
def _(stage):
    for device in (False, True):
        made = stage.mapped(pages=2, device=device)
        client, ioas, fd = made["client"], made["ioas"], made["fd"]
        for offset, length in ((0, 3), (PAGE, 2), (2 * PAGE, 1), (1 << 40, 1), (1 << 62, 1), ((1 << 64) - PAGE, 1)):
            source = {"kind": "fd", "fd": 0, "offset": offset}
            code = "EINVAL" if offset < 1 << 63 else ("EINVAL", "EOVERFLOW")
            for again in (source, {"kind": "memory", "memory": made["memory"], "offset": offset}):
                fds = [fd] if again is source else []
                answer = client.answer("ioas.map", *fds, ioas=ioas, length=length * PAGE, source=again)
                if isinstance(code, tuple):
                    expect(answer["error"]["data"]["errno"] in code, f"{answer}")
                else:
                    is_error(answer, code, "length")
                stage.refused(client, answer["error"]["data"]["errno"], None, "ioas.map", *fds, ioas=ioas,
                              length=length * PAGE, source=again)
        empty = stage.memfd(0)
        stage.refused(client, "EINVAL", "length", "ioas.map", empty, ioas=ioas, length=PAGE, source=FD)
        odd = stage.memfd(1.5)
        stage.refused(client, "EINVAL", "length", "ioas.map", odd, ioas=ioas, length=2 * PAGE, source=FD)
        huge = stage.memfd(1, fill=False)
        os.truncate(huge, (1 << 63) - PAGE)
        stage.refused(client, "EDQUOT", "source.fd", "ioas.map", huge, ioas=ioas, length=PAGE, source=FD)
        # What has become shorter since it was first seen has its present size.
        os.truncate(fd, PAGE)
        stage.refused(client, "EINVAL", "length", "ioas.map", fd, ioas=ioas, length=2 * PAGE, source=FD)
        # And what has grown, too.
        os.truncate(fd, 8 * PAGE)
        os.pwrite(fd, b"x" * 8 * PAGE, 0)
        client.call("ioas.map", fd, ioas=ioas, length=8 * PAGE, source=FD)


@attack("memory truncated under a mapping")
def _(stage):
    for device in (False, True):
        made = stage.mapped(pages=32, device=device)
        client, access, iova = made["client"], made["access"], made["iova"]
        os.truncate(made["fd"], PAGE)
        expect(len(read(client, access, iova, PAGE)) == PAGE, "what is left cannot be read")
        data = base64.b64encode(b"y" * 2 * PAGE).decode()
        for length in (2 * PAGE, 16 * PAGE):
            stage.refused(client, "EFAULT", None, "access.read", access=access, iova=iova, length=length)
        stage.refused(client, "EFAULT", None, "access.write", access=access, iova=iova, data=data)
        if device:
            stage.refused(client, "EFAULT", None, "device.dma_read", device=made["device"], iova=iova, length=16 * PAGE)
            stage.refused(client, "EFAULT", None, "device.dma_write", device=made["device"], iova=iova, data=data)
        else:
            stage.refused(client, "EFAULT", None, "access.pin", access=access, iova=iova, length=32 * PAGE)
            other = client.call("device.bind")["device"]
            stage.refused(client, "EFAULT", None, "device.attach", device=other, to=made["ioas"])
        os.truncate(made["fd"], 0)
        stage.refused(client, "EFAULT", None, "access.read", access=access, iova=iova, length=1)
        client.call("ioas.unmap", ioas=made["ioas"], all=True)


@attack("memory with holes: nothing is filled")
def _(stage):
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    fd = stage.memfd(1024, fill=False)
    os.pwrite(fd, b"z" * PAGE, 0)
    blocks = os.fstat(fd).st_blocks
    iova = client.call("ioas.map", fd, ioas=ioas, length=1024 * PAGE, source=FD)["iova"]
    access = client.call("access.create", ioas=ioas, pins=True)["access"]
    pin = {"access": access, "iova": iova}
    error = stage.refused(client, "EFAULT", None, "access.pin", **pin, length=1024 * PAGE)
    expect("populate" in error["message"], f"no advice: {error}")
    data = base64.b64encode(b"w" * 100).decode()
    stage.refused(client, "EFAULT", None, "access.write", access=access, iova=int(iova, 16) + 7 * PAGE, data=data)
    stage.refused(client, "EFAULT", None, "access.write", access=access, iova=int(iova, 16) + PAGE - 50, data=data)
    expect(os.pread(fd, PAGE, 0) == b"z" * PAGE, "a refused write has written")
    expect(read(client, access, iova, 16 * PAGE) == b"z" * PAGE + bytes(15 * PAGE), "holes do not read as zeroes")
    device = client.call("device.bind")["device"]
    error = stage.refused(client, "EFAULT", None, "device.attach", device=device, to=ioas)
    expect("populate" in error["message"], f"no advice: {error}")
    expect(os.fstat(fd).st_blocks == blocks, "a hole was filled")
    first = client.call("access.pin", **pin, length=PAGE)["pin"]
    client.call("access.unpin", access=access, pin=first)
    client.call("ioas.unmap", ioas=ioas, all=True)
    client.call("device.attach", device=device, to=ioas)
    error = stage.refused(client, "EFAULT", "source", "ioas.map", fd, ioas=ioas, length=1024 * PAGE, source=FD)
    expect("populate" in error["message"], f"no advice: {error}")
    expect(os.fstat(fd).st_blocks == blocks, "a hole was filled")


@attack("rights: sealed and read-only memory is never written")
def _(stage):
    for kind in ("sealed", "future", "read-only"):
        seals = {"sealed": F_SEAL_WRITE, "future": F_SEAL_FUTURE_WRITE, "read-only": 0}[kind]
        fd = stage.memfd(4, seals=seals)
        if kind == "read-only":
            fd = reopen(stage, fd, os.O_RDONLY)
        text = os.pread(fd, 4 * PAGE, 0)
        client = stage.client()
        ioas = client.call("ioas.alloc")["ioas"]
        device = client.call("device.bind")["device"]
        client.call("device.attach", device=device, to=ioas)
        whole = {"ioas": ioas, "length": 4 * PAGE, "source": FD}
        stage.refused(client, "EPERM", "write", "ioas.map", fd, **whole, write=True)
        stage.refused(client, "EINVAL", "read", "ioas.map", fd, **whole, read=False, write=False)
        made = client.call("ioas.map", fd, **whole)
        iova, memory = made["iova"], made["memory"]
        again = {"ioas": ioas, "length": PAGE, "source": {"kind": "memory", "memory": memory}}
        stage.refused(client, "EPERM", "write", "ioas.map", **again, write=True)
        access = client.call("access.create", ioas=ioas, pins=True)["access"]
        data = base64.b64encode(b"evil").decode()
        stage.refused(client, "EPERM", None, "access.write", access=access, iova=iova, data=data)
        stage.refused(client, "EPERM", "write", "access.pin", access=access, iova=iova, length=PAGE, write=True)
        stage.refused(client, "EFAULT", None, "device.dma_write", device=device, iova=iova, data=data)
        stage.refused(client, "EPERM", "write", "memory.open", memory=memory, write=True)
        client.call("access.pin", access=access, iova=iova, length=PAGE)
        expect(client.call("memory.open", memory=memory, write=False)["write"] is False, "a right is promised")
        [opened] = client.take()
        stage.keep(opened)
        try:
            os.pwrite(opened, b"evil", 0)
            expect(False, "the answered descriptor writes")
        except (PermissionError, OSError):
            pass
        expect(os.pread(fd, 4 * PAGE, 0) == text, "the memory was written")
        # A mapping that may not be read.
        if kind == "read-only":
            writable = stage.memfd(1)
            place = client.call("ioas.map", writable, ioas=ioas, length=PAGE, source=FD, read=False)["iova"]
            stage.refused(client, "EPERM", "iova", "access.read", access=access, iova=place, length=1)
            stage.refused(client, "EFAULT", "iova", "device.dma_read", device=device, iova=place, length=1)


@attack("one file through two descriptors: each has its own right")
def _(stage):
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    both = stage.memfd(2)
    weak = reopen(stage, both, os.O_RDONLY)
    whole = {"ioas": ioas, "length": PAGE, "source": FD}
    client.call("ioas.map", both, **whole, write=True)
    stage.refused(client, "EPERM", "write", "ioas.map", weak, **whole, write=True)
    client.call("ioas.unmap", ioas=ioas, all=True)
    client.call("ioas.map", weak, **whole)
    stage.refused(client, "EPERM", "write", "ioas.map", weak, **whole, write=True)
    made = client.call("ioas.map", both, **whole, write=True)
    client.call("memory.open", memory=made["memory"], write=True)
    expect(len(client.objects()) == 4, f"one file is one memory: {client.objects()}")


@attack("memory that the daemon makes holds its seals and is nobody else's to reopen")
def _(stage):
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    made = client.call("ioas.map", ioas=ioas, length=2 * PAGE, source={"kind": "new"})
    [fd] = client.take()
    stage.keep(fd)
    seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    expect(seals & (F_SEAL_SHRINK | F_SEAL_GROW) == F_SEAL_SHRINK | F_SEAL_GROW, f"seals {seals}")
    expect(os.fstat(fd).st_mode & 0o777 == 0o600, "its mode lets others in")
    client.call("memory.open", memory=made["memory"], write=False)
    [weak] = client.take()
    stage.keep(weak)
    expect(fcntl.fcntl(weak, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY, "a read-only descriptor writes")
    try:
        mmap.mmap(weak, PAGE, prot=mmap.PROT_WRITE, flags=mmap.MAP_SHARED)
        expect(False, "a read-only descriptor is mapped for writing")
    except PermissionError:
        pass
    # Huge pages, where the machine has none to give.
    source = {"kind": "new", "hugepages": "2M"}
    answer = client.answer("ioas.map", ioas=ioas, length=1 << 21, source=source)
    if "error" in answer:
        is_error(answer, "ENOMEM", "source.hugepages")
        stage.refused(client, "ENOMEM", "source.hugepages", "ioas.map", ioas=ioas, length=1 << 21, source=source)
    stage.refused(client, "EINVAL", "share", "ioas.map", ioas=ioas, length=PAGE, share="whole",
                  source={"kind": "memory", "memory": made["memory"]})
    ranges = [{"length": PAGE, "source": {"kind": "new"}}] * 17
    stage.refused(client, "EINVAL", "ranges[16].source", "ioas.map", ioas=ioas, ranges=ranges)
    stage.refused(client, ("ENOMEM"), None, "ioas.map", ioas=ioas, length=1 << 36, source={"kind": "new"})
    stage.refused(client, ("EDQUOT"), None, "ioas.map", ioas=ioas, length=1 << 50, source={"kind": "new"})


@attack("a pinned memory cannot be sealed, and can be when the pin is gone")
def _(stage):
    made = stage.mapped(pages=4, device=False)
    client = made["client"]
    pin = client.call("access.pin", access=made["access"], iova=made["iova"], length=4 * PAGE, write=True)["pin"]
    pinned = stage.kernel()["VmPin"] + stage.kernel()["VmLck"]
    try:
        fcntl.fcntl(made["fd"], fcntl.F_ADD_SEALS, F_SEAL_WRITE)
        expect(False, "pinned for writing, and sealed")
    except OSError:
        pass
    client.call("access.unpin", access=made["access"], pin=pin)
    now = stage.kernel()["VmPin"] + stage.kernel()["VmLck"]
    expect(pinned - now == 16, f"unpinning 16 KiB changed {pinned} to {now} KiB")


@attack("memory that shrinks, grows and gets holes while it is used")
def _(stage):
    import ctypes
    import threading

    libc = ctypes.CDLL(None, use_errno=True)
    punch = lambda fd, first, size: libc.fallocate(fd, 3, ctypes.c_long(first), ctypes.c_long(size))
    for device in (False, True):
        made = stage.mapped(pages=64, device=device)
        client, fd, stop = made["client"], made["fd"], threading.Event()
        other = stage.client()

        def change():
            while not stop.is_set():
                os.truncate(fd, 0)
                os.truncate(fd, 64 * PAGE)
                os.pwrite(fd, b"q" * 64 * PAGE, 0)
                punch(fd, 8 * PAGE, 16 * PAGE)

        thread = threading.Thread(target=change)
        thread.start()
        try:
            data = base64.b64encode(b"r" * 16 * PAGE).decode()
            for _ in range(12):
                asked = [
                    ("access.read", {"length": 16 * PAGE}), ("access.write", {"data": data}),
                    ("access.pin", {"length": 64 * PAGE, "write": True}),
                ]
                for method, params in asked:
                    client.request(method, {"access": made["access"], "iova": made["iova"]} | params)
                for _ in asked:
                    answer = client.line()
                    if "error" in answer:
                        is_error(answer, "EFAULT")
                if device:
                    answer = client.answer("device.dma_write", device=made["device"], iova=made["iova"], data=data)
                    if "error" in answer:
                        is_error(answer, "EFAULT")
                other.answer("ioas.alloc")
                answer = other.answer("ioas.map", fd, ioas=1, length=64 * PAGE, source=FD)
                if "error" in answer:
                    is_error(answer, "EINVAL", "length")
        finally:
            stop.set()
            thread.join()
        # A hole in pinned memory is seen as what it is, and the pins go.
        punch(fd, 0, 64 * PAGE)
        expect(read(client, made["access"], made["iova"], 16 * PAGE) == bytes(16 * PAGE), "a hole is no zeroes")
        stage.refused(client, "EFAULT", None, "access.write", access=made["access"], iova=made["iova"], data=data)
        client.call("object.destroy", id=made["access"])
        client.call("ioas.unmap", ioas=made["ioas"], all=True)
