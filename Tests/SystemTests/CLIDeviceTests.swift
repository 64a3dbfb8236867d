// SPDX-License-Identifier: Apache-2.0

import IommuBase
import Testing
import iommuctl

/// Devices and page tables on the command line.
@Suite("What the command line says of devices and page tables")
struct CLIDeviceTests {
  @Test("a device, its page table, and what it wrote")
  func session() throws {
    try CLIDaemon().check(
      #"""
      $ iommuctl ioas alloc
      ioas 1
      $ iommuctl device bind --name nic --dirty-tracking --reserve 0xfee00000-0xfeefffff
      device 2
      $ iommuctl device info 2
              Device: 2 (nic)
              Format: vtd
          Page sizes: 4K, 2M, 1G
            Aperture: 0x0-0xffffffffffff
            Reserved: 0xfee00000-0xfeefffff
      Dirty tracking: possible
                Sees: nothing: its DMA faults
      $ iommuctl hwpt alloc 2 1 --dirty-tracking
      hwpt 3
      $ iommuctl device attach 2 3
      device 2 sees what hwpt 3 translates
      $ iommuctl ioas map 1 --size 4M --iova 0x200000
      0x200000: 4194304 bytes of fresh memory, 1024 pages, memory 4
      $ iommuctl ioas map 1 --size 12K --iova 0x1000
      0x1000: 12288 bytes of fresh memory, 3 pages, memory 6
      $ iommuctl hwpt show 3
      LEVEL  ENTRY  TABLES  LEAVES  MAPPED
          4   512G       1       -       -
          3     1G       1       0       0
          2     2M       1       2      4M
          1     4K       1       3     12K

      hwpt 3: vtd of ioas 1, 0x0-0xffffffffffff, 16 KiB
      1 device, made by itself, could note what devices write

        1G |.~......................................................................|
        2M |.~######################################################################|
        4K |#~......................................................................|
            0x1000                                                          0x5fffff
      # mapped by such leaves  + in part  ~ not mapped
      $ iommuctl hwpt dirty 3
      iommuctl: EINVAL: dirty tracking of the HWPT is off (hwpt)
      [1]
      $ iommuctl hwpt track 3 on
      hwpt 3 notes what devices write from now on
      $ printf hi | iommuctl device write 2 0x1fff
      wrote 2 bytes at 0x1fff
      $ printf x | iommuctl device write 2 0x300000
      wrote 1 bytes at 0x300000
      $ iommuctl hwpt dirty 3 --keep
         FIRST      LAST  LENGTH  PAGES
        0x1000    0x2fff      8K      2
      0x300000  0x300fff      4K      1
      $ iommuctl hwpt dirty 3 0x0+2M --page-size 2M -j
      {"schemaVersion":1,"items":[{"iova":"0x0","length":2097152}]}
      $ iommuctl hwpt dirty 3 -q
      0x300000
      $ iommuctl hwpt dirty 3 0x0+6K
      iommuctl: EINVAL: 6144 bytes are no multiple of 4096 (length)
      [1]
      $ iommuctl object destroy 3
      iommuctl: EBUSY: devices are attached to HWPT 3 (id)
      [1]
      $ iommuctl device attach 2 1
      device 2 sees 1 through hwpt 8
      $ iommuctl hwpt track 8 on
      iommuctl: EOPNOTSUPP: the HWPT was made without dirty tracking (hwpt)
      [1]
      $ iommuctl object destroy 3
      3 is gone
      $ iommuctl device bind --format flat --page-size 1K -q
      9
      $ iommuctl device attach 9 1 -q
      10
      $ iommuctl hwpt show 10 --no-legend
      1  1K  1  4108  4108K
      $ iommuctl device bind --page-size 2M
      iommuctl: EINVAL: page sizes 0x200000 are not offered (page_sizes)
      [1]
      """#)
  }

  @Test("much DMA goes by way of a file, and a fault says how far it came")
  func bulk() throws {
    try CLIDaemon().check(
      #"""
      $ iommuctl ioas alloc -q
      1
      $ iommuctl device bind -q
      2
      $ iommuctl device attach 2 1 -q
      3
      $ iommuctl ioas map 1 --size 20M --iova 0x200000 -q
      0x200000
      $ head -c 18000001 /dev/urandom >file
      $ iommuctl device write 2 0x200003 <file
      wrote 18000001 bytes at 0x200003
      $ iommuctl device read 2 0x200003+18000001 | cmp - file
      $ iommuctl device read 2 0x200003+30000000 >read
      iommuctl: EFAULT: the device faults at 0x1600000, after 4194301 bytes (iova); 20971517 bytes were done in all
      [1]
      $ cmp -n 16000000 read file
      $ iommuctl device write 2 0x1000000 <file
      iommuctl: EFAULT: the device faults at 0x1600000, after 6291456 bytes (iova); 6291456 bytes were done in all
      [1]
      """#)
  }

  private func run(_ first: UInt64, _ last: UInt64, _ size: UInt64) -> LevelPicture.Run {
    LevelPicture.Run(range: IOVARange(IOVA(first), through: IOVA(last)), pageSize: size)
  }

  @Test("a row for each leaf size, to scale, and a column for each hole")
  func rows() {
    var style = Style.plain
    style.width = 18
    let runs = [
      run(0x1000, 0x1fff, 0x1000), run(0x20_0000, 0x5f_ffff, 0x20_0000), run(0x60_0000, 0x60_0fff, 0x1000),
    ]
    #expect(
      LevelPicture(runs, sizes: [0x20_0000, 0x1000]).lines(style) == [
        "  2M |.~#######+|",
        "  4K |#~.......+|",
        "      0x1000",
        "# mapped by such leaves  + in part  ~ not mapped",
      ])
  }

  @Test("very many holes are not drawn, nothing is said to be nothing, and no line is too long")
  func extremes() {
    #expect(LevelPicture([], sizes: [0x1000]).lines(.plain) == ["nothing is mapped"])
    let all = LevelPicture([run(0, .max, 1 << 30)], sizes: [1 << 30]).lines(.plain)
    #expect(all[0] == "  1G |" + String(repeating: "#", count: 73) + "|")
    for count in [1, 2, 17, 18, 19, 20, 1000] as [UInt64] {
      let runs = (0..<count).map { run($0 << 20, $0 << 20 + (0x1000 << ($0 % 3) - 1), 0x1000) }
      for style in [Style.plain, Style(colour: true, unicode: true)] {
        let lines = LevelPicture(runs, sizes: [0x20_0000, 0x1000]).lines(style)
        #expect(lines.allSatisfy { $0.count <= 80 }, "\(count)")
      }
    }
  }
}
