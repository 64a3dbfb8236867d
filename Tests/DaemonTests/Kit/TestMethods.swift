// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// Parameters of all methods that tests add to the daemon.
protocol TestMethod: Method {}

extension TestMethod {
  static var summary: StaticString { "For tests." }
  static var errors: [Errno] { [] }
}

struct Number: Members {
  var number: UInt64 = 0

  init() {}
  init(_ number: UInt64) { self.number = number }

  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("number", &number, "any")
  }
}

struct Text: Members {
  var text = ""

  init() {}
  init(_ text: String) { self.text = text }

  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("text", &text, "any")
  }
}

/// Answers how many calls of it there were before, of any connection.
struct TestCount: TestMethod {
  static let name: StaticString = "test.count"
  typealias Result = Number
  init() {}
  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {}
}

/// As ``TestCount``, but ahead of requests that are parked; waits at the gate first, on a worker, if `works`.
struct TestUrgent: TestMethod {
  static let name: StaticString = "test.urgent"
  typealias Result = Number
  var works = false
  init() {}
  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.option("works", &works, "whether a worker does it")
  }
}

/// Answers so many bytes.
struct TestText: TestMethod {
  static let name: StaticString = "test.text"
  typealias Result = Text
  var bytes: UInt64 = 0
  init() {}
  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("bytes", &bytes, "how long")
  }
}

/// Waits at the gate, on a worker (`blocks` false) or on the loop itself; is under way in its context meanwhile if it
/// `occupies` that.
struct TestGate: TestMethod {
  static let name: StaticString = "test.gate"
  typealias Result = Nothing
  var blocks = false
  var occupies = false
  init() {}
  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.option("blocks", &blocks, "the loop")
    try visitor.option("occupies", &occupies, "the context")
  }
}

/// Goes on as one job after the other and answers how many there were.
struct TestPieces: TestMethod {
  static let name: StaticString = "test.pieces"
  typealias Result = Number
  var count: UInt64 = 0
  init() {}
  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("count", &count, "jobs")
  }
}

/// Waits on the loop for `test.release`.
struct TestPark: TestMethod {
  static let name: StaticString = "test.park"
  typealias Result = Number
  var milliseconds: UInt32 = 0
  init() {}
  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("milliseconds", &milliseconds, "how long at most")
  }
}

/// Wakes what is parked; `count` more of them are to get through.
struct TestRelease: TestMethod {
  static let name: StaticString = "test.release"
  typealias Result = Nothing
  var count: UInt64 = 0
  init() {}
  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("count", &count, "how many get through")
  }
}

/// Answers a descriptor.
struct TestDescriptor: TestMethod {
  static let name: StaticString = "test.descriptor"
  typealias Result = Nothing
  init() {}
  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {}
}

/// Takes the descriptors with these indexes and answers how many there were in all.
struct TestTake: TestMethod {
  static let name: StaticString = "test.take"
  typealias Result = Number
  var indexes: [UInt32] = []
  init() {}
  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("indexes", &indexes, "of descriptors")
  }
}

/// Answers the number of the loop's thread.
struct TestThread: TestMethod {
  static let name: StaticString = "test.thread"
  typealias Result = Number
  init() {}
  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {}
}
