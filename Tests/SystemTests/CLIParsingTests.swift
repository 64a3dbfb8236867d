// SPDX-License-Identifier: Apache-2.0

import IommuBase
import Testing
import iommuctl

@Suite("What people type")
struct CLIParsingTests {
  @Test(
    "sizes are numbers with binary units",
    arguments: [
      ("0", 0), ("4096", 4096), ("0x1000", 4096), ("4K", 4096), ("4k", 4096), ("4KiB", 4096), ("2M", 2 << 20),
      ("2mib", 2 << 20), ("1GiB", 1 << 30), ("1T", 1 << 40), ("7B", 7), ("18446744073709551615", UInt64.max),
    ])
  func sizes(_ text: String, _ bytes: UInt64) {
    #expect(ByteSize(argument: text)?.bytes == bytes)
  }

  @Test(
    "what is no size is refused",
    arguments: [
      "", "K", "-1", "+1", "4KB", "4.5K", "1e3", "4 K", "0x", "0xg", "0x4K", "18446744073709551616",
      "18014398509481984K", "４K",
    ])
  func refusedSizes(_ text: String) {
    #expect(ByteSize(argument: text) == nil)
  }

  @Test(
    "sizes are written as they can be read again",
    arguments: [
      (0, "0"), (1, "1"), (4096, "4K"), (5120, "5K"), (2 << 20, "2M"), (3 << 30, "3G"), (1 << 40, "1T"),
      (1_922_136, "1922136"), (1_925_120, "1880K"), (UInt64.max, "18446744073709551615"),
    ] as [(UInt64, String)])
  func writtenSizes(_ bytes: UInt64, _ text: String) {
    #expect(ByteSize(bytes).description == text)
    #expect(ByteSize(argument: text) == ByteSize(bytes))
  }

  @Test(
    "rough sizes are cut, not rounded up",
    arguments: [
      (0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1 KiB"), (1536, "1.5 KiB"),
      (2_097_151, "1.9 MiB"), (1_925_120, "1.8 MiB"), (UInt64.max, "16777215.9 TiB"),
    ] as [(UInt64, String)])
  func roughSizes(_ bytes: UInt64, _ text: String) {
    #expect(ByteSize(bytes).rough == text)
  }

  @Test(
    "addresses are hexadecimal or decimal",
    arguments: [
      ("0", 0), ("4096", 4096), ("0x1000", 4096), ("0XfF", 255), ("0xffffffffffffffff", .max),
    ] as [(String, UInt64)])
  func addresses(_ text: String, _ value: UInt64) {
    #expect(IOVA(argument: text) == IOVA(value))
  }

  @Test(
    "what is no address is refused",
    arguments: ["", "x", "1000h", "-0", "+5", "0x", "0x+5", "0x-5", "4K", "0x10000000000000000"])
  func refusedAddresses(_ text: String) {
    #expect(IOVA(argument: text) == nil)
  }

  @Test(
    "ranges are FIRST-LAST or FIRST+LENGTH",
    arguments: [
      ("0x1000-0x1fff", 0x1000, 0x1fff), ("4096-8191", 0x1000, 0x1fff), ("0x1000+4K", 0x1000, 0x1fff),
      ("4096+0x1000", 0x1000, 0x1fff), ("5-5", 5, 5), ("0-0xffffffffffffffff", 0, .max),
      ("0xfffffffffffff000+4K", 0xffff_ffff_ffff_f000, .max),
    ] as [(String, UInt64, UInt64)])
  func ranges(_ text: String, _ first: UInt64, _ last: UInt64) {
    #expect(AddressOrRange(text) == .range(IOVARange(IOVA(first), through: IOVA(last))))
  }

  @Test("an address alone is only a beginning")
  func beginning() {
    #expect(AddressOrRange("0x2000") == .address(IOVA(0x2000)))
  }

  @Test(
    "ranges that end before they begin, are empty or pass 64 bits are refused",
    arguments: [
      "0x2000-0x1fff", "0x1000+0", "0xfffffffffffff000+8K", "-", "+", "1-", "-1", "1+", "+1", "1-2-3",
      "1+2+3",
      "1 - 2",
    ])
  func refusedRanges(_ text: String) {
    #expect(AddressOrRange(text) == nil)
  }
}
