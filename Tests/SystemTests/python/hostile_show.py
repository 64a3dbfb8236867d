# SPDX-License-Identifier: Apache-2.0
"""Makes the attacks of the table on a stage, one after the other, and says what came of each and of all."""

import time

from hostile_kit import ATTACKS, Broken, Client, Good, Skipped, expect

# Microseconds: 50 ms, and slack for a debug build on a machine that runs all other tests beside it.
LONGEST_GAP = 1_000_000
# Kilobytes that may be resident at the end besides what was at the beginning: heaps do not shrink to what is in use, and
# a worker's stack stays. Hundreds of attacks that each leave something would show.
GROWTH = 96 << 10


def warm(stage):
    """Has the daemon make what it makes once: threads, rings."""
    made = stage.mapped()
    made["client"].call("ioas.map", ioas=made["ioas"], length=1 << 20, source={"kind": "new"})
    pin = made["client"].call("access.pin", access=made["access"], iova=made["iova"], length=4096)["pin"]
    made["client"].call("access.unpin", access=made["access"], pin=pin)
    stage.clear()


def resident(stage):
    return int(stage.status()["VmRSS"].split()[0])


def show(stage, word):
    """Makes the attacks with `word` in their names; answers the exit status: 0 where none changed or broke anything."""
    idle = stage.all()
    warm(stage)
    # What it closes away from the loop must not count as open for good.
    stage.rest(idle)
    stage.good = Good(stage.path)
    baseline, memory = stage.all(), resident(stage)
    stage.good.start()
    failed, slowest = 0, 0.0
    chosen = [one for one in ATTACKS if word in one[0]]
    for name, function in chosen:
        began, problem, skipped, good = time.monotonic(), "", "", stage.good
        good.slowest = 0.0
        try:
            function(stage)
        except Skipped as why:
            skipped = f"skipped: {why}"
        except Exception as broken:
            problem = f"{type(broken).__name__}: {broken}"
        try:
            stage.clear()
            stage.rest(baseline)
            expect(good.problem is None, f"a client that keeps the rules saw {good.problem!r}")
            Client(stage.path).close()
        except (Broken, OSError) as broken:
            problem = f"{problem}; afterwards: {broken}"
        failed += bool(problem)
        slowest = max(slowest, good.slowest)
        print(f"{'FAILED' if problem else 'ok':6} {name} ({time.monotonic() - began:.2f} s, others {good.slowest * 1000:.0f} ms) {skipped}{problem[:600]}", flush=True)
        if good.problem is not None or "ConnectionRefused" in problem:
            break
    files, grown = stage.kernel()["open files"], resident(stage)
    gap = stage.watch.call("server.stats")["totals"]["loop_gap"]
    stage.good.stopping.set()
    stage.good.join()
    stage.good.client.close()
    stage.watch.close()
    print(
        f"{len(chosen)} attacks, {failed} failed; meanwhile {stage.good.rounds} honest rounds, "
        f"the slowest with {slowest * 1000:.1f} ms an answer\n"
        f"descriptors open before {baseline['open files']}, after {files}; "
        f"resident memory before {memory / 1024:.1f} MiB, after {grown / 1024:.1f} MiB; "
        f"the loop was away for at most {gap / 1000:.1f} ms",
        flush=True,
    )
    return 1 if failed or not chosen or gap > LONGEST_GAP or grown > memory + GROWTH else 0
