// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire
import Testing

struct OutboxTests {
  private func batch(_ inodes: inout Set<UInt64>, _ count: Int) throws -> DescriptorBatch {
    let batch = DescriptorBatch(owning: [])
    for _ in 0..<count {
      let (descriptor, inode) = try Descriptors.make()
      inodes.insert(inode)
      batch.append(OwnedDescriptor(owning: descriptor))
    }
    return batch
  }

  @Test func answers() {
    var outbox = Outbox()
    outbox.answer(.number(3), IOASAlloc.Result(ioas: 1))
    outbox.answer(.string("a\"b"), Nothing())
    outbox.answer(.negative(5), Nothing())
    #expect(
      outbox.writer.text
        == #"{"jsonrpc":"2.0","id":3,"result":{"ioas":1}}"# + "\n"
        + #"{"jsonrpc":"2.0","id":"a\"b","result":{}}"#
        + "\n" + #"{"jsonrpc":"2.0","id":-5,"result":{}}"# + "\n")
  }

  @Test func errors() {
    var outbox = Outbox()
    outbox.refuse(.number(3), Failure(.enoent, "no area lies wholly inside 0x5000-0x5fff", field: "iova"))
    outbox.refuse(nil, .parse("not JSON"))
    var fault = Failure(.efault, "fault at 0x2000")
    fault.done = 4096
    outbox.refuse(.number(4), fault)
    var busy = Failure(.ebusy, "pinned")
    busy.pins = [1, 2]
    outbox.refuse(.number(5), busy)
    let expected = [
      #"{"jsonrpc":"2.0","id":3,"error":{"code":2,"message":"no area lies wholly inside 0x5000-0x5fff","#
        + #""data":{"errno":"ENOENT","field":"iova"}}}"#,
      #"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"not JSON"}}"#,
      #"{"jsonrpc":"2.0","id":4,"error":{"code":14,"message":"fault at 0x2000","data":{"errno":"EFAULT","done":4096}}}"#,
      #"{"jsonrpc":"2.0","id":5,"error":{"code":16,"message":"pinned","data":{"errno":"EBUSY","pins":[1,2]}}}"#,
    ]
    #expect(outbox.writer.text == expected.map { $0 + "\n" }.joined())
  }

  @Test func answersBeyondALineBecomeErrors() throws {
    var inodes: Set<UInt64> = []
    do {
      var outbox = Outbox()
      outbox.answer(.number(1), Nothing())
      let long = AccessRead.Result(data: Bytes([UInt8](repeating: 0, count: 800_000)))
      outbox.answer(.number(2), long, try batch(&inodes, 2))
      #expect(outbox.writer.text.contains(#""id":2,"error":{"code":75,"#))
      #expect(outbox.writer.text.split(separator: "\n").count == 2)
      #expect(outbox.pendingDescriptors == 0)
      #expect(try Descriptors.open(among: inodes) == 0)
    }
  }

  /// Each message has the descriptors of one line at most and begins with that line.
  @Test func messagesBeginWithTheirLine() throws {
    var inodes: Set<UInt64> = []
    let pair = try Socket.Pair()
    var outbox = Outbox()
    outbox.line("a")
    outbox.line("b1", try batch(&inodes, 1))
    outbox.line("c2", try batch(&inodes, 2))
    outbox.line("d")
    var seen: [String] = []
    // Nothing merges what is received before the next is sent.
    for budget in [0, 1, 1, 2] {
      var descriptors = budget
      let flushed = outbox.flush(to: pair.first, descriptors: &descriptors)
      #expect(descriptors == 0 || budget == 1)
      var framer = Framer()
      while case .bytes = pair.second.receive(into: &framer) {}
      seen.append("\(flushed) \(framer.pendingBytes) \(framer.pendingDescriptors)")
    }
    #expect(seen == ["held 2 0", "held 3 1", "held 0 0", "all 5 2"])
    #expect(try Descriptors.open(among: inodes) == 0)
  }

  @Test func fullSockets() throws {
    var inodes: Set<UInt64> = []
    let pair = try Socket.Pair()
    var outbox = Outbox()
    var sent = 0
    var flushed = Outbox.Flushed.all
    while flushed == .all {
      for _ in 0..<10 {
        outbox.line("line \(sent) 1", try batch(&inodes, 1))
        sent += 1
      }
      flushed = outbox.flush(to: pair.first)
    }
    #expect(flushed == .blocked && outbox.pendingBytes > 0)
    #expect(!outbox.isEmpty && outbox.pendingDescriptors > 0)
    var framer = Framer()
    var received = 0
    while received < sent {
      _ = pair.second.receive(into: &framer)
      while case .line(let line) = framer.next() {
        let text = unsafe String(decoding: framer.text(line), as: UTF8.self)
        #expect(text == "line \(received) 1")
        let batch = try framer.settle(line, declared: 1)
        #expect(batch?.count == 1)
        received += 1
      }
      _ = outbox.flush(to: pair.first)
    }
    #expect(outbox.isEmpty && outbox.pendingDescriptors == 0)
    #expect(try Descriptors.open(among: inodes) == 0)
  }

  @Test func brokenSockets() throws {
    var outbox = Outbox()
    outbox.line("a")
    do {
      let pair = try Socket.Pair()
      pair.first.finishSending()
      let flushed = outbox.flush(to: pair.first)
      #expect(flushed == .failed(Errno(EPIPE)))
    }
    #expect(outbox.pendingBytes == 2)
  }

  @Test func connecting() {
    #expect(throws: Errno.enoent) { _ = try Socket.connect(to: "/nonexistent/socket").rawValue }
    #expect(throws: Errno(ENAMETOOLONG)) {
      _ = try Socket.connect(to: String(repeating: "x", count: 200)).rawValue
    }
    #expect(throws: Errno(ENAMETOOLONG)) { _ = try Socket.connect(to: "").rawValue }
  }
}
