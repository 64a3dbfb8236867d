# SPDX-License-Identifier: Apache-2.0
"""A file system that answers until it is told to be silent: whoever then reads one of its files, or closes one,
waits for ever. Needs root and /dev/fuse."""

import ctypes
import os
import struct
import tempfile
import threading

LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT = 1, 2, 3, 14, 15, 18, 25, 26
LIBC = ctypes.CDLL(None, use_errno=True)
SIZE = 1 << 20


class SilentFileSystem:
    """`path` is its one file. `silence()` and it answers nothing more; `end()` fails all that waits."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="iommud-fuse.")
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
        if LIBC.mount(b"silent", self.folder.encode(), b"fuse", 6, options):
            number = ctypes.get_errno()
            os.close(self.device)
            os.rmdir(self.folder)
            raise OSError(number, "mount")
        self.path = f"{self.folder}/file"
        self.is_silent = threading.Event()
        self.unanswered = threading.Semaphore(0)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def silence(self):
        self.is_silent.set()

    def end(self):
        # Lazily, and by force: what waits gets an error.
        LIBC.umount2(self.folder.encode(), 1 | 2)
        os.close(self.device)
        os.rmdir(self.folder)

    def attributes(self, node):
        mode, links = (0o040755, 2) if node == 1 else (0o100666, 1)
        size = 0 if node == 1 else SIZE
        return struct.pack("<6Q10I", node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, links, 0, 0, 0, 4096, 0)

    def serve(self):
        while True:
            try:
                request = os.read(self.device, 1 << 17)
            except OSError:
                return
            _, code, unique, node = struct.unpack_from("<IIQQ", request)
            if code == FORGET:
                continue
            if code not in (LOOKUP, GETATTR, OPEN, INIT, FLUSH, RELEASE) or self.is_silent.is_set():
                self.unanswered.release()
                continue
            answer = b""
            if code == INIT:
                answer = struct.pack("<IIIIHHIIHH8I", 7, 31, 1 << 17, 0, 12, 10, 1 << 16, 1, 0, 0, *[0] * 8)[:64]
            elif code == LOOKUP:
                answer = struct.pack("<QQQQII", 2, 0, 3600, 3600, 0, 0) + self.attributes(2)
            elif code == GETATTR:
                answer = struct.pack("<QII", 0, 0, 0) + self.attributes(node)
            elif code == OPEN:
                answer = struct.pack("<QII", 1, 0, 0)
            try:
                os.write(self.device, struct.pack("<IiQ", 16 + len(answer), 0, unique) + answer)
            except OSError:
                return
