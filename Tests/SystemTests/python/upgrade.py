# SPDX-License-Identifier: Apache-2.0
"""upgrade.py INSTALLED OTHER [--restarts N] [--seed N]: restarts the service under the system's service manager, each
time with the other one of two programs in its place, as an upgrade and a downgrade do, while four clients change
persistent contexts of their own as fast as they can (soak.py). As root, in the group that may use the socket."""

import argparse
import os
import random
import select
import shutil
import subprocess
import sys

from soak import Soak, Wrong


class Unit:
    """The service manager, in the place of a keeper."""

    path = "/run/iommud/user.sock"
    pid = None
    most = 0

    def __init__(self, installed, other):
        self.installed, self.programs = installed, [f"{installed}.old", f"{installed}.new"]
        shutil.copy2(installed, self.programs[0])
        shutil.copy2(other, self.programs[1])
        self.starts = 0

    @staticmethod
    def show(name):
        command = ["systemctl", "show", "--property", name, "--value", "iommud.service"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def kill(self):
        """A restart does that."""

    def start(self):
        if self.starts > 0:
            # As install does it: another file takes the name.
            shutil.copy2(self.programs[self.starts % 2], f"{self.installed}.next")
            os.rename(f"{self.installed}.next", self.installed)
            subprocess.run(["systemctl", "restart", "iommud.service"], check=True)
            with open(f"/proc/{self.show('MainPID')}/exe", "rb") as running, open(self.installed, "rb") as wanted:
                if os.fstat(running.fileno()).st_size != os.fstat(wanted.fileno()).st_size:
                    raise Wrong("the service runs another program than the one that is installed")
        self.starts += 1

    def wait(self, seconds, until=lambda: False, also=()):
        if not until():
            select.select(also, [], [], seconds)

    def end(self):
        os.rename(self.programs[0], self.installed)
        os.unlink(self.programs[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("installed")
    parser.add_argument("other")
    parser.add_argument("--restarts", dest="kills", type=int, default=8)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    unit = Unit(options.installed, options.other)
    soak = Soak(options, unit)
    try:
        soak.run()
    except Wrong as wrong:
        sys.exit(f"upgrade: FAILED (seed {options.seed}): {wrong}")
    finally:
        soak.end()
        unit.end()


if __name__ == "__main__":
    main()
