# SPDX-License-Identifier: Apache-2.0
"""kill_points.py --daemon PATH [--all] [--seed N] [--at POINT:N]: kills a daemon at every place where that could lose
something, one after the other: between the parts of a record, between two pieces of a log that is written anew, between
both logs in the store, while it comes back. PATH is a debug build, which kills itself at such a place
(Sources/Daemon/StateLog/FaultPoint.swift).

A script of requests that is always the same changes a persistent context in every way, and at last destroys it. For
each place and n = 1, 2, ... it is played until the daemon is killed there for the n-th time. The next daemon is killed
once more, at some place while it brings the context back. With the one after that everything acknowledged is there, of what
was not a beginning and nothing half, what is sent again is done once, and nothing is kept that is not needed.

Without --all, only some n of the places that are reached often."""

import argparse
import os
import random
import select
import shutil
import signal
import sys
import tempfile
import time

from keeper import Keeper, Odd
from soak import PATIENCE, Connection, Lost, Soaker, Wrong
from soak_model import PAGE, Request, number

BURSTS = 210
# Where now and then are more areas than go into one piece of a log that is written anew.
FAR = [(1 << 44) + 2 * index * PAGE for index in range(300)]
# How many of the last requests are sent once more although they were answered.
AGAIN = 8
# Kills at one place without --all.
SAMPLE = 6


class Still:
    """In place of the board of a soak: nobody kills but the daemon itself."""

    @staticmethod
    def read():
        return 0, 0.0, 0


class HeardConnection(Connection):
    """The keeper hears the daemon while its answers are waited for."""

    def __init__(self, keeper):
        self.keeper = keeper
        super().__init__(keeper.path)

    def wait(self):
        self.keeper.wait(PATIENCE, also=[self.socket])
        if not select.select([self.socket], [], [], 0)[0]:
            if self.keeper.has_ended():
                raise Lost
            raise TimeoutError


class Player(Soaker):
    """Plays the script."""

    def __init__(self, keeper, seed):
        super().__init__(0, keeper.path, seed, Still, None)
        self.keeper, self.step, self.last = keeper, 0, []
        self.is_destroyed = self.may_be_destroyed = False

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        for file in self.files:
            os.close(file)

    def connect(self):
        return HeardConnection(self.keeper)

    def tell(self, **what):
        pass

    def took(self, request, result):
        self.last = (self.last + [(request, result)])[-AGAIN:]

    def play(self, until=BURSTS):
        while self.step < until:
            self.step += 1
            if self.step > 150 and self.step % 2 == 0:
                self.unmap_many()
                self.map_many()
            else:
                self.burst()

    def map_many(self):
        """So that the log is soon full, and areas take more than one piece of another."""
        space = max(self.model.spaces, default=None)
        memory = max(self.model.memories, default=None)
        if space is None or memory is None:
            return
        ranges = [
            {"iova": hex(iova), "length": PAGE, "source": {"kind": "memory", "memory": memory}} for iova in FAR
        ]

        def apply(model, result):
            for iova, got in zip(result["iovas"], result["memories"]):
                model.spaces[space][number(iova)] = (PAGE, got, 0)

        self.do(Request("ioas.map", {"ioas": space, "ranges": ranges}, {space, memory}, apply))

    def unmap_many(self):
        for space, areas in self.model.spaces.items():
            if FAR[0] in areas:
                length = FAR[-1] + PAGE - FAR[0]

                def apply(model, result, space=space):
                    for iova in FAR:
                        model.spaces[space].pop(iova, None)
                    model.forget_memories()

                ranges = [{"iova": hex(FAR[0]), "length": length}]
                self.do(Request("ioas.unmap", {"ioas": space, "ranges": ranges}, {space}, apply))

    def next_key(self):
        """As long as one may be, so that the log is soon full."""
        return super().next_key().ljust(64, ".")

    def do(self, request):
        request.key = self.next_key()
        self.pending = [request]
        self.settle(self.model)

    def destroy(self):
        self.may_be_destroyed = True
        self.connection.call("context.destroy", name="soak-0")
        self.is_destroyed = True

    def find(self):
        """After a restart: all is there that has to be, and nothing else is kept."""
        if self.may_be_destroyed:
            self.connection = self.connect()
            opened = self.connection.call("context.open", name="soak-0", persist=True, client="client-0")
            if not opened["created"] and self.is_destroyed:
                raise Wrong("a context that was destroyed is there again")
            if opened["created"]:
                # From here on it is an empty one, and stays for as long as this connection does.
                self.expect_kept(0)
                return
            self.connection.close()
        self.reconnect()
        self.once_more()
        self.expect_kept(len(self.model.memories))

    def once_more(self):
        for request, result in self.last:
            descriptors = request.make_descriptors() if request.make_descriptors else ()
            sent = self.connection.send(request.method, request.params, request.key, descriptors)
            if (again := self.connection.answer(sent)) != result:
                raise Wrong(f"{request.method} {request.params} was answered {result}, and now {again}")
        self.look()

    def expect_kept(self, memories):
        def counts():
            logs = sum(name.startswith("l") for name in self.keeper.kept)
            return logs, len(self.keeper.kept) - logs

        self.keeper.wait(PATIENCE, until=lambda: counts() == (1, memories))
        if counts() != (1, memories):
            if self.keeper.has_ended():
                raise Lost
            raise Wrong(f"of one log and {memories} memories {counts()} are kept")


