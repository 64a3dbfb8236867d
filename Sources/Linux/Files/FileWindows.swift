// SPDX-License-Identifier: Apache-2.0

import CLinux
import IommuBase

/// The mappings of one file in this process, made when they are first needed and kept: mapping a page in again
/// costs more than pinning it.
///
/// A window holds 64 GiB, so that a sparse file of many terabytes takes no more address space than is used of it.
@safe
final class FileWindows: @unchecked Sendable {
  static let windowBytes: UInt64 = 1 << 36

  private let lock = Lock()
  private var windows: [UInt64: Window] = [:]

  /// A mapping that lives as long as the file's windows do.
  private final class Window: Sendable {
    let mapping: OwnedMapping
    init(_ mapping: consuming OwnedMapping) { self.mapping = mapping }
  }

  /// The memory of the file from `offset` on, which lies inside it: `length` bytes or up to the window's end. Not
  /// to be touched but by guarded copies and the kernel.
  /// - Throws: what ``MemfdFile/map(offset:length:)`` throws.
  func bytes(
    of file: borrowing MemfdFile, at offset: UInt64, length: UInt64
  ) throws(Errno) -> UnsafeMutableRawBufferPointer {
    let number = offset / Self.windowBytes
    let window = try window(number, of: file)
    let inside = Int(offset - number * Self.windowBytes)
    let count = Int(min(length, UInt64(window.mapping.length - inside)))
    return unsafe UnsafeMutableRawBufferPointer(start: window.mapping.base + inside, count: count)
  }

  private func window(_ number: UInt64, of file: borrowing MemfdFile) throws(Errno) -> Window {
    lock.lock()
    defer { lock.unlock() }
    if let window = windows[number] { return window }
    let start = number * Self.windowBytes
    let rest = (file.size - start + file.facts.alignment - 1) / file.facts.alignment * file.facts.alignment
    let window = Window(try file.map(offset: start, length: min(rest, Self.windowBytes)))
    if file.advisesHuge {
      // A wish: where the kernel does not grant it, pages are small.
      _ = unsafe iommu_advise_huge(window.mapping.base, UInt64(window.mapping.length))
    }
    windows[number] = window
    return window
  }
}
