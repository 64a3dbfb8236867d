# SPDX-License-Identifier: Apache-2.0
"""Attacks on lines, values and the descriptors between them."""

import json
import os
import socket

from hostile_kit import PAGE, attack, expect, is_error

HEAD = b'{"jsonrpc":"2.0","id":7,"method":'
MIB = 1 << 20


def line_costs(stage, line, code, field=None, id=None, fds=()):
    """One line costs one error, and the connection goes on."""
    client = stage.client()
    before = (client.objects(), stage.state())
    client.send(line + b"\n", fds)
    answer = client.line()
    is_error(answer, code, field)
    expect(answer["id"] == id, f"{line[:60]!r}: id {answer['id']!r} instead of {id!r}")
    expect((client.objects(), stage.state()) == before, f"{line[:60]!r} changed something")
    client.close()


@attack("unknown methods")
def _(stage):
    for method in ("ioas.nothing", "", "IOAS.alloc", "ioas.alloc ", "x" * 100_000, "ioas.copied", "\0", "ioas"):
        stage.refused(stage.client(), -32601, None, method)


@attack("members missing, unknown, of wrong types")
def _(stage):
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    new = {"kind": "new"}
    for field, method, params in (
        ("ioas", "ioas.areas", {}),
        ("length", "ioas.map", {"ioas": ioas, "source": new}),
        ("source", "ioas.map", {"ioas": ioas, "length": PAGE}),
        ("source.kind", "ioas.map", {"ioas": ioas, "length": PAGE, "source": {}}),
        ("source.fd", "ioas.map", {"ioas": ioas, "length": PAGE, "source": {"kind": "fd"}}),
        ("iova", "ioas.unmap", {"ioas": ioas, "length": PAGE}),
        ("ranges[1].iova", "ioas.unmap", {"ioas": ioas, "ranges": [{"iova": 0, "length": 1}, {"length": 1}]}),
        ("bogus", "ioas.alloc", {"bogus": 1}),
        ("", "ioas.alloc", {"": 1}),
        ("Ioas", "ioas.areas", {"ioas": ioas, "Ioas": ioas}),
        ("source.offset", "ioas.map", {"ioas": ioas, "length": PAGE, "source": new | {"offset": 0}}),
        ("iova", "ioas.unmap", {"ioas": ioas, "all": True, "iova": 0}),
        ("length", "ioas.map", {"ioas": ioas, "ranges": [{"length": PAGE, "source": new}], "length": PAGE}),
        ("source.kind", "ioas.map", {"ioas": ioas, "length": PAGE, "source": {"kind": "disk"}}),
        ("source", "ioas.map", {"ioas": ioas, "length": PAGE, "source": "new"}),
        ("read", "ioas.map", {"ioas": ioas, "length": PAGE, "source": new, "read": 1}),
        ("write", "ioas.map", {"ioas": ioas, "length": PAGE, "source": new, "write": None}),
        ("ranges", "ioas.map", {"ioas": ioas, "ranges": {}}),
        ("ranges[0]", "ioas.map", {"ioas": ioas, "ranges": [7]}),
        ("name", "context.open", {"name": 7}),
        ("name", "context.open", {"name": ["a"]}),
        ("data", "access.write", {"access": 1, "iova": 0, "data": "=AAA"}),
        ("data", "access.write", {"access": 1, "iova": 0, "data": "AAA"}),
        ("data", "access.write", {"access": 1, "iova": 0, "data": "A A="}),
        ("format", "device.bind", {"format": "arm"}),
        ("page_sizes[1]", "device.bind", {"page_sizes": [4096, "4096"]}),
        ("aperture.last", "device.bind", {"aperture": {"first": 0}}),
    ):
        stage.refused(client, -32602, field, method, **params)
    before = client.objects()
    for params in ([], "x", 1, None, [{"ioas": ioas}]):
        client.request("ioas.alloc", params)
        is_error(client.line(), -32602)
    expect(client.objects() == before, "wrong params changed something")


