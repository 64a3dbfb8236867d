# SPDX-License-Identifier: Apache-2.0
"""Attacks on objects and their rules: ids, ranges, pins, devices."""

import base64

from hostile_kit import PAGE, attack, expect, is_error

FD = {"kind": "fd", "fd": 0}
NEW = {"kind": "new"}
TOP = (1 << 64) - PAGE
MAX = (1 << 64) - 1


@attack("ids of other kinds, of nothing, of other contexts")
def _(stage):
    made = stage.mapped()
    client, other = made["client"], stage.client()
    pages = client.call("pages.list")["items"][0]["pages"]
    kinds = {"ioas": made["ioas"], "device": made["device"], "hwpt": made["hwpt"], "access": made["access"],
             "memory": made["memory"], "pages": pages}
    here = {"iova": made["iova"], "length": PAGE}
    calls = [
        ("ioas", "ioas.areas", {}), ("ioas", "ioas.iova_ranges", {}), ("ioas", "access.create", {}),
        ("ioas", "ioas.map", {"length": PAGE, "source": NEW}), ("ioas", "ioas.unmap", {"all": True}),
        ("device", "device.detach", {}), ("device", "device.dma_read", here), ("hwpt", "hwpt.translate", here),
        ("device", "device.dma_write", {"iova": 0, "data": "AAAA"}), ("access", "access.pin", here),
        ("device", "device.attach", {"to": made["ioas"]}), ("access", "access.unpin", {"pin": 1}),
        ("access", "access.read", here), ("access", "access.write", {"iova": made["iova"], "data": "AAAA"}),
        ("memory", "memory.open", {"write": False}), ("pages", "pages.tiers", {}),
    ]
    for kind, method, params in calls:
        for id in [kinds[one] for one in kinds if one != kind] + [0, 99, 1 << 31, (1 << 32) - 1]:
            stage.refused(client, "ENOENT", kind, method, **params | {kind: id})
        field = "device" if method == "device.attach" else kind
        stage.refused(other, "ENOENT", field, method, **params | {kind: kinds[kind]})
    for id in (made["device"], made["access"], made["memory"], pages, 0, 99):
        stage.refused(client, "ENOENT", "to", "device.attach", device=made["device"], to=id)
    for id in (made["memory"], 0, 99):
        if id != made["memory"]:
            stage.refused(client, "ENOENT", "source.memory", "ioas.map", ioas=made["ioas"], length=PAGE,
                          source={"kind": "memory", "memory": id})
    stage.refused(client, "ENOENT", "source.memory", "ioas.map", ioas=made["ioas"], length=PAGE,
                  source={"kind": "memory", "memory": pages})
    stage.refused(other, "ENOENT", "id", "object.destroy", id=made["ioas"])
    for id in (made["ioas"], made["device"], made["hwpt"], made["memory"], pages):
        stage.refused(client, "EBUSY", "id", "object.destroy", id=id)
    # Ids are not used again.
    client.call("object.destroy", id=made["access"])
    stage.refused(client, "ENOENT", "id", "object.destroy", id=made["access"])
    expect(client.call("ioas.alloc")["ioas"] > made["access"], "an id is used again")


