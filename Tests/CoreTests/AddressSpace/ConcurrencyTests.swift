// SPDX-License-Identifier: Apache-2.0

import Dispatch
import IommuBase
import IommuCore
import Testing

/// Several threads on two address spaces that share pages objects. Worth most under the thread sanitizer.
@Suite struct ConcurrencyTests {
  /// Contiguous frames, a lock, and a count for each index.
  final class SharedOrigin: Origin, @unchecked Sendable {
    let size: UInt64 = 256 << 12
    private let lock = Lock()
    private var pins = [Int](repeating: 0, count: 256)

    func pin(
      _ range: IndexRange, for holder: PinHolder, writable: Bool, into batch: inout RunBatch
    ) throws(Refusal) -> UInt64 {
      lock.lock()
      defer { lock.unlock() }
      guard batch.append(FrameRun(pfn: PFN(0x5000 + range.first.rawValue), count: range.count)) else {
        throw .origin(.eagain, index: range.first)
      }
      for index in range.first.rawValue...range.last.rawValue { pins[Int(index)] += 1 }
      return range.count
    }

    func unpin(_ range: IndexRange, for holder: PinHolder) {
      lock.lock()
      for index in range.first.rawValue...range.last.rawValue { pins[Int(index)] -= 1 }
      lock.unlock()
    }

    func index(of pfn: PFN) -> PageIndex? {
      pfn.rawValue >= 0x5000 && pfn.rawValue < 0x5100 ? PageIndex(pfn.rawValue - 0x5000) : nil
    }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Refusal) {
      unsafe buffer.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: offset >> 12))
    }

    func write(at offset: UInt64, from buffer: UnsafeRawBufferPointer) throws(Refusal) {}

    var total: Int {
      lock.lock()
      defer { lock.unlock() }
      return pins.reduce(0, +)
    }
  }

  final class FreeAccount: PinAccount, @unchecked Sendable {
    private let lock = Lock()
    private var charged: UInt64 = 0
    func charge(pages: UInt64) throws(Refusal) {
      lock.lock()
      charged += pages
      lock.unlock()
    }
    func uncharge(pages: UInt64) {
      lock.lock()
      charged -= pages
      lock.unlock()
    }
    var total: UInt64 {
      lock.lock()
      defer { lock.unlock() }
      return charged
    }
  }

  @Test func manyThreadsOnSharedPages() throws {
    let origin = SharedOrigin()
    let account = FreeAccount()
    let spaces = [AddressSpace(), AddressSpace()]
    _ = try spaces[0].map([
      AddressSpace.MapRequest(
        memory: .origin(origin, offset: 0, writable: true, account: account), iova: IOVA(0x100_0000),
        length: 256 << 12, protection: [.read, .write])
    ])
    guard let shared = spaces[0].area(at: IOVA(0x100_0000))?.pages else {
      Issue.record("the shared area is gone")
      return
    }
    let accesses = try spaces.map { space throws(Refusal) in try Access(space, pins: true) }
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      var random = SplitMix(seed: UInt64(thread))
      let space = spaces[thread % 2]
      let buffer = Bytes([UInt8](repeating: 0, count: 4096))
      var pins: [UInt32] = []
      var domains: [TestDomain] = []
      for _ in 0..<400 {
        let page = UInt64.random(in: 0..<200, using: &random)
        let pages = UInt64.random(in: 1...40, using: &random)
        let waiting: Waiting = Bool.random(using: &random) ? .wait : .tryOnly
        do throws(Refusal) {
          switch Int.random(in: 0..<11, using: &random) {
          case 0, 1:
            _ = try space.map(
              [
                AddressSpace.MapRequest(
                  memory: .pages(shared, offset: page << 12), iova: nil, length: pages << 12,
                  protection: .read)
              ], waiting)
          case 8:
            let other = spaces[Int.random(in: 0..<2, using: &random)]
            guard let area = other.areas(after: IOVA(page << 12), limit: 1).first else { continue }
            _ = try space.copy(.init(source: area.range, iova: nil), from: other, waiting)
          case 9:
            let other = spaces[Int.random(in: 0..<2, using: &random)]
            guard let area = other.areas(after: IOVA(page << 12), limit: 1).first else { continue }
            _ = try space.cost(of: .init(source: area.range, iova: nil), from: other, waiting)
            _ = try area.pages.span(at: PageIndex(0), waiting)
          case 10:
            try accesses[thread % 2].replace(
              with: spaces[Int.random(in: 0..<2, using: &random)], waiting)
          case 2:
            if let area = space.areas(after: IOVA(page << 12), limit: 1).first {
              _ = try space.unmap([area.range], waiting)
            }
          case 3:
            guard domains.count < 2 else { continue }
            let domain = TestDomain(ledger: FrameLedger())
            try space.attach(domain, waiting)
            domains.append(domain)
          case 4:
            guard let domain = domains.last else { continue }
            try space.detach(domain, waiting)
            domains.removeLast()
          case 5:
            guard let area = space.areas(after: IOVA(page << 12), limit: 1).first else { continue }
            pins.append(try accesses[thread % 2].pin(area.range, write: false, waiting).id)
          case 6:
            guard let pin = pins.popLast() else { continue }
            do throws(Refusal) {
              try accesses[thread % 2].unpin(pin, waiting)
            } catch {
              pins.append(pin)
            }
          default:
            if let area = space.areas(after: IOVA(page << 12), limit: 1).first {
              try unsafe space.read(area.range.first, into: buffer.raw, waiting)
            }
          }
        } catch {
          // Refusals are part of the game: others map, unmap and pin the same memory.
          continue
        }
      }
      for pin in pins {
        do throws(Refusal) { try accesses[thread % 2].unpin(pin) } catch { Issue.record("unpin: \(error)") }
      }
      for domain in domains {
        do throws(Refusal) { try space.detach(domain) } catch { Issue.record("detach: \(error)") }
        if !domain.problems.isEmpty || !domain.entries.isEmpty { Issue.record("\(domain.problems)") }
      }
    }
    for (space, access) in zip(spaces, accesses) {
      space._checkInvariants()
      try access.close()
      _ = try space.unmapAll()
    }
    #expect(origin.total == 0 && account.total == 0)
  }
}