@attack("numbers that are no 64-bit integers, and ids beyond 32 bits")
def _(stage):
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    before = (client.objects(), stage.state())
    for number in ("1.0", "1e3", "4096.0", "4E3", "0.0", "-0.0", "-1", "18446744073709551616", "1e400", '"4096"'):
        text = f'"ioas.map","params":{{"ioas":{ioas},"length":{number},"source":{{"kind":"new"}}}}}}'
        client.send(HEAD + text.encode() + b"\n")
        is_error(client.line(), -32602, "length")
    for number in ("1.0", "1e0", "-1", "4294967296", "18446744073709551617", f'"{ioas}"', "true", "null"):
        client.send(HEAD + f'"ioas.areas","params":{{"ioas":{number}}}}}\n'.encode())
        is_error(client.line(), -32602, "ioas")
    expect((client.objects(), stage.state()) == before, "a number changed something")
    is_error(client.answer("ioas.areas", ioas=0), "ENOENT", "ioas")
    is_error(client.answer("ioas.areas", ioas=(1 << 32) - 1), "ENOENT", "ioas")
    is_error(client.answer("object.destroy", id=0), "ENOENT", "id")


@attack("addresses: integers and hex strings are equal, all else is refused, answers are hex strings")
def _(stage):
    made = stage.mapped(pages=2, iova="0xAb000")
    client, access, there = made["client"], made["access"], 0xAB000
    expect(made["iova"] == there, "mapped elsewhere")
    ways = [there, hex(there), "0xAB000", "0x00000000000ab000"]
    for way in ways:
        at = {"iova": way, "length": PAGE}
        client.call("access.read", access=access, **at)
        client.call("device.dma_read", device=made["device"], **at)
        client.call("device.dma_write", device=made["device"], iova=way, data="AAAA")
        client.call("access.write", access=access, iova=way, data="AAAA")
        runs = client.call("hwpt.translate", hwpt=made["hwpt"], **at)["runs"]
        expect(runs[0]["iova"] == "0xab000" and runs[0]["frame"].startswith("0x"), f"not as hex: {runs}")
        pin = client.call("access.pin", access=access, **at)["pin"]
        client.call("access.unpin", access=access, pin=pin)
        expect(client.call("ioas.areas", ioas=made["ioas"], after=way)["items"] == [], "an area above itself")
    for way in ("ab000", "0x", "0X1000", "0x1000 ", " 0x1000", "4096", "-0x1", "0x1_0", "0x" + "1" * 17, "", -1, True):
        stage.refused(client, -32602, "iova", "access.read", access=access, iova=way, length=1)
    ranges = client.call("ioas.iova_ranges", ioas=made["ioas"])["ranges"]
    expect(all(one[end].startswith("0x") for one in ranges for end in ("first", "last")), f"not as hex: {ranges}")
    other = client.call("ioas.alloc")["ioas"]
    client.call("ioas.map", ioas=other, iova=(1 << 64) - PAGE, length=PAGE, source={"kind": "new"})
    [area] = client.call("ioas.areas", ioas=other)["items"]
    expect(area["iova"] == "0xfffffffffffff000", f"the top page is answered as {area}")
    expect(client.call("ioas.unmap", ioas=other, iova="0xfffffffffffff000", length=PAGE)["unmapped"] == PAGE, "?")
    for way in ({"first": "0x1000", "last": 0x1FFF}, {"first": 4096, "last": "0x1FFF"}):
        client.call("device.bind", reserved=[way])


@attack("broken JSON: one error with id null, and the next line is read")
def _(stage):
    deep = HEAD + b'"ioas.alloc","params":' + b'{"a":' * 32 + b"1" + b"}" * 32 + b"}"
    for text in (
        b"{", b"}", b"nonsense", b'"', b"{]", b'{"a":1,}', b'{"a" 1}', b"[1,]", b"01", b"+1", b"1.", b".5", b"NaN",
        b"\xef\xbb\xbf{}", b"{}{}", b"\0", b"'a'", b"{a:1}", b"tru", b"[" * 33, b"[" * 1_000_000, deep,
        HEAD + b'"ioas.alloc","id":8}',
        HEAD + b'"ioas.alloc","params":{"residency":"pinned","residency":"pinned"}}',
        HEAD + b'"ioas.alloc","params":{"a":{"b":1,"\\u0062":2}}}',
        HEAD + b'"ioas.alloc\xff"}', HEAD + b'"\xc0\xaf"}', HEAD + b'"\xed\xa0\x80"}', HEAD + b'"\xf4\x90\x80\x80"}',
        HEAD + b'"\\ud800"}', HEAD + b'"\\udc00\\ud800"}', HEAD + b'"\\ud800\\u0041"}', HEAD + b'"\\x41"}',
        HEAD + b'"a\tb"}', HEAD + b'"\xe2\x82"}',
    ):
        line_costs(stage, text, -32700)
    client = stage.client()
    client.send(b"\n\r\n  \n{\n" + HEAD + b'"server.info"}\r\n' + HEAD + b'"server.i\\u006efo"}\n')
    is_error(client.line(), -32700)
    expect("result" in client.line() and "result" in client.line(), "blank lines, CRLF or an escape are not read")
    fine = HEAD + b'"server.methods","params":' + b'{"a":' * 31 + b"1" + b"}" * 31 + b"}"
    line_costs(stage, fine, -32602, "a", id=7)


