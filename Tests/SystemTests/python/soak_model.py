# SPDX-License-Identifier: Apache-2.0
"""What a client of soak.py knows about its context, from the answers that it got, and requests that change it."""

import base64
import copy
import os

PAGE = 4096
MEMORY = 16 * PAGE
TOP = (1 << 47) - 1


def number(text):
    return int(text, 16)


class Model:
    """Spaces with their areas, devices, page tables, accesses, and the bytes that were written to memory."""

    def __init__(self):
        self.spaces = {}  # id: {iova: (length, memory, offset)}
        self.reserved = {}  # id: {(first, last)}
        self.devices = {}  # id: page table or None
        self.tables = {}  # id: (space, automatic)
        self.accesses = {}  # id: space
        self.written = {}  # (memory, offset): bytes

    def copy(self):
        return copy.deepcopy(self)

    @property
    def memories(self):
        return {area[1] for areas in self.spaces.values() for area in areas.values()}

    def forget_memories(self):
        """Memory goes with the last area that shows it."""
        left = self.memories
        for place in [place for place in self.written if place[0] not in left]:
            del self.written[place]

    def detach(self, device):
        table, self.devices[device] = self.devices[device], None
        if table is not None and self.tables[table][1] and table not in self.devices.values():
            del self.tables[table]

    def state(self):
        """What has to be the same in the daemon."""
        return {
            "spaces": {space: dict(sorted(areas.items())) for space, areas in sorted(self.spaces.items())},
            "reserved": {space: sorted(taken) for space, taken in sorted(self.reserved.items())},
            "devices": dict(sorted(self.devices.items())),
            "tables": dict(sorted(self.tables.items())),
            "accesses": sorted(self.accesses),
            "memories": sorted(self.memories),
        }


class Request:
    """A changing request: `apply` does to a model what its answer says that it has done."""

    def __init__(self, method, params, targets, apply, make_descriptors=None):
        self.method, self.params, self.targets, self.apply = method, params, targets, apply
        self.make_descriptors = make_descriptors
        self.key = None
        self.runs_ahead = False


