// SPDX-License-Identifier: Apache-2.0

import Testing

/// Sessions with the real program and the real daemon, byte for byte.
@Suite("What the command line answers")
struct CLIGoldenTests {
  @Test("the main job, for people")
  func mainJob() throws {
    try CLIDaemon().check(
      #"""
      $ head -c 20000 /dev/zero | tr '\0' x >file
      $ iommuctl ioas alloc
      ioas 1
      $ iommuctl device bind --name disk
      device 2
      $ iommuctl device attach 2 1
      device 2 sees 1 through hwpt 3
      $ iommuctl ioas map 1 --file file
      0x8000: 20000 bytes of file and 480 of padding, 5 pages, memory 4
      $ iommuctl ioas map 1 --size 64K --iova 0x100000 --read-only
      0x100000: 65536 bytes of fresh memory, 16 pages, memory 6
      $ iommuctl ioas map 1 --memory 4 --offset 4K --length 8K --iova 2097152
      0x200000: 8192 bytes, 2 pages, memory 4
      $ iommuctl ioas areas 1
         FIRST      LAST  LENGTH  PROT  MEMORY  OFFSET  PAGES  PINS  STATE
        0x8000    0xcfff     20K  rw         4       0      5     0  mapped
      0x100000  0x10ffff     64K  r-         6       0      7     0  mapped
      0x200000  0x201fff      8K  rw         4      4K      8     0  mapped

      |############+~~~~~~~~~+########################################+~~~~~~~~+#####|
      0x8000                                                                  0x201fff
      # mapped  + in part  ~ a hole too long to draw
      $ iommuctl ioas ranges 1
      FIRST            LAST  ALIGNMENT
        0x0  0xffffffffffff         4K
      $ iommuctl hwpt translate 3 0x8000+4M
          IOVA  LENGTH  PAGE  PROT        FRAME  MEMORY  OFFSET
        0x8000     20K    4K  rw    0x100000000       4       0
      0x100000     64K    4K  r-    0x140000000       6       0
      0x200000      8K    4K  rw    0x100001000       4      4K
      $ iommuctl access create 1
      access 9
      $ iommuctl access read 9 0x8000 20000 | cmp - file
      $ iommuctl access read 9 0x8000+20000 --map | cmp - file
      $ iommuctl device read 2 0x8000-0xce1f | cmp - file
      $ printf hello | iommuctl access write 9 0x8ffe
      wrote 5 bytes at 0x8ffe
      $ printf DMA | iommuctl device write 2 0x9000
      wrote 3 bytes at 0x9000
      $ iommuctl access read 9 0x8ffc 8
      xxheDMAx
      $ iommuctl access pin 9 0x9000 6000
      PIN  MEMORY  OFFSET  LENGTH  MAPPABLE
        2       4      4K    6000  yes
      $ iommuctl access pin 9 0x9000+6000 -- iommuctl pages tiers 5
      FIRST  LAST  COUNT  TIER    PINNED  PINS  DOMAINS
          0     0      1  domain  yes        0        1
          1     2      2  store   yes        1        1
          3     4      2  domain  yes        0        1

      store  |..............############################............................|
      domain |##############............................############################|
      origin |......................................................................|
      pins   |..............1111111111111111111111111111............................|
              0                                                                    4
      # held there  + in part  a page of 4 KiB is 14 columns
      $ iommuctl pages list | sed s/locked/pinned/
      ID  MEMORY  OFFSET  COUNT  PINNED  WRITABLE  RESIDENCY
       5       4       0      5       5  yes       pinned
       7       6       0     16      16  no        pinned
       8       4      4K      2       2  yes       pinned
      $ iommuctl memory open 4
      memory 4: 20480 bytes, open for reading and writing
      $ iommuctl memory open 4 -- head -c 3 /dev/fd/3
      xxx
      $ iommuctl device detach 2
      device 2 is detached
      $ iommuctl ioas unmap 1 0x8000
      unmapped 20480 bytes (20 KiB)
      $ iommuctl ioas unmap 1 0x100000-0x10ffff
      unmapped 65536 bytes (64 KiB)
      $ iommuctl ioas unmap 1 0x200000 8K
      unmapped 8192 bytes (8 KiB)
      $ iommuctl object list --kind access
      ID  KIND    STATE
       9  access  of IOAS 1, 0 pins
      $ iommuctl object destroy 9
      9 is gone
      $ iommuctl object destroy 2 1
      2, 1 are gone
      $ iommuctl context list -q
      $ iommuctl context destroy default
      iommuctl: ENOENT: uid N has no context default (name)
      [1]
      $ iommuctl context list
      NAME  OWNER  CONNECTIONS  OBJECTS  KEPT  STATE
      """#)
  }

  @Test("one JSON object from every verb, with its version")
  func json() throws {
    try CLIDaemon().check(
      #"""
      $ iommuctl -j ioas alloc
      {"schemaVersion":1,"ioas":1}
      $ iommuctl -j device bind
      {"schemaVersion":1,"device":2}
      $ iommuctl -j device attach 2 1
      {"schemaVersion":1,"hwpt":3}
      $ printf 'twelve bytes' | iommuctl ioas map 1 --file - -j
      {"schemaVersion":1,"iova":"0x1000","length":4096,"memory":4,"file_length":12}
      $ iommuctl ioas areas 1 --json
      {"schemaVersion":1,"items":[{"iova":"0x1000","length":4096,"pages":5,"memory":4,"offset":0,"read":true,"write":true,"pins":0,"state":"mapped"}]}
      $ iommuctl ioas list -j | sed 's/"summary":"[^"]*"/"summary":"..."/g'
      {"schemaVersion":1,"items":[{"id":1,"kind":"ioas","summary":"..."}]}
      $ iommuctl ioas ranges 1 -j
      {"schemaVersion":1,"items":[{"first":"0x0","last":"0xffffffffffff"}],"alignment":4096}
      $ iommuctl hwpt translate 3 0x1000+4K -j
      {"schemaVersion":1,"items":[{"iova":"0x1000","length":4096,"page_size":4096,"read":true,"write":true,"frame":"0x100000000","memory":4,"offset":0}]}
      $ iommuctl pages list -j | sed 's/"residency":"[a-z]*"/"residency":"..."/'
      {"schemaVersion":1,"items":[{"pages":5,"memory":4,"offset":0,"count":1,"writable":true,"pinned_pages":1,"residency":"..."}]}
      $ iommuctl pages tiers 5 -j | sed 's/"residency":"[a-z]*"/"residency":"..."/'
      {"schemaVersion":1,"info":{"pages":5,"memory":4,"offset":0,"count":1,"writable":true,"pinned_pages":1,"residency":"..."},"items":[{"page":0,"count":1,"tier":"domain","pinned":true,"accesses":0,"domains":1}]}
      $ iommuctl access create 1 -j
      {"schemaVersion":1,"access":6}
      $ iommuctl access read 6 0x1000 6 -j
      {"schemaVersion":1,"iova":"0x1000","length":6,"data":"dHdlbHZl"}
      $ iommuctl access read 6 0x1000 6 --map -j
      {"schemaVersion":1,"iova":"0x1000","length":6,"data":"dHdlbHZl"}
      $ iommuctl device read 2 0x1006+6 -j
      {"schemaVersion":1,"iova":"0x1006","length":6,"data":"IGJ5dGVz"}
      $ iommuctl access pin 6 0x1000 12 -j
      {"schemaVersion":1,"access":6,"pin":2,"items":[{"memory":4,"offset":0,"length":12,"mappable":true}]}
      $ printf x | iommuctl access write 6 0x1000 -j
      {"schemaVersion":1,"iova":"0x1000","length":1}
      $ iommuctl memory open 4 -j
      {"schemaVersion":1,"memory":4,"size":4096,"write":true}
      $ iommuctl ioas unmap 1 --all -j
      {"schemaVersion":1,"unmapped":4096}
      $ iommuctl object destroy 6 -j
      {"schemaVersion":1,"items":[6]}
      $ iommuctl device detach 2 -j
      {"schemaVersion":1}
      $ iommuctl object list -j | sed 's/"summary":"[^"]*"/"summary":"..."/g'
      {"schemaVersion":1,"items":[{"id":1,"kind":"ioas","summary":"..."},{"id":2,"kind":"device","summary":"..."}]}
      $ iommuctl context open other -j | sed 's/"owner":[0-9]*/"owner":N/'
      {"schemaVersion":1,"created":true,"owner":N,"objects":0,"persistent":false,"degraded":0}
      $ iommuctl context list -j | sed 's/"\(owner\|connections\)":[0-9]*/"\1":N/g'
      {"schemaVersion":1,"items":[{"name":"default","owner":N,"connections":N,"objects":2,"current":false,"persistent":false,"state":"ready"}]}
      $ iommuctl call -j ioas.alloc
      {"schemaVersion":1,"ioas":7}
      $ iommuctl call -j object.list '{"kind":"ioas"}' | sed 's/"summary":"[^"]*"/"summary":"..."/g'
      {"schemaVersion":1,"items":[{"id":1,"kind":"ioas","summary":"..."},{"id":7,"kind":"ioas","summary":"..."}]}
      $ iommuctl methods object.destroy -j
      {"schemaVersion":1,"items":[{"name":"object.destroy","summary":"Destroys an object that nothing stands on.","role":"user","params":{"type":"object","properties":{"id":{"type":"integer","minimum":0,"maximum":4294967295,"description":"of the object"}},"required":["id"],"additionalProperties":false},"result":{"type":"object","properties":{}},"errors":["EBUSY","ENOENT"],"takes_key":true}]}
      $ iommuctl status -j | cut -c 1-49
      {"schemaVersion":1,"info":{"version":"0.1.0","pro
      $ iommuctl context destroy default -j
      {"schemaVersion":1,"objects":3}
      """#)
  }

  @Test("ids alone, tables without legend, and contexts")
  func ids() throws {
    try CLIDaemon().check(
      #"""
      $ iommuctl -q ioas alloc
      1
      $ iommuctl -q device bind
      2
      $ iommuctl -q device attach 2 1
      3
      $ iommuctl -q ioas map 1 --size 8K
      0x2000
      $ iommuctl -q ioas areas 1
      0x2000
      $ iommuctl ioas areas 1 --no-legend
      0x2000  0x3fff  8K  rw  4  0  5  0  mapped
      $ iommuctl -q ioas ranges 1
      0x0-0xffffffffffff
      $ iommuctl -q hwpt translate 3 0x2000+8K
      0x100000000
      $ iommuctl --no-legend hwpt translate 3 0x2000+8K
      0x2000  8K  4K  rw  0x100000000  4  0
      $ iommuctl -q memory list
      4
      $ iommuctl -q pages list
      5
      $ iommuctl -q pages tiers 5
      0
      $ iommuctl --no-legend pages tiers 5
      0  1  2  domain  yes  0  1
      $ iommuctl -q access create 1
      6
      $ iommuctl -q access pin 6 0x2000 4K
      1
      $ iommuctl --no-legend access pin 6 0x2000 4K
      2  4  0  4K  yes
      $ printf x | iommuctl -q access write 6 0x2000
      $ iommuctl -q access read 6 0x2000 1
      x
      $ iommuctl -q object list
      1
      2
      3
      4
      5
      6
      $ iommuctl -q status
      $ iommuctl -q call server.info
      $ iommuctl -q methods | head -n 3
      server.info
      server.methods
      server.stats
      $ iommuctl -q ioas unmap 1 0x2000
      $ iommuctl -q object destroy 6
      $ iommuctl --context b -q ioas alloc
      1
      $ IOMMUCTL_CONTEXT=c iommuctl -q ioas alloc
      1
      $ iommuctl --context '' -q ioas alloc
      1
      $ iommuctl context list -q
      b
      c
      default
      """#)
  }

  @Test("refusals, and a daemon that is not there")
  func refusals() throws {
    try CLIDaemon().check(
      #"""
      $ iommuctl object destroy 99
      iommuctl: ENOENT: there is no object 99 (id)
      [1]
      $ iommuctl ioas unmap 1 0x1000 4K
      iommuctl: ENOENT: there is no object 1 (ioas)
      [1]
      $ iommuctl ioas alloc
      ioas 1
      $ iommuctl ioas map 1 --size 0
      iommuctl: EINVAL: the length is 0 (length)
      [1]
      $ iommuctl ioas map 1 --size 8K --iova 0x2000
      0x2000: 8192 bytes of fresh memory, 2 pages, memory 2
      $ iommuctl ioas map 1 --size 8K --iova 0x3000
      iommuctl: EEXIST: an area lies at 0x2000-0x3fff (iova)
      [1]
      $ iommuctl ioas unmap 1 0x2000 4K
      iommuctl: ENOENT: 0x2000-0x2fff cuts the area at 0x2000-0x3fff (iova)
      [1]
      $ iommuctl ioas unmap 1 0x3000
      iommuctl: ENOENT: no area begins at 0x3000 (iova)
      [1]
      $ iommuctl ioas map 1 --memory 2 --offset 8K
      iommuctl: memory 2 holds 8192 bytes; offset 8192 is past them
      [64]
      $ iommuctl ioas map 1 --memory 9
      iommuctl: ENOENT: there is no memory 9 (memory)
      [1]
      $ iommuctl ioas map 1 --fd 9 9<&-
      iommuctl: descriptor 9: Bad file descriptor
      [64]
      $ iommuctl ioas map 1 --fd 0
      iommuctl: descriptor 0 holds 0 bytes; offset 0 is past them
      [64]
      $ iommuctl ioas map 1 --file missing
      iommuctl: cannot open 'missing': No such file or directory
      [1]
      $ >empty; iommuctl ioas map 1 --file empty
      iommuctl: 'empty' is empty: there is nothing to map
      [1]
      $ iommuctl ioas map 1 --file /dev/zero
      iommuctl: '/dev/zero' is a device, which may never end
      [1]
      $ echo text >text; iommuctl ioas map 1 --fd 3 --length 4K 3<text
      iommuctl: EINVAL: descriptor 0 is no memfd or other shared memory that can be read (source.fd)
      [1]
      $ iommuctl access create 1
      access 5
      $ iommuctl ioas map 1 --size 4K --iova 0x1800
      iommuctl: EINVAL: 0x1800 is no multiple of 4096 (iova)
      [1]
      $ iommuctl access pin 5 0x1000 4K
      iommuctl: ENOENT: nothing is mapped at 0x1000 (iova)
      [1]
      $ iommuctl access pin 5 0x2000+8K -- sh -c 'exit 7'
      [7]
      $ iommuctl access pin 5 0x2000+8K -- /no/such/command
      iommuctl: cannot run '/no/such/command': No such file or directory
      [1]
      $ iommuctl access read 5 0x3ffe 4
      iommuctl: ENOENT: nothing is mapped at 0x4000 (iova)
      [1]
      $ iommuctl access read 5 0x2000+1M | wc -c
      iommuctl: ENOENT: nothing is mapped at 0x4000 (iova)
      0
      $ head -c 70000 /dev/zero | iommuctl access write 5 0x2000
      iommuctl: ENOENT: nothing is mapped at 0x4000 (iova)
      [1]
      $ iommuctl access unpin 5 9
      iommuctl: ENOENT: the access holds no pin 9 (pin)
      [1]
      $ iommuctl call no.such
      iommuctl: -32601: there is no method no.such (method)
      [1]
      $ iommuctl call ioas.alloc '{"size":1}'
      iommuctl: -32602: size is not known here (size)
      [1]
      $ iommuctl call ioas.alloc '{oops'
      iommuctl: -32700: not valid JSON at byte 56: a character that JSON does not have there
      [1]
      $ iommuctl context open other --no-create
      iommuctl: ENOENT: uid N has no context other (name)
      [1]
      $ iommuctl context destroy other
      iommuctl: ENOENT: uid N has no context other (name)
      [1]
      $ iommuctl --socket missing status
      iommuctl: there is no iommud at missing (ENOENT)
      [3]
      $ iommuctl --socket text status
      iommuctl: nobody listens at text (ECONNREFUSED)
      [3]
      """#)
  }

  @Test("requests in plain JSON, pipelined")
  func pipelined() throws {
    try CLIDaemon().check(
      #"""
      $ printf '{"jsonrpc":"2.0","id":1,"method":"ioas.alloc"}\n\n{"jsonrpc":"2.0","id":"b","method":"memory.list"}' | iommuctl call -
      {"jsonrpc":"2.0","id":1,"result":{"ioas":1}}
      {"jsonrpc":"2.0","id":"b","result":{"items":[]}}
      $ printf '{"jsonrpc":"2.0","id":1,"method":"no.such"}\noops\n' | iommuctl call -
      {"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"there is no method no.such","data":{"field":"method"}}}
      {"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"not valid JSON at byte 0: a character that JSON does not have there"}}
      [1]
      $ printf '{"jsonrpc":"2.0","id":1,"method":"ioas.iova_ranges","params":{"ioas":1}}\n' | iommuctl call - -j
      {"schemaVersion":1,"jsonrpc":"2.0","id":1,"result":{"ranges":[{"first":"0x0","last":"0xffffffffffffffff"}],"alignment":1}}
      $ for i in $(seq 500); do echo '{"jsonrpc":"2.0","id":'$i',"method":"ioas.alloc"}'; done | iommuctl call - | tail -n 1
      {"jsonrpc":"2.0","id":500,"result":{"ioas":501}}
      $ iommuctl -q object list | wc -l
      501
      $ iommuctl call - <&- | wc -l
      0
      """#)
  }
}