@attack("lines of 1 MiB and more")
def _(stage):
    client = stage.client()
    for size, works in ((MIB, True), (MIB + 1, False), (MIB + 2, False), (3 * MIB, False), (20 * MIB, False)):
        text = HEAD + b'"server.info"' + b" " * (size - len(HEAD) - 14) + b"}"
        expect(len(text) == size, "the attack itself is wrong")
        client.send(text + b"\n")
        answer = client.line()
        expect(("result" in answer) == works, f"a line of {size} bytes: {str(answer)[:200]}")
        if not works:
            is_error(answer, -32700)
            expect(answer["id"] is None, "an id from a skipped line")
    client.call("server.info")
    client.send(b" " * (2 * MIB) + b"\n")
    client.send(b" " * (2 * MIB))
    is_error(client.line(), -32700)
    client.send(b"\n")
    is_error(client.line(), -32700)
    client.call("server.info")


@attack("envelopes that are no requests")
def _(stage):
    request = {"jsonrpc": "2.0", "id": 5, "method": "ioas.alloc"}

    def case(change, id=5, drop=None, field=None):
        both = {name: value for name, value in (request | change).items() if name != drop}
        line_costs(stage, json.dumps(both).encode(), -32600, field, id)

    line_costs(stage, b"[" + json.dumps(request).encode() + b"]", -32600)
    for text in (b"[]", b"7", b'"ioas.alloc"', b"null", b"true"):
        line_costs(stage, text, -32600)
    case({}, id=None, drop="id", field="id")
    for bad in (None, 1.5, 1e3, True, [], {}, "x" * 65, "ä" * 33):
        case({"id": bad}, id=None, field="id")
    line_costs(stage, b'{"jsonrpc":"2.0","id":1.0,"method":"ioas.alloc"}', -32600, "id")
    line_costs(stage, b'{"jsonrpc":"2.0","id":18446744073709551616,"method":"ioas.alloc"}', -32600, "id")
    case({}, drop="jsonrpc", field="jsonrpc")
    for bad in ("1.0", 2.0, "2.0 ", None):
        case({"jsonrpc": bad}, field="jsonrpc")
    case({}, drop="method", field="method")
    case({"method": 7}, field="method")
    case({"method": None}, field="method")
    case({"extra": 1}, field="extra")
    case({"key": 7}, field="key")
    case({"key": "k" * 65}, field="key")
    for bad in (-1, "1", None, 1.5, 1 << 70):
        case({"fds": bad}, field="fds")
    client = stage.client()
    for good in (0, -5, (1 << 64) - 1, -(1 << 63), "", "x" * 64, "\u0000\u001f\"\\ é", "😀"):
        client.send(json.dumps({"jsonrpc": "2.0", "id": good, "method": "server.info"}).encode() + b"\n")
        answer = client.line()
        expect(answer["id"] == good and "result" in answer, f"id {good!r} is echoed as {answer['id']!r}")


