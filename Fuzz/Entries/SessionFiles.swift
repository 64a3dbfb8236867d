// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// Descriptors that sessions pass: memory of all sorts, and what is none. Made once, for all inputs.
struct SessionFiles: Sendable {
  static let shared = SessionFiles()

  /// The last is the memory of a process that does nothing.
  let numbers: [Int32]
  /// Where in that process there is memory.
  let address: UInt64

  private init() {
    var numbers = [Self.memory(pages: 300, filled: true, seals: UInt32(IOMMU_SEAL_SHRINK))]
    numbers.append(Self.memory(pages: 4, filled: true, seals: 0))
    numbers.append(iommu_reopen(numbers[0], 0))
    numbers.append(Self.memory(pages: 64, filled: false, seals: UInt32(IOMMU_SEAL_SHRINK)))
    numbers.append(Self.memory(pages: 8, filled: true, seals: UInt32(IOMMU_SEAL_WRITE)))
    var ends: [Int32] = [-1, -1]
    _ = unsafe iommu_pipe(&ends)
    numbers += ends
    numbers.append(unsafe open("/", O_RDONLY | O_CLOEXEC))
    let (memory, address) = Self.idleProcess()
    numbers.append(memory)
    precondition(numbers.allSatisfy { $0 >= 0 })
    self.numbers = numbers
    self.address = address
  }

  /// As memory was at the beginning: an input must not see what another has written, truncated or punched.
  func restore() {
    for (place, pages) in [(0, 300), (1, 4)] { Self.fill(numbers[place], pages) }
  }

  private static func memory(pages: Int, filled: Bool, seals: UInt32) -> Int32 {
    let number = unsafe iommu_memfd_create("session", UInt32(IOMMU_HUGE_NONE))
    _ = ftruncate(number, pages * 4096)
    if filled { fill(number, pages) }
    if seals != 0 { _ = iommu_add_seals(number, seals) }
    return number
  }

  private static func fill(_ number: Int32, _ pages: Int) {
    let bytes = [UInt8](repeating: 7, count: pages * 4096)
    _ = unsafe pwrite(number, bytes, bytes.count, 0)
  }

  /// Its memory, which sessions may write to as they like; it ends with this process.
  private static func idleProcess() -> (memory: Int32, address: UInt64) {
    var ends: [Int32] = [-1, -1]
    _ = unsafe iommu_pipe(&ends)
    _ = fcntl(ends[0], F_SETFL, 0)
    var actions = unsafe posix_spawn_file_actions_t()
    _ = unsafe posix_spawn_file_actions_init(&actions)
    _ = unsafe posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
    var child: pid_t = 0
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("cat"), nil]
    guard unsafe posix_spawn(&child, "/bin/cat", &actions, nil, &arguments, nil) == 0 else { return (-1, 0) }
    return unsafe (open("/proc/\(child)/mem", O_RDWR | O_CLOEXEC), stack(of: child))
  }

  /// Where the unused end of its stack lies.
  private static func stack(of process: pid_t) -> UInt64 {
    let maps = unsafe open("/proc/\(process)/maps", O_RDONLY | O_CLOEXEC)
    defer { close(maps) }
    var text = [UInt8](repeating: 0, count: 1 << 16)
    let count = unsafe read(maps, &text, text.count)
    let line = String(decoding: text.prefix(max(count, 0)), as: UTF8.self).split(separator: "\n").first {
      $0.hasSuffix("[stack]")
    }
    return line.flatMap { UInt64($0.prefix { $0.isHexDigit }, radix: 16) } ?? 0
  }
}
