# SPDX-License-Identifier: Apache-2.0
"""knock.py PATH COUNT: connects COUNT times, with pauses around the time that a daemon takes to end, and expects
an answer each time."""

import json
import random
import socket
import sys
import time

path, count = sys.argv[1], int(sys.argv[2])
seed = random.randrange(1 << 32)
chance = random.Random(seed)
slowest = 0.0
for number in range(count):
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(30)
        client.connect(path)
        client.sendall(b'{"jsonrpc":"2.0","id":%d,"method":"server.info"}\n' % number)
        data = b""
        while not data.endswith(b"\n"):
            more = client.recv(65536)
            if not more:
                sys.exit(f"connection {number} was lost (seed {seed})")
            data += more
        answer = json.loads(data)
        if answer.get("id") != number or "result" not in answer:
            sys.exit(f"connection {number}: {answer} (seed {seed})")
    slowest = max(slowest, time.monotonic() - began)
    time.sleep(chance.choice([0, 0.0005, 0.002, 0.005, 0.01, 0.02]))
print(f"{count} answered, the slowest after {slowest * 1000:.0f} ms")
