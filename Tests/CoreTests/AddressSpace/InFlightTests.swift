// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuCore
import Testing

/// Copies under way: whoever takes the memory from under them waits for them, or is refused.
@Suite struct InFlightTests {
  /// An origin whose reads stop half way until a test lets them go on.
  final class HaltingOrigin: Origin, @unchecked Sendable {
    let size: UInt64 = 16 << 12
    let entered = Gate()
    let proceed = Gate()
    let log = Log()

    func pin(
      _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
    ) throws(Refusal) -> UInt64 {
      guard batch.append(FrameRun(pfn: PFN(0x5000 + range.first.rawValue), count: range.count)) else {
        throw .origin(.eagain, index: range.first)
      }
      return range.count
    }

    func unpin(_ range: IndexRange, for holder: PinHolder) { log.note("unpinned") }

    func index(of pfn: PFN) -> PageIndex? {
      pfn.rawValue >= 0x5000 && pfn.rawValue < 0x5010 ? PageIndex(pfn.rawValue - 0x5000) : nil
    }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
      entered.open()
      proceed.wait()
      log.note("copied")
    }

    func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {}
  }

  /// Who copies: software through the areas, or a device through its table.
  enum Copier: CaseIterable, Sendable { case software, device }

  private let origin = HaltingOrigin()
  private let space = AddressSpace()
  private let domain = TestDomain()
  private let threads = Threads()

  /// Maps two pages, attaches the domain and starts a copy that stops half way.
  private func start(_ copier: Copier) throws {
    try space.attach(domain)
    _ = try space.map([
      AddressSpace.MapRequest(
        memory: .origin(origin, offset: 0, writable: true, account: TestAccount()), iova: IOVA(0x10000),
        length: 0x2000, protection: [.read, .write])
    ])
    threads.start { [space, domain, log = origin.log] in
      let buffer = Bytes([UInt8](repeating: 0, count: 16))
      do throws(Refusal) {
        switch copier {
        case .software: try unsafe space.read(IOVA(0x10000), into: buffer.raw)
        case .device: try unsafe space.dmaRead(domain, IOVA(0x10000), into: buffer.raw)
        }
      } catch {
        log.note("\(error)")
      }
    }
    origin.entered.wait()
  }

  private var all: IOVARange { pageRange(0x10000, pages: 2) }

  @Test(arguments: Copier.allCases)
  func anUnmapReturnsAfterTheCopy(copier: Copier) throws {
    let access = try Access(space, pins: true)
    try start(copier)
    threads.start { [space, all, log = origin.log] in
      do throws(Refusal) { _ = try space.unmap([all]) } catch { log.note("\(error)") }
      log.note("unmapped")
    }
    // Until the unmap holds the area, or has wrongly gone through.
    while space.area(at: IOVA(0x10000))?.state == .live { sched_yield() }
    #expect(space.area(at: IOVA(0x10000))?.state == .tearingDown)
    #expect(domain.entries.count == 2 && origin.log.events == [])
    // Meanwhile the area's IOVAs are taken and of no use.
    #expect(refusal { () throws(Refusal) in try space.unmap([all], .tryOnly) }?.errno == .ebusy)
    #expect(refusal { () throws(Refusal) in try access.pin(all, write: false) } == .notMapped(all.first))
    origin.proceed.open()
    threads.join()
    #expect(origin.log.events == ["copied", "unpinned", "unmapped"])
    #expect(space.areaCount == 0 && domain.entries.isEmpty)
    try access.close()
    try space.detach(domain)
  }

  @Test(arguments: Copier.allCases)
  func whoMustNotWaitIsRefusedAndChangesNothing(copier: Copier) throws {
    try start(copier)
    #expect(refusal { () throws(Refusal) in try space.unmap([all], .tryOnly) } == .contended)
    #expect(refusal { () throws(Refusal) in try space.unmapAll(.tryOnly) } == .contended)
    #expect(space.area(at: IOVA(0x10000))?.state == .live)
    #expect(domain.entries.count == 2 && domain.unmapCalls == 0 && origin.log.events == [])
    origin.proceed.open()
    threads.join()
    #expect(try space.unmapAll(.tryOnly) == 0x2000)
    #expect(origin.log.events == ["copied", "unpinned"])
    try space.detach(domain)
  }

  @Test func aDomainLeavesAfterItsDevicesCopy() throws {
    try start(.device)
    #expect(refusal { () throws(Refusal) in try space.detach(domain, .tryOnly) } == .contended)
    #expect(domain.entries.count == 2 && origin.log.events == [])
    threads.start { [space, domain, log = origin.log] in
      do throws(Refusal) { try space.detach(domain) } catch { log.note("\(error)") }
      log.note("left")
    }
    origin.proceed.open()
    threads.join()
    #expect(origin.log.events == ["copied", "unpinned", "left"])
    #expect(try space.domains().isEmpty && space.unmapAll() == 0x2000)
  }
}