@attack("descriptors that do not match what a line says")
def _(stage):
    one, two = stage.memfd(1), stage.memfd(1)

    def line(count=None, method="server.info"):
        both = {"jsonrpc": "2.0", "id": 3, "method": method}
        return json.dumps(both if count is None else both | {"fds": count}).encode() + b"\n"

    for pieces in (
        [(line(1), [])],
        [(line(1), [one, two])],
        [(line(2), [one])],
        [(line(16), [one] * 17)],
        [(line(17), [one] * 17)],
        [(line(), [one])],
        [(line(0), [one])],
        [(line(1), [one] * 253)],
        [(line(), []), (line(), [one]), (line(1), [])],
        [(b"nonsense\n", [one])],
        [(b"[]\n", [one])],
        [(b'{"jsonrpc":"2.0","id":1,"method":"server.info","fds":"1"}\n', [one])],
        [(b"\n", [one])],
        [(b" ", [one]), (b"\n", [])],
    ):
        client = stage.client()
        for data, fds in pieces:
            try:
                client.send(data, fds)
            except (BrokenPipeError, ConnectionResetError):
                break
        answers = []
        while (answer := client.line()) is not None:
            answers.append(answer)
        errors = [one for one in answers if "error" in one]
        expect(len(errors) == 1 and answers[-1] is errors[0], f"{pieces[0][0][:70]}: {answers}")
        is_error(errors[0], -32600, "fds")
        client.close()
    # What a line says it brings and nobody asks for is closed, and the connection lives.
    client = stage.client()
    client.call("server.info", one, two)
    is_error(client.answer("ioas.nothing", one), -32601)
    is_error(client.answer("ioas.alloc", one, bogus=1), -32602)
    client.send(b'{"jsonrpc":"2.0","id":1,"method":"server.info","fds":1,"x":1}\n', [one])
    is_error(client.line(), -32600, "x")
    ioas = client.call("ioas.alloc")["ioas"]
    for index in (2, 16, (1 << 32) - 1):
        stage.refused(
            client, "EINVAL", "source.fd", "ioas.map", one, two, ioas=ioas, length=PAGE,
            source={"kind": "fd", "fd": index},
        )
    stage.refused(client, "EINVAL", "source.fd", "ioas.map", ioas=ioas, length=PAGE, source={"kind": "fd", "fd": 0})
    client.call("server.info", *[one] * 16)


@attack("descriptors on overlong lines and on half lines")
def _(stage):
    one = stage.memfd(1)
    for head, tail in (([one], []), ([], [one])):
        client = stage.client()
        try:
            client.send(b" " * (2 * MIB), head)
            client.send(b" " * 100, tail)
        except (BrokenPipeError, ConnectionResetError):
            pass
        is_error(client.line(), -32600)
        expect(client.closed(), "the connection goes on")
    for data in (b"", b'{"jsonrpc":"2.0","id":1,"met', b'{"jsonrpc":"2.0","id":1,"method":"server.info","fds":3}'):
        for fds in ([], [one] * 3):
            client = stage.client()
            if data:
                client.send(data, fds)
            client.close()
    # A line that comes byte by byte, its descriptors with the first.
    client = stage.client()
    ioas = client.call("ioas.alloc")["ioas"]
    params = {"ioas": ioas, "length": PAGE, "source": {"kind": "fd", "fd": 0}}
    text = json.dumps({"jsonrpc": "2.0", "id": 9, "method": "ioas.map", "params": params, "fds": 1}).encode() + b"\n"
    client.send(text[:1], [one])
    for byte in text[1:]:
        client.send(bytes([byte]))
    expect("result" in client.line(), "byte by byte is not the same")


@attack("end of input: what was read is answered, then the connection closes")
def _(stage):
    client = stage.client()
    client.send(b"".join(HEAD + b'"ioas.alloc"}\n' for _ in range(100)) + b'{"half')
    client.socket.shutdown(socket.SHUT_WR)
    for _ in range(100):
        expect("result" in client.line(), "a request that was read is not answered")
    is_error(client.line(), -32700)
    expect(client.closed(), "the connection goes on")


@attack("random bytes")
def _(stage):
    for _ in range(50):
        client = stage.client()
        data = os.urandom(2000) + b"\n"
        client.send(data)
        count = sum(1 for part in data.split(b"\n") if part.strip(b" \t\r"))
        for _ in range(count):
            # A digit alone is JSON.
            expect(client.line()["error"]["code"] in (-32700, -32600), "random bytes are read")
        client.call("server.info")
        client.close()
