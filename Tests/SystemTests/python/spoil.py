# SPDX-License-Identifier: Apache-2.0
"""spoil.py PID corrupt|newer UID CONTEXT: changes the log of a user's context, which the daemon PID has open, as a
defect or a later daemon would."""

import os
import struct
import sys


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


pid, how, owner, context = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4].encode()
found = 0
for name in os.listdir(f"/proc/{pid}/fd"):
    path = f"/proc/{pid}/fd/{name}"
    if not os.readlink(path).startswith("/memfd:iommud-log"):
        continue
    with open(path, "r+b", buffering=0) as log:
        header = bytearray(os.pread(log.fileno(), 128, 0))
        uid, length = struct.unpack_from("<II", header, 32)
        if uid != owner or header[40 : 40 + length] != context:
            continue
        found += 1
        if how == "newer":
            struct.pack_into("<II", header, 8, 99, 99)
            struct.pack_into("<I", header, 104, crc32c(header[:104]))
            os.pwrite(log.fileno(), header, 0)
        else:
            # In the first record.
            byte = os.pread(log.fileno(), 1, 137)[0]
            os.pwrite(log.fileno(), bytes([byte ^ 0xFF]), 137)
if found == 0:
    sys.exit(f"no log of context {context.decode()}")