@attack("maps that break a rule")
def _(stage):
    made = stage.mapped(pages=4)
    client, ioas, iova, fd = made["client"], made["ioas"], made["iova"], made["fd"]

    def refused(code, field, *fds, **params):
        one = {"length": PAGE, "source": NEW} | params
        stage.refused(client, code, field, "ioas.map", *fds, ioas=ioas, **one)
        # Beside an honest range neither is mapped.
        both = {"ranges": [{"length": PAGE, "source": NEW}, one]}
        nested = field if field is None else "ranges[1]." + field
        stage.refused(client, code, nested, "ioas.map", *fds, ioas=ioas, **both)

    refused("EINVAL", "length", length=0)
    refused("EINVAL", "iova", iova=iova + 1)
    refused("EINVAL", "length", length=PAGE + 1)
    refused("EINVAL", "source.offset", fd, source=FD | {"offset": 1})
    for length in (1 << 63, MAX, (1 << 63) + PAGE):
        refused("EOVERFLOW", "length", length=length)
    refused("EOVERFLOW", "length", fd, iova=TOP, length=2 * PAGE, source=FD)
    refused("EINVAL", "iova", iova=1 << 48)
    refused("EINVAL", "iova", iova=TOP)
    refused("EEXIST", "iova", iova=iova)
    refused("EEXIST", "iova", iova=iova + 3 * PAGE)
    refused("EEXIST", "iova", fd, iova=iova - PAGE, length=2 * PAGE, source=FD)
    refused("EINVAL", "read", read=False, write=False)
    stage.refused(client, "EINVAL", "ranges", "ioas.map", ioas=ioas, ranges=[])
    twice = [{"length": PAGE, "source": NEW, "iova": 0x10000000}] * 2
    answer = client.answer("ioas.map", ioas=ioas, ranges=twice)
    is_error(answer, "EEXIST")
    stage.refused(client, "EEXIST", None, "ioas.map", ioas=ioas, ranges=twice)
    small = client.call("device.bind", aperture={"first": 0, "last": 0xFFFF})["device"]
    low = client.call("ioas.alloc")["ioas"]
    client.call("device.attach", device=small, to=low)
    stage.refused(client, "ENOSPC", "length", "ioas.map", ioas=low, length=0x10000, source=NEW)
    stage.refused(client, "EINVAL", "iova", "ioas.map", ioas=low, length=PAGE, iova=0x10000, source=NEW)
    ranges = [{"length": 0x8000, "source": FD}, {"length": 0x8000, "source": FD}]
    stage.refused(client, "ENOSPC", None, "ioas.map", stage.memfd(8), ioas=low, ranges=ranges)


@attack("maps without a device: any byte, and chosen places leave out both ends")
def _(stage):
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    fd = stage.memfd(1)
    client.call("ioas.map", fd, ioas=ioas, iova=0x12345, length=7, source=FD | {"offset": 3})
    stage.refused(client, "EEXIST", "iova", "ioas.map", fd, ioas=ioas, iova=0x12340, length=6, source=FD)
    client.call("ioas.map", fd, ioas=ioas, iova=0x1234C, length=1, source=FD)
    stage.refused(client, "EADDRINUSE", "pins", "access.create", ioas=ioas, pins=True)
    device = client.call("device.bind")["device"]
    stage.refused(client, "EADDRINUSE", "to", "device.attach", device=device, to=ioas)
    stage.refused(client, "ENOENT", "iova", "ioas.unmap", ioas=ioas, iova=0x12345, length=6)
    stage.refused(client, "ENOENT", "iova", "ioas.unmap", ioas=ioas, iova=0x12346, length=100)
    expect(client.call("ioas.unmap", ioas=ioas, iova=0x12345, length=8)["unmapped"] == 8, "not both")
    client.call("ioas.map", fd, ioas=ioas, iova=0, length=1, source=FD)
    client.call("ioas.map", fd, ioas=ioas, iova=MAX, length=1, source=FD)
    expect(client.call("ioas.unmap", ioas=ioas, iova=0, length=MAX)["unmapped"] == 2, "not all")
    for _ in range(8):
        place = int(client.call("ioas.map", fd, ioas=ioas, length=PAGE, source=FD)["iova"], 16)
        expect(PAGE <= place < TOP, f"chosen: {place:#x}")