class Stage:
    """A service manager of its own for each time that the script is played."""

    def __init__(self, options):
        self.options = options
        self.kills = 0

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="iommud-kill-points.")
        self.errors = os.open(f"{self.folder}/errors", os.O_RDWR | os.O_CREAT | os.O_APPEND)
        self.keeper = Keeper(self.options.daemon, self.folder, errors=self.errors)
        self.player = Player(self.keeper, self.options.seed)
        return self

    def __exit__(self, *_):
        if self.keeper.pid is not None:
            self.keeper.kill()
        self.player.close()
        self.keeper.close()
        os.close(self.errors)
        shutil.rmtree(self.folder)

    def start(self, fault=None):
        self.keeper.environment.pop("IOMMUD_FAULT", None)
        if fault is not None:
            self.keeper.environment["IOMMUD_FAULT"] = fault
        self.keeper.start()

    def disconnect(self):
        if self.player.connection is not None:
            self.player.connection.close()
            self.player.connection = None

    def try_(self, *acts):
        """Whether the daemon lived through all of them."""
        try:
            for act in acts:
                act()
            return True
        except Lost:
            self.disconnect()
            status = self.keeper.bury()
            if status != signal.SIGKILL:
                raise Wrong(f"the daemon ended by itself: status {status}") from None
            self.kills += 1
            return False

    def restart(self):
        self.disconnect()
        self.keeper.kill()
        self.start()

    def reached(self):
        """The names of the places that were reached since this was asked last, in order."""
        lines = os.pread(self.errors, os.fstat(self.errors).st_size, 0).decode(errors="replace").splitlines()
        os.ftruncate(self.errors, 0)
        return [line.removeprefix("fault point ") for line in lines if line.startswith("fault point ")]

    def journal(self):
        return os.pread(self.errors, 1 << 20, 0).decode(errors="replace")


def count(names):
    return {name: names.count(name) for name in sorted(set(names))}


def census(options):
    """How often each place is reached while the script is played, and while a daemon brings its context back."""
    with Stage(options) as stage:
        player = stage.player
        stage.start("list")
        player.reconnect()
        player.play()
        stage.keeper.kill()
        played = stage.reached()
        player.connection.close()
        stage.start("list")
        player.find()
        back = stage.reached()
        player.destroy()
        stage.keeper.kill()
        return count(played + stage.reached()), count(back)


def kill_at(options, fault, second):
    """Plays the script with a daemon that is killed at `fault`, and one after that which is killed at `second`.
    Answers how many daemons were killed so: none where the place was not reached, since requests that run at the same
    time may now and then share a record."""
    with Stage(options) as stage:
        player = stage.player
        try:
            stage.start(fault)
            if stage.try_(player.reconnect, player.play, player.destroy):
                return 0
            stage.start(second)
            if not stage.try_(player.find):
                stage.start()
                player.find()
            # What is written behind that comes back as well.
            if player.connection is not None and not player.may_be_destroyed:
                if not stage.try_(lambda: player.play(until=player.step + 4)):
                    stage.start()
                    player.find()
                stage.restart()
                player.find()
            return stage.kills
        except (Wrong, Odd, TimeoutError) as wrong:
            sys.exit(
                f"kill points: FAILED at {fault}, then {second} (seed {options.seed}): {wrong!r}\n{stage.journal()}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--daemon", required=True)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--at", help="one place only, as committed:17, or committed:17,building:2")
    options = parser.parse_args()
    if options.at:
        kill_at(options, *(options.at.split(",") + [None])[:2])
        return
    began = time.monotonic()
    played, back = census(options)
    print(f"kill points: the script reaches {played}, coming back {back}", flush=True)
    for name in ("appended", "committed", "complete", "piece", "stored", "succeeded", "sent", "removing"):
        if name not in played:
            sys.exit(f"kill points: FAILED: the script does not reach {name}; is it a debug build?")
    for name in ("building", "repinning", "returned"):
        if name not in back:
            sys.exit(f"kill points: FAILED: a daemon that brings a context back does not reach {name}")
    # Each of them in turn, the last ones too.
    seconds = [f"{name}:{n}" for name, times in back.items() for n in range(1, times + 1)]
    seconds += ["removing:1", "removing:2", "appended:1", "committed:1"]
    kills = places = missed = 0
    for name, times in played.items():
        stride = 1 if options.all else max(1, times // SAMPLE)
        for n in range(1 + random.Random(f"{options.seed}/{name}").randrange(stride), times + 1, stride):
            killed = kill_at(options, f"{name}:{n}", seconds[places % len(seconds)])
            kills, places, missed = kills + killed, places + 1, missed + (killed == 0)
    if missed > places // 10:
        sys.exit(f"kill points: FAILED: {missed} of {places} places were not reached")
    print(
        f"kill points: {places - missed} of {sum(played.values())} places, {kills} daemons killed there and on the way back, "
        f"nothing lost, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
