// SPDX-License-Identifier: Apache-2.0

import Testing

/// Sessions about address spaces and accesses, byte for byte.
@Suite("What the command line answers about address spaces")
struct CLISpacesTests {
  @Test("copies, prices and explanations")
  func copies() throws {
    try CLIDaemon().check(
      #"""
      $ head -c 32768 /dev/zero | tr '\0' x >file
      $ iommuctl -q ioas alloc && iommuctl -q ioas alloc && iommuctl ioas alloc --advisory
      1
      2
      ioas 3
      $ iommuctl -q device bind && iommuctl -q device attach 4 2
      4
      5
      $ iommuctl ioas map 1 --file file --iova 0x10000
      0x10000: 32768 bytes of file, 8 pages, memory 6
      $ iommuctl ioas cost 2 --from 1 --range 0x12000+8K
      Pages pinned: 2
      Pinned bytes: 8192
        Held bytes: 0
             Areas: 1
           Objects: 0
       Descriptors: 0
      $ iommuctl ioas copy 1 0x12000+8K 2 --iova 0x50000 --read-only
      0x50000: 8192 bytes of 0x12000 of ioas 1
      $ iommuctl ioas cost 2 --from 1 --range 0x12000+8K -j
      {"schemaVersion":1,"pages":0,"pinned_bytes":0,"held_bytes":0,"areas":1,"objects":0,"descriptors":0}
      $ iommuctl -q ioas copy 1 0x10000 3
      0x8000
      $ iommuctl ioas copy 1 0x10000 3 -j
      {"schemaVersion":1,"iova":"0x10000"}
      $ iommuctl ioas copy 1 0x11000 3
      iommuctl: ENOENT: no area begins at 0x11000 (iova)
      [1]
      $ iommuctl ioas copy 1 0x17000+8K 2
      iommuctl: ENOENT: nothing is mapped at 0x18000 (src_iova)
      [1]
      $ iommuctl ioas cost 3 --size 64K
      Pages pinned: 0
      Pinned bytes: 65536
        Held bytes: 65536
             Areas: 1
           Objects: 1
       Descriptors: 2
      $ iommuctl access create 2
      access 9
      $ iommuctl access pin 9 0x51000 4K -- iommuctl explain 0x51234 | sed s/locked/pinned/
      0x51234 of ioas 2 lies in the area 0x50000-0x51fff, which devices may read.
      The area shows pages object 7, and the address its page 3.
      That is byte 12852 of memory 6, a file that a client brought.
      The page's frame number stands in the pages object's own store, and the page is pinned.
      Access 9 holds it with pin 1, over 0x51000-0x51fff.
      Hwpt 5 leads device 4 to bus address 0x100003234, to read, by a leaf of 4K.
      $ iommuctl explain 0x10000 | sed s/locked/pinned/
      0x10000 of ioas 1 lies in the area 0x10000-0x17fff, which devices may read and write.
      The area shows pages object 7, and the address its page 0.
      That is byte 0 of memory 6, a file that a client brought.
      Nobody holds the page, so only the memory knows its frame number, and it is not pinned.
      No page table of ioas 1 translates it.
      0x10000 of ioas 3 lies in the area 0x10000-0x17fff, which devices may read and write.
      The area shows pages object 7, and the address its page 0.
      That is byte 0 of memory 6, a file that a client brought.
      Nobody holds the page, so only the memory knows its frame number, and it is not pinned.
      No page table of ioas 3 translates it.
      $ iommuctl -q explain 0x10000 --ioas 3
      3
      $ iommuctl explain 0x1
      iommuctl: ENOENT: no address space of the context maps 0x1 (iova)
      [1]
      $ iommuctl explain 0x1 --ioas 1
      iommuctl: ENOENT: nothing is mapped at 0x1 (iova)
      [1]
      $ iommuctl access replace 9 1
      access 9 stands on ioas 1
      $ iommuctl access read 9 0x10000 3
      xxx
      """#)
  }

  @Test("many bytes, by way of a file")
  func bulk() throws {
    try CLIDaemon().check(
      #"""
      $ head -c 40000000 /dev/urandom >file
      $ iommuctl -q ioas alloc && iommuctl -q ioas map 1 --size 40M --iova 0x100000 && iommuctl -q access create 1
      1
      0x100000
      4
      $ iommuctl access write 4 0x100005 <file
      wrote 40000000 bytes at 0x100005
      $ iommuctl access read 4 0x100005+40000000 | cmp - file
      $ iommuctl access read 4 0x100000 40M | tail -c +6 | head -c 40000000 | cmp - file
      $ head -c 1048576 file | iommuctl access write 4 0x100000 -j
      {"schemaVersion":1,"iova":"0x100000","length":1048576}
      $ iommuctl access read 4 0x100000+1M | cmp - file -n 1048576
      $ iommuctl access read 4 0x100000+40M >whole; head -c 1048577 file | iommuctl access write 4 0x100000
      wrote 1048577 bytes at 0x100000
      $ iommuctl access write 4 0x2000000 <file
      iommuctl: ENOENT: nothing is mapped at 0x2900000 (iova); 8388608 bytes were done in all
      [1]
      $ iommuctl access read 4 0x100000+41M | wc -c
      iommuctl: ENOENT: nothing is mapped at 0x2900000 (iova); 41943040 bytes were done in all
      41943040
      """#)
  }

  @Test("an address space, drawn to scale")
  func shown() throws {
    try CLIDaemon().check(
      #"""
      $ iommuctl ioas alloc
      ioas 1
      $ iommuctl ioas show 1
          Areas: 0
         Usable: 0x0-0xffffffffffffffff
      Alignment: 1
      $ iommuctl -q ioas map 1 --size 1M --iova 0x100000 && iommuctl -q ioas map 1 --size 512K --iova 0x240000
      0x100000
      0x240000
      $ iommuctl -q device bind --reserve 0xfee00000+1M && iommuctl -q device attach 6 1
      6
      7
      $ iommuctl ioas reserve 1 0x200000+128K
      reserved 1 range of ioas 1
      $ iommuctl ioas show 1
          Areas: 2, 1.5 MiB in all
         Usable: 0x0-0x1fffff, and 2 ranges more
      Alignment: 4K

      |###############################+xxxx...###############+~~~~~~~~~~~xxxxxxxxxxxx|
      0x100000                                                              0xfeefffff
      # mapped  + in part  x reserved, cut short  ~ a hole too long to draw
      $ iommuctl ioas show 1 -j
      {"schemaVersion":1,"ioas":1,"alignment":4096,"items":[{"first":"0x0","last":"0xfffff","kind":"hole"},{"first":"0x100000","last":"0x1fffff","kind":"area"},{"first":"0x200000","last":"0x21ffff","kind":"reserved"},{"first":"0x220000","last":"0x23ffff","kind":"hole"},{"first":"0x240000","last":"0x2bffff","kind":"area"},{"first":"0x2c0000","last":"0xfedfffff","kind":"hole"},{"first":"0xfee00000","last":"0xfeefffff","kind":"reserved"},{"first":"0xfef00000","last":"0xffffffffffff","kind":"hole"},{"first":"0x1000000000000","last":"0xffffffffffffffff","kind":"reserved"}]}
      $ iommuctl ioas show 1 -q
      0x100000
      0x240000
      """#)
  }

  @Test("which addresses are used, and how")
  func limits() throws {
    try CLIDaemon().check(
      #"""
      $ iommuctl ioas alloc
      ioas 1
      $ iommuctl ioas reserve 1 0x1000-0x1fff 0xfee00000+1M
      reserved 2 ranges of ioas 1
      $ iommuctl ioas allow 1 0x2000-0x2fff 0x40000000+1G
      ioas 1 chooses addresses in 2 ranges
      $ iommuctl ioas ranges 1 --no-legend
             0x0               0xfff  1
          0x2000          0xfedfffff  1
      0xfef00000  0xffffffffffffffff  1
      $ iommuctl -q ioas map 1 --size 4K && iommuctl -q ioas map 1 --size 4K
      0x40000000
      0x40001000
      $ iommuctl ioas reserve 1 0x2000+4K
      iommuctl: EADDRINUSE: 0x2000-0x2fff meets 0x2000-0x2fff, where an area stands or IOVAs are allowed (first)
      [1]
      $ iommuctl ioas allow 1 --any
      ioas 1 chooses addresses anywhere
      $ iommuctl ioas reserve 1 0x1000-0x1fff --release
      gave back 1 range of ioas 1
      $ iommuctl ioas reserve 1 0x1000-0x1fff --release
      iommuctl: ENOENT: no reservation that belongs to no device is exactly 0x1000-0x1fff (first)
      [1]
      $ iommuctl ioas option 1 huge_pages
      huge_pages 1
      $ iommuctl ioas option 1 huge_pages 0
      huge_pages 0
      $ iommuctl ioas option 1 huge_pages 2
      iommuctl: EINVAL: huge_pages is 0 or 1, not 2 (value)
      [1]
      $ iommuctl ioas option 1 huge_pages -j
      {"schemaVersion":1,"value":0}
      $ iommuctl -q ioas ranges 1
      0x0-0xfedfffff
      0xfef00000-0xffffffffffffffff
      """#)
  }
}