@attack("unmaps that cut areas, hit none, overlap, wrap")
def _(stage):
    made = stage.mapped(pages=4)
    client, ioas, iova = made["client"], made["ioas"], made["iova"]
    client.call("ioas.map", ioas=ioas, iova=iova + 4 * PAGE, length=PAGE, source=NEW)

    def refused(code, field, *ranges):
        if len(ranges) == 1:
            stage.refused(client, code, field, "ioas.unmap", ioas=ioas, iova=ranges[0][0], length=ranges[0][1])
        both = [{"iova": first, "length": length} for first, length in ranges]
        stage.refused(client, code, None, "ioas.unmap", ioas=ioas, ranges=both)

    for first, length in ((0, 1), (0, 3), (1, 3), (1, 1), (-1, 2), (3, 2)):
        refused("ENOENT", "iova", (iova + first * PAGE, length * PAGE))
    expect(client.call("ioas.unmap", ioas=ioas, iova=iova + 4 * PAGE, length=2 * PAGE)["unmapped"] == PAGE, "not one")
    refused("ENOENT", "iova", (iova + 100 * PAGE, PAGE))
    refused("ENOENT", "iova", (iova, 1))
    refused("EINVAL", "length", (iova, 0))
    refused("EINVAL", "length", (0, 0))
    refused("EOVERFLOW", "length", (PAGE, MAX))
    refused("EOVERFLOW", "length", (TOP, 2 * PAGE))
    refused("ENOENT", "iova", (iova, 4 * PAGE), (iova + 100 * PAGE, PAGE))
    refused("EINVAL", None, (iova, 4 * PAGE), (iova + PAGE, PAGE))
    stage.refused(client, "EINVAL", "ranges", "ioas.unmap", ioas=ioas, ranges=[])
    answer = client.answer("ioas.unmap", ioas=ioas, ranges=[{"iova": iova, "length": 4 * PAGE}] * 2)
    if "result" in answer:
        expect(answer["result"]["unmapped"] == 4 * PAGE, f"counted twice: {answer}")
    else:
        client.call("ioas.unmap", ioas=ioas, iova=iova, length=4 * PAGE)
    expect(client.call("ioas.unmap", ioas=ioas, all=True)["unmapped"] == 0, "empty is not 0")
    expect(client.call("ioas.unmap", ioas=ioas, iova=0, length=MAX)["unmapped"] == 0, "empty is not 0")
    stage.refused(client, "ENOENT", "iova", "ioas.unmap", ioas=ioas, iova=0, length=MAX - 1)


@attack("pins: wrong ranges, wrong rights, wrong ids, unmaps under them")
def _(stage):
    made = stage.mapped(pages=4)
    client, ioas, access, iova = made["client"], made["ioas"], made["access"], made["iova"]

    def refused(code, field, first, length, **more):
        stage.refused(client, code, field, "access.pin", access=access, iova=iova + first, length=length, **more)

    refused("EINVAL", "length", 0, 0)
    refused("EINVAL", "iova", 1, PAGE)
    refused("ENOENT", "iova", 0, 5 * PAGE)
    refused("ENOENT", "iova", 4 * PAGE, 1)
    refused("ENOENT", "iova", -PAGE, 2 * PAGE)
    refused("EOVERFLOW", "length", 0, MAX)
    refused("EOVERFLOW", "length", 0, 1 << 63)
    plain = client.call("access.create", ioas=ioas)["access"]
    stage.refused(client, "EINVAL", "access", "access.pin", access=plain, iova=iova, length=PAGE)
    pins = [client.call("access.pin", access=access, iova=iova, length=length)["pin"] for length in (PAGE, PAGE, 100)]
    expect(len(set(pins)) == 3, f"pins {pins}")
    for pin in (0, 99, (1 << 32) - 1):
        stage.refused(client, "ENOENT", "pin", "access.unpin", access=access, pin=pin)
    second = client.call("access.create", ioas=ioas, pins=True)["access"]
    stage.refused(client, "ENOENT", "pin", "access.unpin", access=second, pin=pins[0])
    for params in ({"iova": iova, "length": 4 * PAGE}, {"all": True}, {"iova": 0, "length": MAX}):
        error = stage.refused(client, "EBUSY", None, "ioas.unmap", ioas=ioas, **params)
        expect(sorted(error["data"].get("pins", [])) == sorted(pins), f"which pins: {error}")
    stage.refused(client, "EBUSY", "id", "object.destroy", id=ioas)
    for pin in pins:
        client.call("access.unpin", access=access, pin=pin)
        stage.refused(client, "ENOENT", "pin", "access.unpin", access=access, pin=pin)
    client.call("access.pin", access=access, iova=iova, length=4 * PAGE)
    client.call("object.destroy", id=access)
    client.call("ioas.unmap", ioas=ioas, all=True)


