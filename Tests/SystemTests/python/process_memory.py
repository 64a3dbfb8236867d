# SPDX-License-Identifier: Apache-2.0
"""process_memory.py SOCKET: what a process does to memory that it lets a running iommud read and write."""

import ctypes
import mmap
import os
import subprocess
import sys

from hostile_kit import PAGE, Client, expect


def own_memory():
    """This process's memory, as only it opens it itself."""
    return os.open("/proc/self/mem", os.O_RDWR)


def address(area):
    return ctypes.addressof(ctypes.c_char.from_buffer(area))


class View:
    """An address space with a stretch of a process in it."""

    def __init__(self, path, memory, address, length):
        self.client = Client(path)
        self.ioas = self.client.call("ioas.alloc")["ioas"]
        device = self.client.call("device.bind")["device"]
        self.client.call("device.attach", device=device, to=self.ioas)
        source = {"kind": "process", "fd": 0, "address": address}
        self.base = int(
            self.client.call("ioas.map", memory, ioas=self.ioas, length=length, source=source)["iova"], 16
        )
        self.access = self.client.call("access.create", ioas=self.ioas, pins=True)["access"]

    def read(self, offset, length):
        return self.client.answer("access.read", access=self.access, iova=self.base + offset, length=length)

    def sees(self, offset, byte):
        # b"x" is "eA==" in base64.
        answer = self.read(offset, 1)
        expect(answer.get("result") == {"data": {b"x": "eA==", b"y": "eQ=="}[byte]}, f"{byte}: {answer}")

    def faults(self, offset=0):
        answer = self.read(offset, 1)
        expect(answer.get("error", {}).get("data", {}).get("errno") == "EFAULT", f"no fault: {answer}")


def fork(path):
    """A child has pages of its own; the descriptor stays with the parent's."""
    area = mmap.mmap(-1, 2 * PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    area[0] = ord("x")
    view = View(path, own_memory(), address(area), 2 * PAGE)
    child = os.fork()
    if child == 0:
        area[0] = ord("y")
        os._exit(0)
    os.waitpid(child, 0)
    view.sees(0, b"x")
    area[0] = ord("y")
    view.sees(0, b"y")


def unmap(path):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    base = libc.mmap(None, 2 * PAGE, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    ctypes.memset(base, ord("x"), 2 * PAGE)
    view = View(path, own_memory(), base, 2 * PAGE)
    libc.munmap(base + PAGE, PAGE)
    view.sees(0, b"x")
    view.faults(PAGE)


def child_that(does):
    """A Python process that prints where a page of it lies, waits for a line, and then `does` what is said."""
    code = f"""
import ctypes, mmap, os, sys
area = mmap.mmap(-1, {PAGE}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
area[0] = ord("x")
print(ctypes.addressof(ctypes.c_char.from_buffer(area)), os.open("/proc/self/mem", os.O_RDWR), flush=True)
sys.stdin.readline()
{does}
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    where, number = map(int, child.stdout.readline().split())
    # The descriptor that the child opened, not one that this process would get by opening its memory.
    pidfd = os.pidfd_open(child.pid)
    libc = ctypes.CDLL(None, use_errno=True)
    memory = libc.syscall(438, pidfd, number, 0)  # pidfd_getfd, the same number everywhere
    os.close(pidfd)
    expect(memory >= 0, f"pidfd_getfd: {os.strerror(ctypes.get_errno())}")
    return child, memory, where


def exec_(path):
    child, memory, where = child_that("print('now', flush=True); os.execv('/bin/sh', ['sh', '-c', 'echo done; cat'])")
    view = View(path, memory, where, PAGE)
    view.sees(0, b"x")
    child.stdin.write("\n")
    child.stdin.flush()
    expect(child.stdout.readline() == "now\n" and child.stdout.readline() == "done\n", "the child did not exec")
    view.faults()
    expect(child.poll() is None, "the process should go on")
    child.stdin.close()
    child.wait()


def exit_(path):
    child, memory, where = child_that("")
    view = View(path, memory, where, PAGE)
    view.sees(0, b"x")
    child.communicate("\n")
    view.faults()
    # What is left is unmapped like anything else.
    view.client.call("ioas.unmap", ioas=view.ioas, all=True)


for story in [fork, unmap, exec_, exit_]:
    story(sys.argv[1])
    Client(sys.argv[1]).call("server.info")
print("process memory: ok")
