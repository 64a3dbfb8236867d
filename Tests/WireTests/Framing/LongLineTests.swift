// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire
import Testing

/// Lines that a daemon has read away from its loop mean what they mean when they are read at once.
@Suite struct LongLineTests {
  private static let many = "[" + (0..<2000).map { "\($0)" }.joined(separator: ",") + "]"
  private static let map =
    #"{"ioas":1,"ranges":["#
    + [String](repeating: #"{"length":4096,"source":{"kind":"new"}}"#, count: 300).joined(separator: ",")
    + "]}"

  static let lines: [(line: String, descriptors: Int)] = [
    (#"{"jsonrpc":"2.0","id":1,"method":"ioas.map","params":\#(map)}"#, 0),
    (#"{"jsonrpc":"2.0","id":1,"method":"ioas.map","params":\#(map),"fds":2}"#, 2),
    (#"{"jsonrpc":"2.0","id":1,"method":"ioas.map","params":\#(map),"fds":2}"#, 1),
    (#"{"jsonrpc":"2.0","id":1,"method":"ioas.map","params":\#(map)}"#, 1),
    (#"{"jsonrpc":"2.0","id":"x","method":"no.such","params":\#(many)}"#, 0),
    (#"{"jsonrpc":"2.0","method":"no.such","params":\#(many)}"#, 0),
    (#"{"jsonrpc":"2.0","id":2,"fds":1,"extra":\#(many),"method":"m"}"#, 1),
    (#"{"jsonrpc":"2.0","id":2,"method":"m","params":\#(many)"#, 0),
    (#"{"jsonrpc":"2.0","id":2,"method":"m","params":\#(many)"#, 1),
    (many, 0),
    (#"{"jsonrpc":"2.0","id":3,"method":"\#(String(repeating: "m", count: 200_000))"}"#, 0),
  ]

  private func feed(_ inbox: inout Inbox, _ line: String, _ count: Int) throws {
    let descriptors = try (0..<count).map { _ in try Descriptors.make().descriptor }
    inbox.framer.feed(line + "\n" + #"{"jsonrpc":"2.0","id":9,"method":"after"}"# + "\n", descriptors)
  }

  private func describe(_ event: Inbox.Event) -> String {
    switch event {
    case .none: "none"
    case .request(let request, let batch): "\(request.id) \(request.method.prefix(64)) \(batch?.count ?? 0)"
    case .refused(let id, let failure): "refused \(String(describing: id)) \(failure)"
    case .fatal(let id, let failure): "fatal \(String(describing: id)) \(failure)"
    case .long: "long"
    }
  }

  @Test(arguments: lines.indices)
  func `read elsewhere they are the same`(index: Int) throws {
    let (line, count) = Self.lines[index]
    var patient = Inbox()
    try feed(&patient, line, count)
    var quick = Inbox(readsLong: false)
    try feed(&quick, line, count)
    #expect(describe(quick.next()) == "long")
    let read = LongLine(quick.longText, NameTable([]), [])
    let settled =
      switch quick.settleLong(read.meaning) {
      case .request(let id, let batch): "\(id) \(read.method) \(batch?.count ?? 0)"
      case .refused(let id, let failure): describe(.refused(id, failure))
      case .fatal(let id, let failure): describe(.fatal(id, failure))
      }
    #expect(settled == describe(patient.next()))
    #expect(describe(quick.next()) == describe(patient.next()))
  }

  @Test(arguments: lines.indices)
  func `read at once after all they are the same`(index: Int) throws {
    let (line, count) = Self.lines[index]
    var patient = Inbox()
    try feed(&patient, line, count)
    var quick = Inbox(readsLong: false)
    try feed(&quick, line, count)
    #expect(describe(quick.next()) == "long")
    #expect(describe(quick.readLong()) == describe(patient.next()))
    #expect(describe(quick.next()) == describe(patient.next()))
  }

  @Test(arguments: lines.indices)
  func `kept for later they are the same`(index: Int) throws {
    let (line, count) = Self.lines[index]
    var patient = Inbox()
    try feed(&patient, line, count)
    var quick = Inbox(readsLong: false)
    try feed(&quick, line, count)
    #expect(describe(quick.nextAhead()) == "long")
    let (isKept, text) = (quick.isLongKept, quick.longText)
    #expect(!isKept && text.count == line.utf8.count)
    quick.keepLong(text, LongLine(text, NameTable([]), []).meaning)
    // Shown ahead once more, and kept again.
    quick.restartAhead()
    var again = describe(quick.nextAhead())
    if again == "long" {
      let isKeptNow = quick.isLongKept
      #expect(isKeptNow)
      quick.keepLong()
      let next = quick.next()
      #expect(describe(next) == "long")
      again = describe(quick.readLong())
    }
    #expect(again == describe(patient.next()))
  }
}
