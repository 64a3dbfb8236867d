// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuCore
import IommuLinux
import Testing

let pageBytes = Int(Page.size)

/// A memfd as a client makes one, seen through descriptors as it would pass them.
final class ClientMemory: Sendable {
  let descriptor: OwnedDescriptor
  var number: Int32 { descriptor.rawValue }

  /// - Parameter populated: pages from the start that are written, each with its number in every byte.
  init(pages: Int, populated: Int? = nil, extraBytes: Int = 0) throws {
    let made = unsafe iommu_memfd_create("client", UInt32(IOMMU_HUGE_NONE))
    try #require(made >= 0)
    descriptor = OwnedDescriptor(owning: made)
    try #require(ftruncate(made, pages * pageBytes + extraBytes) == 0)
    for page in 0..<(populated ?? pages) { try write(page: page, UInt8(truncatingIfNeeded: page)) }
  }

  func write(page: Int, _ value: UInt8) throws {
    let bytes = [UInt8](repeating: value, count: pageBytes)
    let done = unsafe bytes.withUnsafeBytes {
      unsafe iommu_pwrite_all(number, $0.baseAddress, UInt64($0.count), UInt64(page * pageBytes))
    }
    try #require(done == Int64(pageBytes))
  }

  func punch(page: Int, count: Int = 1) throws {
    try #require(iommu_punch_hole(number, UInt64(page * pageBytes), UInt64(count * pageBytes)) == 0)
  }

  var allocatedBytes: UInt64 {
    var facts = iommu_file_facts()
    return unsafe iommu_file_facts(number, &facts) == 0 ? facts.allocated : .max
  }

  func received() throws -> MemfdFile { try receive(try descriptor.duplicate()) }

  func receivedReadOnly() throws -> MemfdFile {
    let reader = iommu_reopen(number, 0)
    try #require(reader >= 0)
    return try receive(OwnedDescriptor(owning: reader))
  }

  func origin(pinning: Pinning = .ioUring) throws -> MemfdOrigin {
    try MemfdOrigin(try received(), frames: FrameAllocator(), pinning: pinning)
  }
}

func receive(_ descriptor: consuming OwnedDescriptor) throws -> MemfdFile {
  let facts = try MemfdFacts(of: descriptor)
  return MemfdFile(received: descriptor, facts)
}

extension MemfdOrigin {
  /// The frame of its first page, where they are in order.
  var frameBase: PFN {
    if case .bus(let range) = frames { range.base } else { PFN(0) }
  }

  /// Pins all of `range` as the engine does, prefix by prefix, and answers the frames.
  func pinAll(_ range: IndexRange, for holder: PinHolder, writable: Bool = true) throws(Refusal) -> [FrameRun]
  {
    var batch = RunBatch()
    var next = range.first.rawValue
    while next <= range.last.rawValue {
      next += try pin(
        IndexRange(next, through: range.last.rawValue), for: holder, writable: writable, into: &batch)
    }
    return (0..<batch.count).map { batch[$0] }
  }

  func bytes(at offset: UInt64, count: Int) throws(Refusal) -> [UInt8] {
    var refusal: Refusal?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(Refusal) {
        try unsafe read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
        filled = count
      } catch {
        refusal = error
      }
    }
    if let refusal { throw refusal }
    return bytes
  }

  func write(_ bytes: [UInt8], at offset: UInt64) throws(Refusal) {
    var refusal: Refusal?
    unsafe bytes.withUnsafeBytes { buffer in
      do throws(Refusal) { try unsafe write(at: offset, from: buffer) } catch { refusal = error }
    }
    if let refusal { throw refusal }
  }
}

let alice = PinHolder(rawValue: 1)
let bob = PinHolder(rawValue: 2)

func pages(_ first: UInt64, _ last: UInt64) -> IndexRange { IndexRange(first, through: last) }

/// A line of /proc/self/status in pages: `VmPin` or `VmLck`, which count the whole process. So tests that look at it
/// run in a process of their own.
func statusPages(_ name: String) throws -> Int {
  let file = unsafe open("/proc/self/status", O_RDONLY | O_CLOEXEC)
  try #require(file >= 0)
  defer { close(file) }
  var bytes = [UInt8](repeating: 0, count: 8192)
  let got = unsafe bytes.withUnsafeMutableBytes { unsafe Glibc.read(file, $0.baseAddress, $0.count) }
  let text = String(decoding: bytes.prefix(max(got, 0)), as: UTF8.self)
  let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(name + ":") })
  let kilobytes = try #require(
    line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) })
  return kilobytes * 1024 / pageBytes
}

/// Whether this kernel lets this process register buffers at all.
func ringsWork() -> Bool {
  let ring = iommu_ring_create(1)
  if ring >= 0 { close(ring) }
  return ring >= 0
}

/// Runs `work` on `count` threads at once, each with its number; answers how many answered true.
func onThreads(_ count: Int, _ work: @escaping @Sendable (Int) -> Bool) throws -> Int {
  let tally = Tally()
  var threads: [pthread_t] = []
  for number in 0..<count {
    let task = ThreadTask { if work(number) { tally.add() } }
    var thread = pthread_t()
    let status = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<ThreadTask>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(task).toOpaque())
    try #require(status == 0)
    threads.append(thread)
  }
  for thread in threads { pthread_join(thread, nil) }
  return tally.count
}

private final class ThreadTask: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private final class Tally: @unchecked Sendable {
  private let lock = Lock()
  private(set) var count = 0
  func add() {
    lock.lock()
    count += 1
    lock.unlock()
  }
}
