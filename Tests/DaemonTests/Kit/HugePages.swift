// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// Huge pages of 2 MiB that the machine sets aside for as long as this lives.
final class HugePages {
  private static let folder = "/sys/kernel/mm/hugepages/hugepages-2048kB"
  private let before: Int
  private let made: Int

  /// Nil, with a word on why, where `count` cannot be had: that takes root, and memory in large pieces.
  init?(_ count: Int) {
    guard let before = Self.number("nr_hugepages"), let free = Self.number("free_hugepages") else {
      print("skipped: this kernel has no huge pages of 2 MiB")
      return nil
    }
    self.before = before
    made = max(0, count - free)
    if made > 0 { Self.set(before + made) }
    guard let now = Self.number("free_hugepages"), now >= count else {
      print("skipped: \(count) huge pages of 2 MiB cannot be set aside (as root: vm.nr_hugepages)")
      if made > 0 { Self.set(before) }
      return nil
    }
  }

  deinit { if made > 0 { Self.set(before) } }

  /// Those that nobody has.
  static var free: Int { number("free_hugepages") ?? 0 }
  /// Of these, those that are promised to somebody.
  static var promised: Int { number("resv_hugepages") ?? 0 }

  private static func number(_ name: String) -> Int? {
    let file = unsafe open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    let descriptor = OwnedDescriptor(owning: file)
    let text = unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, count in
      count = unsafe max(read(descriptor.rawValue, buffer.baseAddress, buffer.count), 0)
    }
    return Int(String(decoding: text.prefix { $0 != 10 }, as: UTF8.self))
  }

  private static func set(_ count: Int) {
    let file = unsafe open("\(folder)/nr_hugepages", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    let descriptor = OwnedDescriptor(owning: file)
    let text = Array("\(count)\n".utf8)
    _ = unsafe text.withUnsafeBytes { unsafe write(descriptor.rawValue, $0.baseAddress, $0.count) }
  }
}
