// SPDX-License-Identifier: Apache-2.0

import IommuClient
import Testing
import iommuctl

@Suite("What people look at")
struct CLIPictureTests {
  private func span(_ page: UInt64, _ count: UInt64, _ tier: PagesTiers.Tier, accesses: UInt64 = 0)
    -> PagesTiers.Span
  {
    var span = PagesTiers.Span()
    span.page = page
    span.count = count
    span.tier = tier
    span.accesses = accesses
    return span
  }

  private var narrow: Style {
    var style = Style.plain
    style.width = 19
    return style
  }

  @Test("few pages get as many columns each as fit")
  func fewPages() {
    let picture = TierPicture(
      [span(0, 1, .store), span(1, 2, .domain, accesses: 1), span(3, 1, .origin)], count: 4)
    #expect(
      picture.lines(narrow) == [
        "store  |##......|",
        "domain |..####..|",
        "origin |......##|",
        "pins   |..1111..|",
        "        0      3",
        "# held there  + in part  a page of 4 KiB is 2 columns",
      ])
  }

  @Test("many pages share columns, which say when they hold a part only")
  func manyPages() {
    let picture = TierPicture([span(0, 25, .domain), span(25, 75, .origin, accesses: 12)], count: 100)
    #expect(
      picture.lines(narrow) == [
        "store  |..........|",
        "domain |##+.......|",
        "origin |..+#######|",
        "pins   |..********|",
        "        0       99",
        "# held there  + in part  a column is about 10 pages of 4 KiB",
      ])
  }

  @Test("a page that a column shares with no other is seen, however many there are")
  func onePage() {
    let count: UInt64 = 1 << 40
    let lone = TierPicture([span(0, count - 1, .origin), span(count - 1, 1, .store)], count: count)
    #expect(lone.lines(narrow)[0] == "store  |.........+|")
    #expect(TierPicture([span(0, 1, .store)], count: 1).lines(narrow)[0] == "store  |##########|")
  }

  @Test("no picture is wider than 80 columns", arguments: [1, 2, 70, 71, 72, 470, 1 << 33] as [UInt64])
  func width(_ count: UInt64) {
    for style in [Style.plain, Style(colour: true, unicode: true)] {
      let lines = TierPicture([span(0, count, .domain, accesses: 3)], count: count).lines(style)
      #expect(lines.allSatisfy { $0.count <= 80 })
    }
    #expect(TierPicture([], count: 0).lines(.plain).isEmpty)
  }

  private func area(_ first: UInt64, _ last: UInt64) -> IOVARange {
    IOVARange(IOVA(first), through: IOVA(last))
  }

  @Test("areas are drawn to scale, and short holes too")
  func areas() {
    var style = Style.plain
    style.width = 18
    let picture = AreaPicture([area(0x1000, 0x6fff), area(0x9000, 0xcfff), area(0xd000, 0x10fff)])
    #expect(
      picture.lines(style) == [
        "|######..########|",
        "0x1000     0x10fff",
        "# mapped  + in part",
      ])
  }

  @Test("long holes are cut short")
  func longHoles() {
    var style = Style.plain
    style.width = 12
    let lines = AreaPicture([area(0, 0xfff), area(1 << 40, (1 << 40) + 0xfff)]).lines(style)
    #expect(lines[0] == "|####~~####|")
    #expect(lines[2] == "# mapped  + in part  ~ a hole too long to draw")
  }

  @Test("what is reserved is drawn to scale up to half of an area, and alone gives the scale")
  func reserved() {
    var style = Style.plain
    style.width = 17
    let mixed = AreaPicture(
      [area(0x1000, 0x4fff), area(0x8000, 0xbfff)],
      reserved: [area(0x5000, 0x5fff), area(0x1_0000, 0x9_ffff)])
    #expect(
      mixed.lines(style) == [
        "|####x..####~~xx|", "0x1000    0x9ffff",
        "# mapped  + in part  x reserved, cut short  ~ a hole too long to draw",
      ])
    style.width = 18
    let alone = AreaPicture([], reserved: [area(0x1000, 0x1fff), area(0x1_0000, 0x1_0fff)])
    #expect(
      alone.lines(style) == [
        "|xxxxxxx~~xxxxxxx|", "0x1000     0x10fff", "x reserved  ~ a hole too long to draw",
      ])
  }

  @Test("everything, nothing and the last address are drawn as well")
  func extremes() {
    #expect(AreaPicture([]).lines(.plain).isEmpty)
    let all = AreaPicture([area(0, .max)]).lines(.plain)
    #expect(all[0] == "|" + String(repeating: "#", count: 78) + "|")
    #expect(all[1].count == 80 && all[1].hasSuffix(" 0xffffffffffffffff"))
    let unicode = AreaPicture([area(0, 0)]).lines(Style(colour: false, unicode: true))
    #expect(unicode[0] == "│" + String(repeating: "█", count: 78) + "│")
  }
}
