#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hostile.py SOCKET [WORD]: attacks a running iommud and says what came of it, one line an attack.

After every attack the daemon has to hold exactly what it held before (server.stats, its descriptors, VmPin and
VmLck), and a client that keeps the rules must not have noticed. WORD picks the attacks with it in their names.
Standard library alone; the daemon has to run under the same uid.
"""

import sys
import time

import hostile_chaos  # noqa: F401  each puts its attacks into the table
import hostile_crowd  # noqa: F401
import hostile_engine  # noqa: F401
import hostile_lines  # noqa: F401
import hostile_memory  # noqa: F401
import hostile_waits  # noqa: F401
from hostile_kit import ATTACKS, Broken, Client, Good, Skipped, Stage, expect


def warm(stage):
    """Has the daemon make what it makes once: threads, rings."""
    made = stage.mapped()
    made["client"].call("ioas.map", ioas=made["ioas"], length=1 << 20, source={"kind": "new"})
    pin = made["client"].call("access.pin", access=made["access"], iova=made["iova"], length=4096)["pin"]
    made["client"].call("access.unpin", access=made["access"], pin=pin)
    stage.clear()


def main():
    path, word = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    stage = Stage(path)
    idle = stage.state() | {"VmPin": stage.kernel()["VmPin"]}
    warm(stage)
    stage.rest(idle)
    good = stage.good = Good(path)
    baseline = stage.all()
    good.start()
    failed, slowest = 0, 0.0
    chosen = [one for one in ATTACKS if word in one[0]]
    for name, function in chosen:
        began, problem, skipped, good.slowest = time.monotonic(), "", "", 0.0
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
            Client(path).close()
        except (Broken, OSError) as broken:
            problem = f"{problem}; afterwards: {broken}"
        failed += bool(problem)
        slowest = max(slowest, good.slowest)
        print(f"{'FAILED' if problem else 'ok':6} {name} ({time.monotonic() - began:.2f} s, others {good.slowest * 1000:.0f} ms) {skipped}{problem[:600]}", flush=True)
        if good.problem is not None or isinstance(problem, str) and "ConnectionRefused" in problem:
            break
    good.stopping.set()
    good.join()
    good.client.close()
    gap = stage.watch.call("server.stats")["totals"]["loop_gap"]
    stage.watch.close()
    print(
        f"{len(chosen)} attacks, {failed} failed; meanwhile {good.rounds} honest rounds, "
        f"the slowest with {slowest * 1000:.1f} ms an answer; "
        f"the loop was away for at most {gap / 1000:.1f} ms"
    )
    # 50 ms, and slack for a debug build on a busy machine.
    sys.exit(1 if failed or not chosen or gap > 250_000 else 0)


main()
