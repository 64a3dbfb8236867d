# SPDX-License-Identifier: Apache-2.0
"""Attacks by those who wait and those who are waited for, and by those who do not read what they are told."""

import errno
import os
import random
import time

from hostile_kit import PAGE, attack, expect

NEW = {"kind": "new"}

AREAS = 4


def crowd(stage, name, number):
    """Clients in one context with an IOAS, an access, and a few areas of 4 pages."""
    clients = []
    for _ in range(number):
        clients.append(stage.client())
        clients[-1].call("context.open", name=name)
    ioas = clients[0].call("ioas.alloc")["ioas"]
    access = clients[0].call("access.create", ioas=ioas, pins=True)["access"]
    for area in range(AREAS):
        clients[0].call("ioas.map", ioas=ioas, length=4 * PAGE, iova=(area + 1) << 20, source=NEW)
    return clients, ioas, access


@attack("unmaps that wait: who holds, waits, forces and dies, at random")
def _(stage, rounds=150):
    seed = int(os.environ.get("HOSTILE_SEED", random.randrange(1 << 32)))
    dice = random.Random(seed)
    clients, ioas, access = crowd(stage, "waits", 6)
    asked, codes = [], {}
    for turn in range(rounds):
        for place, client in enumerate(clients):
            for _ in range(dice.randrange(4)):
                iova = dice.randrange(1, AREAS + 1) << 20
                kind = dice.randrange(6)
                if kind < 2:
                    length = dice.randrange(1, 5) * PAGE
                    number = client.request("access.pin", {"access": access, "iova": iova, "length": length})
                elif kind == 2:
                    number = client.request("access.unpin", {"access": access, "pin": dice.randrange(1, 3 * turn + 5)})
                elif kind == 3:
                    number = client.request(
                        "ioas.map", {"ioas": ioas, "length": 4 * PAGE, "iova": iova, "source": NEW})
                else:
                    params = {"ioas": ioas, "wait_ms": dice.choice([0, 1, 5, 20])}
                    params |= dice.choice([{"iova": iova, "length": 4 * PAGE}, {"all": True}])
                    params |= {"force": dice.random() < 0.1, "unpin_own": dice.random() < 0.5}
                    number = client.request("ioas.unmap", params)
                asked.append((client, number))
            if dice.random() < 0.05:
                asked = [one for one in asked if one[0] is not client]
                client.close()
                clients[place] = stage.client()
                clients[place].call("context.open", name="waits")
        if dice.random() < 0.5:
            for client, number in asked:
                answer = client.line(number)
                expect(answer is not None, f"HOSTILE_SEED={seed}: closed")
                code = answer.get("error", {}).get("code", 0)
                codes[code] = codes.get(code, 0) + 1
                for fd in client.take():
                    os.close(fd)
            asked = []
    for client, number in asked:
        expect(client.line(number) is not None, f"HOSTILE_SEED={seed}: closed")
    known = {0, errno.EBUSY, errno.ENOENT, errno.EEXIST, errno.EDEADLK}
    expect(set(codes) <= known, f"HOSTILE_SEED={seed}: {codes}")
    expect(codes.get(0, 0) > 100 and codes.get(errno.EBUSY, 0) > 10, f"HOSTILE_SEED={seed}: {codes}")
    clients[0].call("context.destroy", name="waits")


@attack("everybody waits for one who holds everything, and then it dies")
def _(stage):
    clients, ioas, access = crowd(stage, "queue", 20)
    holder = clients.pop()
    for area in range(AREAS):
        holder.call("access.pin", access=access, iova=(area + 1) << 20, length=4 * PAGE)
    numbers = [client.request("ioas.unmap", {"ioas": ioas, "all": True, "wait_ms": 60000}) for client in clients]
    # It is asked once by each.
    while len(holder.events) < len(clients):
        holder.call("server.info")
    began = time.monotonic()
    holder.close()
    answers = [client.line(number) for client, number in zip(clients, numbers)]
    expect(time.monotonic() - began < 10, "they waited on")
    bytes = sorted(answer["result"]["unmapped"] for answer in answers)
    expect(bytes == [0] * (len(clients) - 1) + [AREAS * 4 * PAGE], f"{bytes}")
    clients[0].call("context.destroy", name="queue")


@attack("a flood of faults for one who listens and does not read")
def _(stage, faults=20000):
    deaf, busy = stage.client(), stage.client()
    for client in (deaf, busy):
        client.call("context.open", name="flood")
    deaf.call("events.subscribe")
    device = busy.call("device.bind")["device"]
    for _ in range(faults // 100):
        numbers = [
            busy.request("device.dma_read", {"device": device, "iova": PAGE, "length": 1}) for _ in range(100)]
        for number in numbers:
            expect(busy.line(number)["error"]["code"] == errno.EFAULT, "no fault")
    # It is told how much it has missed, and is served as before.
    deaf.call("server.info")
    while not deaf.events or deaf.events[-1]["seq"] < faults:
        deaf.call("server.info")
    lost = sum(event.get("lost", 0) for event in deaf.events)
    told = sum(1 for event in deaf.events if event["kind"] == "dma.fault")
    expect(lost > 0 and lost + told == faults, f"{lost} lost, {told} told")
    busy.call("context.destroy", name="flood")


@attack("requests without end behind one that waits")
def _(stage):
    clients, ioas, access = crowd(stage, "ahead", 2)
    waiting, holder = clients
    pin = holder.call("access.pin", access=access, iova=1 << 20, length=PAGE)["pin"]
    first = waiting.request("ioas.unmap", {"ioas": ioas, "iova": 1 << 20, "length": 4 * PAGE, "wait_ms": 60000})
    sources = []
    for _ in range(40):
        fds = [stage.memfd(1) for _ in range(16)]
        sources.append(waiting.request("memory.list", {}, fds))
        for fd in fds:
            os.close(fd)
        stage.fds = []
    expect(stage.state()["connections"] > 0, "gone")
    holder.call("access.unpin", access=access, pin=pin)
    expect(waiting.line(first)["result"]["unmapped"] == 4 * PAGE, "not unmapped")
    for number in sources:
        answer = waiting.line()
        expect(answer["id"] == number, f"out of order: {answer['id']} instead of {number}")
    waiting.call("context.destroy", name="ahead")
