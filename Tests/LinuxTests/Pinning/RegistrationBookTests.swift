// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuLinux
import Testing

@Suite struct RegistrationBookTests {
  typealias Book = RegistrationBook<Int>

  @Test func aRegistrationStaysUntilItsLastPageGoes() {
    var book = Book()
    #expect(book.plan(pages(10, 19), for: alice) == .register(pages(10, 19)))
    book.insert(pages(10, 19), for: alice, hold: 1)
    #expect(book.pinnedPages == 10)
    #expect(book.release(pages(10, 12), for: alice) == [])
    #expect(book.release(pages(16, 19), for: alice) == [])
    #expect(book.pinnedPages == 3)
    #expect(book.registeredPages == 10)
    #expect(book.release(pages(13, 15), for: alice) == [1])
    #expect(book.pinnedPages == 0)
    #expect(book.registeredPages == 0)
  }

  @Test func retainedPagesAreRevived() {
    var book = Book()
    book.insert(pages(10, 19), for: alice, hold: 1)
    #expect(book.release(pages(12, 17), for: alice) == [])
    #expect(book.plan(pages(14, 40), for: alice) == .revive(pages(14, 17)))
    book.revive(pages(14, 15), for: alice)
    #expect(book.pinnedPages == 6)
    #expect(book.plan(pages(12, 13), for: alice) == .revive(pages(12, 13)))
    #expect(book.plan(pages(16, 17), for: alice) == .revive(pages(16, 17)))
    // In front of it only up to it; for somebody else all of it.
    #expect(book.plan(pages(5, 40), for: alice) == .register(pages(5, 9)))
    #expect(book.plan(pages(5, 40), for: bob) == .register(pages(5, 40)))
    #expect(book.release(pages(10, 11), for: alice) == [])
    #expect(book.release(pages(18, 19), for: alice) == [])
    #expect(book.release(pages(14, 15), for: alice) == [1])
  }

  @Test func noRegistrationCrossesABorder() {
    var book = Book()
    let border = Book.chunkPages
    #expect(book.plan(pages(border - 2, border + 5), for: alice) == .register(pages(border - 2, border - 1)))
    book.insert(pages(border - 2, border - 1), for: alice, hold: 1)
    book.insert(pages(border, border + 5), for: alice, hold: 2)
    #expect(book.release(pages(border - 2, border + 5), for: alice) == [1, 2])
  }

  /// Random programs beside a record per page.
  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func itAgreesWithANaiveModel(seed: UInt64) {
    var random = SplitMix(state: seed)
    var book = Book()
    let holders = [alice, bob]
    let base = Book.chunkPages - 20
    let count = 40
    // Per holder and page: pinned, and the registration that keeps it.
    var pinned = [[Bool]](repeating: [Bool](repeating: false, count: count), count: 2)
    var kept = [[Int]](repeating: [Int](repeating: 0, count: count), count: 2)
    var nextHold = 1
    func check() {
      #expect(book.pinnedPages == UInt64(pinned.joined().count { $0 }))
      #expect(book.registeredPages == UInt64(kept.joined().count { $0 != 0 }))
    }
    for _ in 0..<400 {
      let who = Int(random.next() % 2)
      let first = Int(random.next() % UInt64(count))
      let wanted = !pinned[who][first]
      var last = first
      let most = min(count - 1, first + Int(random.next() % 12))
      while last < most, pinned[who][last + 1] != wanted { last += 1 }
      if wanted {
        switch book.plan(pages(base + UInt64(first), base + UInt64(last)), for: holders[who]) {
        case .register(let range):
          let at = Int(range.first.rawValue - base)...Int(range.last.rawValue - base)
          #expect(at.lowerBound == first && kept[who][at].allSatisfy { $0 == 0 })
          book.insert(range, for: holders[who], hold: nextHold)
          for index in at {
            pinned[who][index] = true
            kept[who][index] = nextHold
          }
          nextHold += 1
        case .revive(let range):
          let at = Int(range.first.rawValue - base)...Int(range.last.rawValue - base)
          #expect(at.lowerBound == first && kept[who][at].allSatisfy { $0 == kept[who][first] && $0 != 0 })
          book.revive(range, for: holders[who])
          for index in at { pinned[who][index] = true }
        }
      } else {
        let freed = book.release(pages(base + UInt64(first), base + UInt64(last)), for: holders[who])
        for index in first...last { pinned[who][index] = false }
        let touched = Set(kept[who][first...last])
        let gone = touched.filter { hold in
          !(0..<count).contains { kept[who][$0] == hold && pinned[who][$0] }
        }
        #expect(
          freed
            == gone.sorted { a, b in
              kept[who].firstIndex(of: a).map { at in kept[who].firstIndex(of: b).map { at < $0 } ?? false }
                ?? false
            })
        for index in 0..<count where gone.contains(kept[who][index]) { kept[who][index] = 0 }
      }
      check()
    }
  }
}

struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
