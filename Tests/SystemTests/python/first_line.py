# SPDX-License-Identifier: Apache-2.0
# first_line.py SOCKET: memory through a running iommud and back, with Python's own library alone.
import json, mmap, os, socket, sys

daemon = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
daemon.connect(sys.argv[1])

def call(method, *fds, **params):
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params} | ({"fds": len(fds)} if fds else {})
    socket.send_fds(daemon, [json.dumps(request).encode() + b"\n"], fds)
    line, received = b"", []
    while not line.endswith(b"\n"):
        data, more, _, _ = socket.recv_fds(daemon, 65536, 16)
        line, received = line + data, received + more
    answer = json.loads(line)
    return answer["result"], received

text = os.urandom(8192)
memfd = os.memfd_create("first-line")
os.write(memfd, text)
ioas = call("ioas.alloc")[0]["ioas"]
iova = call("ioas.map", memfd, ioas=ioas, length=8192, source={"kind": "fd", "fd": 0})[0]["iova"]
access = call("access.create", ioas=ioas, pins=True)[0]["access"]
segment = call("access.pin", access=access, iova=iova, length=8192)[0]["segments"][0]
opened = call("memory.open", memory=segment["memory"], write=False)[1][0]
seen = mmap.mmap(opened, segment["length"], prot=mmap.PROT_READ, offset=segment["offset"])
print("first line:", "ok" if seen[:] == text and opened != memfd else sys.exit("the bytes differ"))