@attack("reads and writes: lengths, gaps, 64 KiB, the top of 64 bits")
def _(stage):
    made = stage.mapped(pages=32, iova=0x100000)
    client, access, device = made["client"], made["access"], made["device"]
    for noun, id in (("access", access), ("device", device)):
        read, write = ("access.read", "access.write") if noun == "access" else ("device.dma_read", "device.dma_write")
        gap = "ENOENT" if noun == "access" else "EFAULT"
        stage.refused(client, "EINVAL", "length", read, iova=0x100000, length=0, **{noun: id})
        stage.refused(client, "EINVAL", "length", read, iova=0x100000, length=(64 << 10) + 1, **{noun: id})
        stage.refused(client, "EINVAL", "length", read, iova=0x100000, length=MAX, **{noun: id})
        stage.refused(client, "EINVAL", "data", write, iova=0x100000, data="", **{noun: id})
        large = base64.b64encode(bytes((64 << 10) + 1)).decode()
        stage.refused(client, "EINVAL", "data", write, iova=0x100000, data=large, **{noun: id})
        stage.refused(client, gap, "iova", read, iova=0xFFFFF, length=2, **{noun: id})
        error = stage.refused(client, gap, "iova", read, iova=0x11FFFF, length=2, **{noun: id})
        if noun == "device":
            expect(error["data"]["done"] == 1, f"one byte is done: {error}")
        stage.refused(client, gap, "iova", write, iova=0, data="AAAA", **{noun: id})
        for first in (MAX, MAX - 1):
            answer = client.answer(read, iova=first, length=16, **{noun: id})
            expect(answer["error"]["data"]["errno"] in ("EOVERFLOW", gap), f"at the top: {answer}")
        data = client.call(read, iova=0x100000, length=64 << 10, **{noun: id})["data"]
        expect(len(base64.b64decode(data)) == 64 << 10, "64 KiB do not fit")
        client.call(write, iova=0x100000, data=data, **{noun: id})
    client.call("device.detach", device=device)
    error = stage.refused(client, "EFAULT", "device", "device.dma_read", device=device, iova=0x100000, length=1)
    expect(error["data"]["done"] == 0, f"{error}")
    stage.refused(client, "EINVAL", "device", "device.detach", device=device)
    stage.refused(client, "ENOENT", "hwpt", "hwpt.translate", hwpt=made["hwpt"], iova=0x100000, length=1)


@attack("devices that cannot be, and areas in their way")
def _(stage):
    client = stage.client()
    for field, params in (
        ("page_sizes", {"page_sizes": []}), ("page_sizes[0]", {"page_sizes": [0]}), ("page_sizes[1]", {"page_sizes": [4096, 3]}),
        ("page_sizes", {"page_sizes": [1 << 13]}), ("page_sizes", {"page_sizes": [1 << 63]}),
        ("page_sizes", {"page_sizes": [2048, 4096]}), ("aperture", {"aperture": {"first": 2, "last": 1}}),
        ("reserved[0]", {"reserved": [{"first": 1, "last": 0}]}), ("name", {"name": "x" * 65}), ("name", {"name": "a\nb"}),
        ("reserved", {"reserved": [{"first": 0, "last": 0}] * 65}), ("aperture", {"aperture": {"first": 0, "last": MAX}}),
        ("page_sizes", {"format": "flat", "page_sizes": [8192]}), ("page_sizes", {"page_sizes": [4096 << n for n in range(52)]}),
    ):
        answer = client.answer("device.bind", **params)
        is_error(answer, "EINVAL", field)
        stage.refused(client, "EINVAL", field, "device.bind", **params)
    for residency in ("locked", "degraded"):
        stage.refused(client, "EINVAL", "residency", "ioas.alloc", residency=residency)
    ioas = client.call("ioas.alloc")["ioas"]
    client.call("ioas.map", ioas=ioas, iova=0x100000, length=PAGE, source=NEW)
    for params in ({"reserved": [{"first": 0x100FFF, "last": 0x200000}]}, {"aperture": {"first": 0, "last": 0xFFFFF}},
                   {"aperture": {"first": 0x101000, "last": 0xFFFFFFF}}):
        device = client.call("device.bind", **params)["device"]
        stage.refused(client, "EADDRINUSE", "to", "device.attach", device=device, to=ioas)
        client.call("object.destroy", id=device)
    device = client.call("device.bind", reserved=[{"first": 0x200000, "last": 0x2FFFFF}])["device"]
    client.call("device.attach", device=device, to=ioas)
    stage.refused(client, "EINVAL", "iova", "ioas.map", ioas=ioas, iova=0x2FF000, length=PAGE, source=NEW)
    stage.refused(client, "EBUSY", "id", "object.destroy", id=device)
    stage.refused(client, "EBUSY", "id", "object.destroy", id=ioas)
    # Attached again it is as it was; moved away, its old table goes.
    before = client.objects()
    client.call("device.attach", device=device, to=ioas)
    expect(len(client.objects()) == len(before), f"{before} became {client.objects()}")
    client.call("device.attach", device=device, to=client.call("ioas.alloc")["ioas"])
    client.call("ioas.map", ioas=ioas, iova=0x2FF000, length=PAGE, source=NEW)
    stage.refused(client, "EADDRINUSE", "to", "device.attach", device=device, to=ioas)
    client.call("device.detach", device=device)
    client.call("object.destroy", id=ioas)


