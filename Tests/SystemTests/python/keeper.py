# SPDX-License-Identifier: Apache-2.0
"""Plays systemd for one daemon: hands it a listening socket, hears what it says, keeps its descriptors while it is
dead, and starts it anew. It is as strict as systemd is, and stricter where systemd would drop something silently."""

import array
import fcntl
import os
import select
import signal
import socket
import stat
import time

STORE_MAX = 512


class Odd(AssertionError):
    """The daemon told its service manager something that it must not."""


class Keeper:
    def __init__(self, binary, folder, arguments=(), environment=None, errors=None):
        self.binary, self.arguments, self.errors = binary, list(arguments), errors
        self.environment = dict(os.environ if environment is None else environment)
        self.path = f"{folder}/user.sock"
        self.listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listening.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listening.listen(128)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(f"{folder}/notify")
        self.notify.setblocking(False)
        self.kept = {}  # name: descriptor
        self.barriers = self.most = self.starts = 0
        self.said = []
        self.pid = self.pidfd = None
        self.is_ready = False

    # -- the process

    def start(self):
        """Starts the daemon with the socket and all that is kept."""
        self.is_ready = False
        self.starts += 1
        handed = [("user", self.listening.fileno())] + list(self.kept.items())
        environment = self.environment | {
            "LISTEN_FDS": str(len(handed)),
            "LISTEN_FDNAMES": ":".join(name for name, _ in handed),
            "NOTIFY_SOCKET": self.notify.getsockname(),
        }
        self.pid = os.fork()
        if self.pid == 0:
            try:
                environment["LISTEN_PID"] = str(os.getpid())
                if self.errors is not None:
                    os.dup2(self.errors, 2)
                # Out of the way of the places that they get, before the first gets its own.
                base = max([3 + len(handed), *(descriptor + 1 for _, descriptor in handed)])
                high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, base) for _, descriptor in handed]
                for place, descriptor in enumerate(high):
                    os.dup2(descriptor, 3 + place)
                os.closerange(3 + len(handed), max(high) + 1)
                os.execve(self.binary, [self.binary] + self.arguments, environment)
            except OSError as error:
                os.write(2, f"keeper: {error}\n".encode())
            finally:
                os._exit(127)
        self.pidfd = os.pidfd_open(self.pid)

    def kill(self, number=signal.SIGKILL):
        """Ends the daemon by a signal, and hears what it said last. Answers its wait status."""
        os.kill(self.pid, number)
        return self.bury()

    def bury(self):
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pidfd)
        self.pid = self.pidfd = None
        self.hear()
        return status

    def close(self):
        """Forgets everything. The daemon is dead."""
        for descriptor in self.kept.values():
            os.close(descriptor)
        self.kept = {}
        self.listening.close()
        self.notify.close()

    def has_ended(self):
        return bool(select.select([self.pidfd], [], [], 0)[0])

    def wait(self, seconds, until=lambda: False, also=()):
        """Hears what the daemon says for so long, or until something holds, or it ends, or another is readable."""
        deadline = time.monotonic() + seconds
        while not until():
            left = deadline - time.monotonic()
            if left <= 0:
                return
            ready = select.select([self.notify, self.pidfd, *also], [], [], left)[0]
            self.hear()
            if self.pidfd in ready or any(other in ready for other in also):
                return

    # -- what it says

    def hear(self):
        while True:
            try:
                data, control, _, _ = self.notify.recvmsg(4096, socket.CMSG_SPACE(4 * 16))
            except BlockingIOError:
                return
            descriptors = array.array("i")
            for level, kind, content in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    descriptors.frombytes(content[: len(content) // 4 * 4])
            self.take(data.decode(), list(descriptors))

    def take(self, text, descriptors):
        fields = dict(line.split("=", 1) for line in text.split("\n"))
        if "READY" in fields:
            self.is_ready = True
        if "BARRIER" in fields:
            if text != "BARRIER=1" or len(descriptors) != 1:
                raise Odd(f"no barrier: {text!r} with {len(descriptors)} descriptors")
            self.barriers += 1
        elif "FDSTORE" in fields:
            name = fields.get("FDNAME", "")
            if len(descriptors) != 1 or not 0 < len(name) <= 12 or fields.get("FDPOLL") != "0":
                raise Odd(f"stored badly: {text!r} with {len(descriptors)} descriptors")
            if name in self.kept:
                raise Odd(f"{name} is stored twice")
            new = self.identity(descriptors[0])
            for other, descriptor in self.kept.items():
                if self.identity(descriptor) == new:
                    raise Odd(f"{name} is what {other} is: systemd would drop it silently")
            self.kept[name] = descriptors.pop()
            self.most = max(self.most, len(self.kept))
            if len(self.kept) > STORE_MAX:
                raise Odd("more is stored than is kept")
        elif "FDSTOREREMOVE" in fields:
            name = fields.get("FDNAME", "")
            if name not in self.kept:
                raise Odd(f"{name} is removed and was not there")
            os.close(self.kept.pop(name))
        for descriptor in descriptors:
            os.close(descriptor)

    @staticmethod
    def identity(descriptor):
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise Odd("something else than a file is stored")
        return facts.st_dev, facts.st_ino, fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
