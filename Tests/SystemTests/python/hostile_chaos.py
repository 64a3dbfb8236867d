# SPDX-License-Identifier: Apache-2.0
"""Attacks at random: any method with odd values, from many connections in one context, some of which leave."""

import base64
import errno
import os
import random
import select

from hostile_kit import PAGE, attack, expect

MAX = (1 << 64) - 1
ODD = [0, 1, 2, 3, 7, 100, 511, 1024, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 64 * PAGE, 1 << 20, 1 << 21, 3 << 20]
ODD += [(1 << bits) + more for bits in (30, 31, 32, 39, 47, 48, 52, 56, 57, 62, 63) for more in (-PAGE, -1, 0, 1, PAGE)]
ODD += [MAX, MAX - 1, MAX - PAGE + 1, MAX - PAGE]


class Dice:
    """Values that fit their members more often than not. A seed makes the same ones again."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.known, self.areas, self.spaces = {}, [], {}

    def look(self, objects):
        """Learns what there is, so that most calls are about something."""
        self.known, self.areas, self.spaces = {}, [], {}
        for one in objects:
            self.known.setdefault(one["kind"], []).append(one["id"])
            words = one["summary"].replace(",", "").split()
            if one["kind"] == "pages":
                self.areas.append((int(words[-1]), int(words[-4], 16)))
            if one["kind"] == "access":
                self.spaces[one["id"]] = int(words[2])

    def number(self):
        return self.random.choice(ODD) if self.random.random() < 0.3 else self.random.randrange(64) * PAGE

    def place(self):
        if self.random.random() < 0.1:
            return self.number()
        if self.areas and self.random.random() < 0.6:
            return self.random.choice(self.areas)[1] + self.random.choice([0, 0, 0, PAGE, 1])
        return 0x100000 + self.random.randrange(64) * PAGE

    def id(self, kind=None):
        some = self.known.get(kind)
        return self.random.choice(some) if some and self.random.random() < 0.9 else self.random.randrange(1, 40)

    def inside(self):
        """A range of an area that one of the accesses reaches."""
        fitting = [(access, iova) for access, space in self.spaces.items() for ioas, iova in self.areas if ioas == space]
        if not fitting or self.random.random() < 0.2:
            return {"access": self.id("access")} | self.range()
        access, iova = self.random.choice(fitting)
        return {"access": access, "iova": iova, "length": self.random.choice([1, PAGE, PAGE, 2 * PAGE, 16 * PAGE])}

    def length(self):
        return self.random.choice([1, 100, PAGE, PAGE, 2 * PAGE, 16 * PAGE, 1 << 21, 8 << 20, self.number()])

    def range(self):
        return {"iova": self.place(), "length": self.length()}

    def patience(self):
        """How an unmap deals with those in its way."""
        params = {"wait_ms": self.random.choice([0, 0, 1, 3, 10, 30])}
        if self.random.random() < 0.2:
            params["unpin_own"] = True
        if self.random.random() < 0.1:
            params["force"] = True
        return params

    def source(self):
        kind = self.random.choice(["new", "fd", "memory"])
        if kind == "new":
            return {"kind": kind}
        id = {"fd": 0} if kind == "fd" else {"memory": self.id("memory")}
        return {"kind": kind, "offset": self.random.choice([0, 0, 0, 0, PAGE, self.number()])} | id

    def map(self):
        one = {"length": self.length(), "source": self.source()}
        if self.random.random() < 0.6:
            one["iova"] = self.place()
        if self.random.random() < 0.2:
            one["write"] = self.random.random() < 0.5
        return one

    def some(self, make):
        return [make() for _ in range(self.random.choice([1, 1, 2, 5]))]

    def device(self):
        params = {}
        if self.random.random() < 0.3:
            params["format"] = self.random.choice(["vtd", "flat"])
        if self.random.random() < 0.3:
            sizes = [1 << self.random.choice([9, 10, 11, 12, 12, 12, 13, 21, 30, 39, 63]) for _ in range(2)]
            params["page_sizes"] = sizes + [self.random.choice([PAGE, 0, 3])]
        if self.random.random() < 0.3:
            params["aperture"] = {"first": self.random.choice([0, PAGE, self.number()]), "last": self.number()}
        if self.random.random() < 0.3:
            params["reserved"] = [{"first": self.place(), "last": self.place()} for _ in range(2)]
        return params

    def call(self):
        data = base64.b64encode(bytes(self.random.choice([1, 100, 5000, 65536]))).decode()
        calls = {
            "ioas.alloc": dict, "device.bind": self.device, "object.list": dict, "server.stats": dict,
            "ioas.map": lambda: {"ioas": self.id("ioas")} | self.map(),
            "ioas.unmap": lambda: {"ioas": self.id("ioas")} | self.range() | self.patience(),
            "ioas.areas": lambda: {"ioas": self.id("ioas"), "after": self.place()},
            "ioas.iova_ranges": lambda: {"ioas": self.id("ioas")},
            "device.attach": lambda: {"device": self.id("device"), "to": self.id("ioas")},
            "device.detach": lambda: {"device": self.id("device")},
            "device.dma_read": lambda: {"device": self.id("device")} | self.range(),
            "device.dma_write": lambda: {"device": self.id("device"), "iova": self.place(), "data": data},
            "hwpt.translate": lambda: {"hwpt": self.id("hwpt")} | self.range(),
            "access.create": lambda: {"ioas": self.id("ioas"), "pins": self.random.random() < 0.5},
            "access.pin": self.inside,
            "access.unpin": lambda: {"access": self.id("access"), "pin": self.random.randrange(8)},
            "access.read": self.inside,
            "access.write": lambda: {"access": self.id("access"), "iova": self.place(), "data": data},
            "object.destroy": lambda: {"id": self.id()},
            "memory.list": dict, "memory.open": lambda: {"memory": self.id("memory"), "write": self.random.random() < 0.5},
            "pages.list": dict, "pages.tiers": lambda: {"pages": self.id("pages")},
        }
        more = {
            "ioas.map": lambda: {"ioas": self.id("ioas"), "ranges": self.some(self.map)},
            "ioas.unmap": lambda: {"ioas": self.id("ioas"), "ranges": self.some(self.range)} | self.patience(),
        }
        weights = {"ioas.map": 6, "device.attach": 3, "access.pin": 4, "access.create": 2, "device.dma_write": 2}
        method = self.random.choices(list(calls), [weights.get(name, 1) for name in calls])[0]
        if method in more and self.random.random() < 0.3:
            return method, more[method]()
        if method == "ioas.unmap" and self.random.random() < 0.2:
            return method, {"ioas": self.id("ioas"), "all": True} | self.patience()
        return method, calls[method]()


@attack("chaos: eight connections in one context, random calls")
def _(stage, seed=None, rounds=120):
    seed = seed if seed is not None else int(os.environ.get("HOSTILE_SEED", random.randrange(1 << 32)))
    dice, clients = Dice(seed), {}
    answers = {"result": 0, "error": 0}
    try:
        for turn in range(rounds):
            for number in range(8):
                if number not in clients:
                    clients[number] = stage.client()
                    answer = clients[number].answer("context.open", name="chaos")
                    expect("result" in answer, f"{answer}")
            asked = []
            dice.look(clients[min(clients)].answer("object.list").get("result", {}).get("items", []))
            for number, client in clients.items():
                fd = stage.memfd(dice.random.choice([1, 64, 512]), fill=dice.random.random() < 0.9)
                for _ in range(dice.random.randrange(1, 6)):
                    method, params = dice.call()
                    fds = [fd] if method == "ioas.map" else []
                    asked.append((client, client.request(method, params, fds), method, params))
            gone = dice.random.random() < 0.2 and clients.pop(dice.random.randrange(8))
            if gone:
                select.select([gone.socket], [], [], dice.random.random() * 0.01)
                gone.close()
            if dice.random.random() < 0.03:
                clients[min(clients)].request("context.destroy", {"name": "chaos"})
                asked.append((clients[min(clients)], clients[min(clients)].last, "context.destroy", {}))
            for client, number, method, params in asked:
                if client is gone:
                    continue
                answer = client.line(number)
                expect(answer is not None and answer["id"] == number, f"{method} {params}: {answer}")
                code = answer.get("error", {}).get("code", 1)
                # -32602 for what is no member of 32 bits; -32603 would be a rule of its own that the daemon broke.
                expect(code != -32603, f"{method} {params}: {answer}")
                answers["error" if "error" in answer else "result"] += 1
                for fd in client.take():
                    os.close(fd)
            # Who lost her context to another's destroying of it finds a new one.
            for client in clients.values():
                client.answer("context.open", name="chaos")
            for fd in stage.fds:
                os.close(fd)
            stage.fds = []
        last = clients[min(clients)]
        # Busy for as long as pins of those who have left are dropped.
        while last.answer("context.destroy", name="chaos").get("error", {}).get("code") == errno.EBUSY:
            pass
    except Exception as broken:
        raise type(broken)(f"HOSTILE_SEED={seed}: {broken}") from broken
    expect(min(answers.values()) > rounds, f"HOSTILE_SEED={seed}: too little happened: {answers}")