class Chooser:
    """Random requests that can only succeed, each on other objects than those under way."""

    def __init__(self, model, chance, files):
        self.model, self.chance, self.files = model, chance, files

    def next(self, busy):
        for _ in range(50):
            make = self.chance.choice(self.KINDS)
            request = make(self, busy)
            if request is not None and not request.targets & busy:
                return request
        return None

    def pick(self, ids, busy):
        free = [id for id in ids if id not in busy]
        return self.chance.choice(free) if free else None

    def alloc(self, busy):
        if len(self.model.spaces) + sum(1 for id in busy if id == "alloc") >= 4:
            return None

        def apply(model, result):
            model.spaces[result["ioas"]] = {}
            model.reserved[result["ioas"]] = set()

        return Request("ioas.alloc", {}, {"alloc"}, apply)

    def bind(self, busy):
        if len(self.model.devices) >= 3:
            return None

        def apply(model, result):
            model.devices[result["device"]] = None

        return Request("device.bind", {"name": "soaked"}, {"bind"}, apply)

    def create_access(self, busy):
        space = self.pick(self.model.spaces, busy)
        if space is None or len(self.model.accesses) >= 6:
            return None

        def apply(model, result):
            model.accesses[result["access"]] = space

        return Request("access.create", {"ioas": space}, {space, "access"}, apply)

    def map(self, busy):
        space = self.pick(self.model.spaces, busy)
        if space is None or len(self.model.spaces[space]) >= 24:
            return None
        params, make, memory, offset = {"ioas": space}, None, None, 0
        kind = self.chance.choice(["new", "fd", "memory", "memory", "memory"])
        known = self.pick(self.model.memories, busy)
        if kind == "memory" and known is not None:
            memory, offset = known, self.chance.randrange(4) * PAGE
            length = self.chance.randint(1, 4) * PAGE
            source = {"kind": "memory", "memory": memory, "offset": offset}
        elif len(self.model.memories) >= 10 or "memory" in busy:
            return None
        elif kind == "fd":
            file = self.chance.choice(self.files)
            offset, length = self.chance.randrange(4) * PAGE, self.chance.randint(1, 4) * PAGE
            source = {"kind": "fd", "fd": 0, "offset": offset}
            make = lambda: [os.dup(file)]
        else:
            # So long that every slice of any memory fits.
            length, source = 8 * PAGE, {"kind": "new"}
        params |= {"length": length, "source": source}
        if self.chance.random() < 0.5:
            iova = self.chance.randrange(1 << 20, 1 << 30) * PAGE
            if self.collides(space, iova, length):
                return None
            params["iova"] = hex(iova)

        def apply(model, result):
            model.spaces[space][number(result["iova"])] = (length, result["memory"], offset)

        return Request("ioas.map", params, {space, memory if memory is not None else "memory"}, apply, make)

    def map_many(self, busy):
        """All or nothing: a list that a kill must not leave half there."""
        space, memory = self.pick(self.model.spaces, busy), self.pick(self.model.memories, busy)
        if space is None or memory is None or len(self.model.spaces[space]) >= 20:
            return None
        ranges = [
            {"length": PAGE, "source": {"kind": "memory", "memory": memory, "offset": index * PAGE}}
            for index in range(self.chance.randint(2, 5))
        ]

        def apply(model, result):
            for index, (iova, got) in enumerate(zip(result["iovas"], result["memories"])):
                model.spaces[space][number(iova)] = (PAGE, got, index * PAGE)

        return Request("ioas.map", {"ioas": space, "ranges": ranges}, {space, memory}, apply)

    def collides(self, space, iova, length):
        if any(iova < at + area[0] and at < iova + length for at, area in self.model.spaces[space].items()):
            return True
        return any(iova <= last and first < iova + length for first, last in self.model.reserved[space])

    def unmap(self, busy):
        space = self.pick(self.model.spaces, busy)
        if space is None or not self.model.spaces[space]:
            return None
        areas = self.model.spaces[space]
        gone = self.chance.sample(sorted(areas), min(len(areas), self.chance.choice([1, 1, 1, 2, 3])))
        memories = {areas[iova][1] for iova in gone}
        params = {"ioas": space, "ranges": [{"iova": hex(iova), "length": areas[iova][0]} for iova in gone]}
        if self.chance.random() < 0.1:
            gone, params = sorted(areas), {"ioas": space, "all": True}
            memories = {area[1] for area in areas.values()}

        def apply(model, result):
            bytes = sum(model.spaces[space].pop(iova)[0] for iova in gone)
            if result["unmapped"] != bytes:
                raise AssertionError(f"{result['unmapped']} bytes unmapped instead of {bytes}")
            model.forget_memories()

        return Request("ioas.unmap", params, {space} | memories, apply)

    def copy(self, busy):
        source, target = self.pick(self.model.spaces, busy), self.pick(self.model.spaces, busy)
        if source is None or not self.model.spaces[source] or len(self.model.spaces[target]) >= 24:
            return None
        iova = self.chance.choice(sorted(self.model.spaces[source]))
        area = self.model.spaces[source][iova]

        def apply(model, result):
            model.spaces[target][number(result["iova"])] = area

        return Request(
            "ioas.copy",
            {"src_ioas": source, "src_iova": hex(iova), "length": area[0], "dst_ioas": target},
            {source, target, area[1]},
            apply,
        )

    def attach(self, busy):
        device = self.pick(self.model.devices, busy)
        to = self.pick([*self.model.spaces, *(id for id, table in self.model.tables.items() if not table[1])], busy)
        if device is None or to is None:
            return None
        space = to if to in self.model.spaces else self.model.tables[to][0]
        # What is reserved lies below, and what it translates too.
        old = self.model.devices[device]
        targets = {device, to, space} | ({old, self.model.tables[old][0]} if old is not None else set())

        def apply(model, result):
            table = result["hwpt"]
            if model.devices[device] != table:
                model.detach(device)
            model.devices[device] = table
            model.tables.setdefault(table, (space, True))

        return Request("device.attach", {"device": device, "to": to}, targets, apply)

    def detach(self, busy):
        device = self.pick([id for id, table in self.model.devices.items() if table is not None], busy)
        if device is None:
            return None
        table = self.model.devices[device]

        def apply(model, result):
            model.detach(device)

        return Request(
            "device.detach", {"device": device}, {device, table, self.model.tables[table][0]}, apply)

    def make_table(self, busy):
        device, space = self.pick(self.model.devices, busy), self.pick(self.model.spaces, busy)
        if device is None or space is None or len(self.model.tables) >= 6:
            return None

        def apply(model, result):
            model.tables[result["hwpt"]] = (space, False)

        return Request("hwpt.alloc", {"device": device, "ioas": space}, {device, space, "table"}, apply)

    def reserve(self, busy):
        space = self.pick(self.model.spaces, busy)
        if space is None:
            return None
        taken = self.model.reserved[space]
        if len(taken) >= 3 or taken and self.chance.random() < 0.4:
            first, last = self.chance.choice(sorted(taken))
            release = True
        else:
            first, release = self.chance.randrange(1 << 20, 1 << 30) * PAGE, False
            last = first + self.chance.randint(1, 16) * PAGE - 1
            if self.collides(space, first, last + 1 - first):
                return None

        def apply(model, result):
            (model.reserved[space].discard if release else model.reserved[space].add)((first, last))

        params = {"ioas": space, "first": hex(first), "last": hex(last), "release": release}
        return Request("ioas.reserve", params, {space}, apply)

    def destroy(self, busy):
        model = self.model
        used = set(model.accesses.values()) | {table[0] for table in model.tables.values()}
        attached = set(model.devices.values())
        idle = [id for id in model.spaces if id not in used]
        idle += [id for id, table in model.tables.items() if not table[1] and id not in attached]
        idle += [id for id, table in model.devices.items() if table is None]
        idle += list(model.accesses)
        id = self.pick(idle, busy)
        if id is None:
            return None
        targets = {id}
        if id in model.spaces:
            targets |= {area[1] for area in model.spaces[id].values()}
        elif id in model.accesses:
            targets.add(model.accesses[id])
        elif id in model.tables:
            targets.add(model.tables[id][0])

        def apply(model, result):
            for table in (model.spaces, model.reserved, model.devices, model.tables, model.accesses):
                table.pop(id, None)
            model.forget_memories()

        request = Request("object.destroy", {"id": id}, targets, apply)
        request.runs_ahead = id in model.accesses
        return request

    def write(self, busy):
        access = self.pick(self.model.accesses, busy)
        if access is None or self.model.accesses[access] in busy:
            return None
        space = self.model.accesses[access]
        if not self.model.spaces[space]:
            return None
        iova = self.chance.choice(sorted(self.model.spaces[space]))
        length, memory, offset = self.model.spaces[space][iova]
        at = self.chance.randrange(length // 16) * 16
        data = self.chance.randbytes(16)

        def apply(model, result):
            model.written[memory, offset + at] = data

        params = {"access": access, "iova": hex(iova + at), "data": base64.b64encode(data).decode()}
        return Request("access.write", params, {access, space, memory}, apply)

    KINDS = [alloc, bind, create_access, map, map, map, map_many, unmap, unmap, copy, attach, detach, make_table]
    KINDS += [reserve, destroy, write, write]