@attack("lists: limits of 0, after the end, with odd places to go on")
def _(stage):
    made = stage.mapped()
    client = made["client"]
    client.call("context.list", limit=1)
    for method, params in (("object.list", {}), ("memory.list", {}), ("pages.list", {}), ("context.list", {}),
                           ("ioas.areas", {"ioas": made["ioas"]})):
        stage.refused(client, "EINVAL", "limit", method, limit=0, **params)
        stage.refused(client, -32602, "limit", method, limit=1 << 32, **params)
        client.call(method, limit=(1 << 32) - 1, **params)
    for after in ((1 << 32) - 1, 0):
        client.call("object.list", after=after)
        client.call("memory.list", after=after)
    expect(client.call("object.list", after=(1 << 32) - 1)["items"] == [], "objects behind the last")
    expect(client.call("ioas.areas", ioas=made["ioas"], after=MAX)["items"] == [], "areas behind the last")
    for after in ("", "x", "/", "0", "x/y", "99999999999/a", "-1/a"):
        stage.refused(client, "EINVAL", "after", "context.list", after=after)
    seen, after = [], {}
    while True:
        page = client.call("object.list", limit=1, **after)
        seen += page["items"]
        if "next" not in page:
            break
        after = {"after": page["next"]}
    expect(seen == client.objects(), "one by one is not all")
    stage.refused(client, "EINVAL", "limit", "hwpt.translate", hwpt=made["hwpt"], iova=0, length=1, limit=0)
    for first, length, code in ((0, 0, "EINVAL"), (2, MAX, "EOVERFLOW")):
        stage.refused(client, code, "length", "hwpt.translate", hwpt=made["hwpt"], iova=first, length=length)
    runs = client.call("hwpt.translate", hwpt=made["hwpt"], iova=0, length=MAX)["runs"]
    expect(len(runs) == 1, f"in all addresses {runs}")
    client.request("server.methods", {"method": "server.nothing"})
    is_error(client.line(), "ENOENT", "method")


@attack("names of contexts")
def _(stage):
    client = stage.client()
    for bad in ("", "x" * 65, "é" * 33, "a\nb", "a\0b", "\x7f", "a\tb"):
        stage.refused(client, "EINVAL", "name", "context.open", name=bad)
        stage.refused(client, "EINVAL", "name", "context.destroy", name=bad)
    stage.refused(client, "EOPNOTSUPP", "persist", "context.open", name="hostile", persist=True)
    stage.refused(client, "ENOENT", "name", "context.open", name="hostile", create=False)
    stage.refused(client, "ENOENT", "name", "context.destroy", name="hostile")
    for owner in (1, 4242, (1 << 32) - 1):
        stage.refused(client, "ENOENT", None, "context.open", name="hostile", owner=owner)
        stage.refused(client, "ENOENT", None, "context.destroy", name="hostile", owner=owner)
    for good in ("x" * 64, "a/b", "../..", "größe", "-", "\"\\"):
        expect(client.call("context.open", name=good)["created"] is True, "it was there")
        expect(good in [one["name"] for one in client.call("context.list")["items"]], f"{good} is not listed")
