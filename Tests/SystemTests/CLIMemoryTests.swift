// SPDX-License-Identifier: Apache-2.0

import IommuClient
import Testing
import iommuctl

@Suite("Memory and contexts on the command line")
struct CLIMemoryTests {
  @Test("memory by its id, of a process, and all about it")
  func memory() throws {
    try CLIDaemon().check(
      #"""
      $ iommuctl ioas alloc
      ioas 1
      $ iommuctl ioas map 1 --size 64K --iova 0x10000
      0x10000: 65536 bytes of fresh memory, 16 pages, memory 2
      $ iommuctl ioas map 1 --source memory:2+4K --length 8K --iova 0x40000
      0x40000: 8192 bytes, 2 pages, memory 2
      $ iommuctl ioas map 1 --source memory:2+60K --iova 0x50000 -j
      {"schemaVersion":1,"iova":"0x50000","length":4096,"memory":2}
      $ iommuctl ioas map 1 --source memory:2+64K
      iommuctl: memory 2 holds 65536 bytes; offset 65536 is past them
      [64]
      $ iommuctl memory show 2 | sed 's/pinned\|locked/HELD/'
         memory: 2, made by the daemon
           size: 65536 bytes, sealed
         rights: reading and writing
      residency: HELD
         HELD: 0 pages, for which the kernel holds 0
        pages 3: 16 pages from byte 0 on, 0 HELD
        pages 4: 2 pages from byte 4096 on, 0 HELD
        pages 5: 1 page from byte 61440 on, 0 HELD
      $ iommuctl memory show 2 -q
      3
      4
      5
      $ iommuctl memory show 9
      iommuctl: ENOENT: there is no memory 9 (memory)
      [1]
      $ iommuctl ioas map 1 --size 8M --hugepages transparent --iova 0x800000
      0x800000: 8388608 bytes of fresh memory, in huge pages if possible, 2048 pages, memory 6
      $ iommuctl access create 1
      access 8
      $ iommuctl ioas map 1 --process $$@0x$(head -c 12 /proc/$$/maps) --length 4K --iova 0x60000 -q; iommuctl access read 8 0x60001 3
      0x60000
      ELF
      $ iommuctl access read 8 0x60001 3
      iommuctl: EFAULT: page 0 of the memory is not there; populate it first (iova)
      [1]
      $ iommuctl ioas map 1 --process self@0x1000 --length 4K --iova 0x70000 --read-only
      0x70000: 4096 bytes of process self at 0x1000, 1 page, memory 11
      $ iommuctl memory list -q
      2
      6
      9
      11
      $ iommuctl memory open 9
      iommuctl: EOPNOTSUPP: memory 9 is part of a process, which nobody else can map (memory)
      [1]
      $ iommuctl ioas map 1 --process 0@0x1000 --length 4K
      iommuctl: cannot open '/proc/0/mem': No such file or directory
      [1]
      $ iommuctl --context '' status | sed -n '/^ *quota/{s/^ *//;s/ of .*//;p}'
      quota: connections: 1
      quota: contexts: 1
      quota: objects: 6
      quota: areas: 6
      quota: descriptors: 6
      quota: held_bytes: 8 MiB
      quota: pinned_bytes: 8 MiB
      """#)
  }

  @Test("options of contexts, and contexts of others")
  func contexts() throws {
    try CLIDaemon().check(
      #"""
      $ iommuctl context option
      rlimit_mode user, frames bus
      $ iommuctl --context f context option --frames fragmented -- iommuctl --context f ioas alloc
      ioas 1
      $ iommuctl --context f context option -j
      {"schemaVersion":1,"rlimit_mode":"user","frames":"fragmented"}
      $ iommuctl --context f context option --frames bus
      iommuctl: EBUSY: frames is fixed by the first object, and the context holds 1 (frames)
      [1]
      $ iommuctl context option --rlimit-mode process
      iommuctl: EPERM: who pays for pins is said by the admin role (rlimit_mode)
      [1]
      $ iommuctl context option -- sh -c 'exit 3'
      [3]
      $ iommuctl --owner 12345 ioas alloc
      iommuctl: ENOENT: there is no such context of uid 12345 (owner)
      [1]
      $ iommuctl --owner 12345 context open default
      iommuctl: ENOENT: there is no such context of uid 12345 (owner)
      [1]
      $ iommuctl --owner 12345 --context '' ioas alloc
      iommuctl: --owner goes with a context that has a name
      [64]
      $ iommuctl --owner $(id -u) --context f ioas list -q
      1
      """#)
  }

  @Test("places in memory and in processes, as people write them")
  func places() {
    #expect(MemoryPlace("memory:4") == MemoryPlace(memory: 4, offset: 0))
    #expect(MemoryPlace("memory:0x4+64K") == MemoryPlace(memory: 4, offset: 65536))
    for text in ["", "4", "memory:", "memory:-1", "memory:4+", "memory:4+x", "memory:4294967296", "fd:3"] {
      #expect(MemoryPlace(text) == nil, "\(text)")
    }
    #expect(ProcessPlace("12@0x1000")?.address == IOVA(0x1000))
    #expect(ProcessPlace("self@4096")?.pid == "self")
    for text in ["", "12", "12@", "@0x1000", "12@x", "-1@0x1000", "../1@0x1000", "12@0x1@2"] {
      #expect(ProcessPlace(text) == nil, "\(text)")
    }
  }
}
