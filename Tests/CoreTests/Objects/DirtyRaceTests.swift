// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuCore
import Testing

/// Writers beside whoever takes the marks. Worth most under the thread sanitizer.
@Suite("Dirty tracking: races") struct DirtyRaceTests {
  /// What a migration does: whoever copies each page after its mark was taken has, in the end, every byte.
  @Test(arguments: [false, true])
  func nothingIsUnderReported(large: Bool) throws {
    let pages: UInt64 = 512
    let scene = Tracked(pages: 1 << 18, backed: pages)
    // One leaf of 1 GiB, of which only the first pages have memory; or leaves of 4 KiB.
    let iova: UInt64 = large ? 1 << 30 : 0x1000
    try scene.map(iova, bytes: large ? 1 << 30 : pages << Page.shift)
    let (device, table) = try scene.tracking()
    let threads = Threads()
    let ended = Tally()
    for thread in 0..<3 as Range<UInt64> {
      threads.start {
        var random = SplitMix(seed: thread + 1)
        for _ in 0..<1500 {
          let page = UInt64.random(in: 0..<pages - 2, using: &random)
          let offset = UInt64.random(in: 0..<4096, using: &random)
          let value = UInt8.random(in: 1...255, using: &random)
          do throws(Refusal) {
            try scene.write(
              device, iova + page << Page.shift + offset, bytes: .random(in: 1...5000, using: &random), value)
          } catch {
            Issue.record("\(error)")
          }
        }
        ended.note()
      }
    }
    // Areas come and go beside them.
    threads.start {
      while ended.count < 3 {
        do throws(Refusal) {
          try scene.map(1 << 40, bytes: 0x4000)
          _ = try scene.space.unmap([pageRange(1 << 40, pages: 4)])
        } catch {
          Issue.record("\(error)")
        }
      }
    }
    var shadow = [UInt8](repeating: 0, count: Int(pages << Page.shift))
    var rounds = 0
    func harvest() throws {
      rounds += 1
      let page: UInt64 = rounds % 3 == 0 ? 0x4000 : 0x1000
      let start = iova & ~(page - 1)
      for run in try table.dirty(start, bytes: 1 << 31, page: page, limit: 50) {
        let first = max(run.lowerBound, iova)
        let last = min(run.upperBound, iova + pages << Page.shift - 1)
        let bytes = try scene.read(device, first, bytes: Int(last - first + 1))
        shadow.replaceSubrange(Int(first - iova)..<Int(last - iova + 1), with: bytes)
      }
    }
    while ended.count < 3 { try harvest() }
    threads.join()
    try harvest()
    #expect(rounds > 2)
    #expect(try scene.read(device, iova, bytes: shadow.count) == shadow)
    #expect(try table.dirty(0, bytes: 1 << 41).isEmpty)
    #expect(try scene.clear([device], [table]) == 0)
  }

  /// An origin whose writes stop before their bytes until a test lets them go on.
  final class HaltingOrigin: Origin, @unchecked Sendable {
    let size: UInt64 = 16 << 12
    let entered = Gate()
    let proceed = Gate()

    func pin(
      _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
    ) throws(Refusal) -> UInt64 {
      guard batch.append(FrameRun(pfn: PFN(0x5000 + range.first.rawValue), count: range.count)) else {
        throw .origin(.eagain, index: range.first)
      }
      return range.count
    }

    func unpin(_ range: IndexRange, for holder: PinHolder) {}

    func index(of pfn: PFN) -> PageIndex? {
      pfn.rawValue >= 0x5000 && pfn.rawValue < 0x5010 ? PageIndex(pfn.rawValue - 0x5000) : nil
    }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {}

    func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {
      entered.open()
      proceed.wait()
    }
  }

  /// Marks that were taken before the bytes were there are there again when they are.
  @Test func aWriteThatIsUnderWayIsTakenWhenItHasEnded() throws {
    let scene = Tracked(pages: 1)
    let origin = HaltingOrigin()
    _ = try scene.space.map([
      AddressSpace.MapRequest(
        memory: .origin(origin, offset: 0, writable: true, account: scene.account), iova: IOVA(0x10000),
        length: 0x4000, protection: [.read, .write])
    ])
    let (device, table) = try scene.tracking()
    let threads = Threads()
    let log = Log()
    threads.start {
      do throws(Refusal) { try scene.write(device, 0x11000, bytes: 16) } catch { log.note("\(error)") }
    }
    origin.entered.wait()
    _ = try table.dirty(0, bytes: 1 << 30)
    // An unmap waits for it, so that no mark comes after the area has gone.
    #expect(
      refusal { () throws(Refusal) in try scene.space.unmap([pageRange(0x10000, pages: 4)], .tryOnly) }
        == .contended)
    origin.proceed.open()
    threads.join()
    #expect(log.events.isEmpty)
    #expect(try table.dirty(0, bytes: 1 << 30) == [0x11000...0x11fff])
    #expect(try scene.clear([device], [table]) == 0)
  }
}
