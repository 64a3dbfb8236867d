// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire
import Testing

/// Messages cut and merged at random over a real socket, with descriptors: none may come to another line, and
/// none may stay open.
struct RandomStreamTests {
  /// Messages in all; `$IOMMUD_STREAM_MESSAGES` overrides it.
  static var messages: Int {
    unsafe getenv("IOMMUD_STREAM_MESSAGES").flatMap { unsafe Int(String(cString: $0)) } ?? 40_000
  }

  /// A few pipes, whose duplicates are what is sent: an inode says which.
  private struct Pipes: ~Copyable {
    let descriptors: [Int32]
    let inodes: [UInt64]

    init(_ count: Int) throws {
      let made = try (0..<count).map { _ in try Descriptors.make() }
      descriptors = made.map { $0.descriptor }
      inodes = made.map { $0.inode }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
  }

  @Test(arguments: 0..<8) func requestsKeepTheirDescriptors(_ seed: UInt64) throws {
    let pipes = try Pipes(6)
    do {
      let pair = try Socket.Pair()
      var random = Generator(seed)
      var outbox = Outbox()
      var inbox = Inbox()
      /// For each message on its way, which pipes it carries.
      var expected: [[Int]] = []
      var received = 0
      var sent = 0
      let total = Self.messages / 8
      while received < total {
        // Write some lines, and send them now or together with later ones.
        for _ in 0..<random.below(8) where sent < total {
          let carried = random.below(3) > 0 ? [] : (0...random.below(5)).map { _ in random.below(6) }
          var batch: DescriptorBatch?
          if !carried.isEmpty {
            batch = DescriptorBatch(owning: [])
            for pipe in carried {
              let copy = fcntl(pipes.descriptors[pipe], F_DUPFD_CLOEXEC, 3)
              try #require(copy >= 0)
              batch?.append(OwnedDescriptor(owning: copy))
            }
          }
          let data = Bytes([UInt8](repeating: 7, count: random.below(20) == 0 ? 5000 : random.below(80)))
          if random.below(10) == 0 { outbox.line(random.below(2) == 0 ? "" : " \r") }
          outbox.request(UInt64(sent), AccessWrite(access: 1, iova: IOVA(0), data: data), batch)
          expected.append(carried)
          sent += 1
        }
        if random.below(3) > 0 {
          let flushed = outbox.flush(to: pair.first)
          #expect(flushed == .all || flushed == .blocked)
        }
        // Receive a little or a lot: a small socket buffer would not cut as finely.
        while random.below(4) > 0 {
          let count = try inbox.receive(
            from: pair.second, atMost: random.below(3) == 0 ? 1 + random.below(40) : 9000)
          if count == 0 { break }
          // Some are read before their turn, and some of these once more.
          if random.below(3) == 0 { try readAhead(&inbox, &random) }
          while case .request(let request, let batch) = inbox.nextRequest() {
            try #require(request.id == .number(UInt64(received)))
            let carried = expected[received]
            try #require(request.descriptors == carried.count && (batch?.count ?? 0) == carried.count)
            for (index, pipe) in carried.enumerated() {
              let number = try #require(batch?.number(index))
              try #require(Descriptors.inode(number) == pipes.inodes[pipe])
              try #require(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
            }
            received += 1
          }
        }
      }
      let left = (inbox.pendingDescriptors, inbox.keptCount, inbox.keptBytes)
      #expect(outbox.isEmpty && outbox.pendingDescriptors == 0 && left == (0, 0, 0))
    }
    #expect(try Descriptors.open(among: Set(pipes.inodes)) == pipes.descriptors.count)
  }

  private func readAhead(_ inbox: inout Inbox, _ random: inout Generator) throws {
    for _ in 0..<random.below(40) {
      if random.below(8) == 0 { inbox.restartAhead() }
      guard case .request(let request, let batch) = inbox.nextAhead() else { return }
      try #require(request.descriptors == batch?.count ?? 0)
      inbox.keepShown(batch)
    }
  }

  /// A sender that follows no rule: whatever it does, each descriptor ends closed or at a line that declares
  /// just as many, and no line gets one that came after it.
  @Test(arguments: 0..<8) func hostileStreamsLeakNothing(_ seed: UInt64) throws {
    let pipes = try Pipes(4)
    var fatals = 0
    var claims = 0
    for round in 0..<(Self.messages / 40) {
      let pair = try Socket.Pair()
      var random = Generator(seed << 32 | UInt64(round))
      var inbox = Inbox()
      var text: [UInt8] = []
      for _ in 0..<(1 + random.below(4)) { text += Array(hostileLine(&random).utf8) }
      // Send in pieces, some with descriptors; receive now and then.
      var rest = text[...]
      stream: while !rest.isEmpty {
        let part = Array(rest.prefix(1 + random.below(120)))
        rest = rest.dropFirst(part.count)
        var batch: DescriptorBatch?
        if random.below(3) == 0 {
          batch = DescriptorBatch(owning: [])
          for _ in 0...random.below(3) {
            batch?.append(
              OwnedDescriptor(owning: fcntl(pipes.descriptors[random.below(4)], F_DUPFD_CLOEXEC, 3)))
          }
        }
        let length = try unsafe part.withUnsafeBytes { bytes in try unsafe pair.first.send(bytes, batch) }
        try #require(length == part.count)
        batch = nil
        if random.below(2) == 0 { continue }
        if try inbox.receive(from: pair.second, atMost: 1 + random.below(200)) == 0 { continue }
        events: while true {
          switch inbox.next() {
          case .none:
            break events
          case .request(let request, let batch):
            #expect(request.descriptors == batch?.count ?? 0)
            if batch != nil { claims += 1 }
          case .refused:
            continue
          case .long:
            Issue.record("nothing is long here")
          case .fatal:
            fatals += 1
            break stream
          }
        }
      }
    }
    #expect(fatals > 0 && claims > 0)
    #expect(try Descriptors.open(among: Set(pipes.inodes)) == pipes.descriptors.count)
  }

  private func hostileLine(_ random: inout Generator) -> String {
    switch random.below(6) {
    case 0: "not json\n"
    case 1: "\r\n"
    case 2: #"{"jsonrpc":"2.0","id":1,"method":"m","fds":\#(random.below(20))}"# + "\n"
    case 3: #"{"jsonrpc":"2.0","method":"m","fds":1}"# + "\n"
    default: #"{"jsonrpc":"2.0","id":1,"method":"m","fds":\#(random.below(3))}"# + "\n"
    }
  }
}

/// A small seeded generator (Marsaglia's xorshift64*), so that a failure can be run again.
struct Generator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  /// A number from 0 to `bound - 1`.
  mutating func below(_ bound: Int) -> Int {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return Int(((state &* 0x2545_F491_4F6C_DD1D) >> 33) % UInt64(bound))
  }
}

extension Inbox {
  /// Receives at most `limit` bytes with what came along; 0 when nothing is there.
  mutating func receive(from socket: borrowing Socket, atMost limit: Int) throws -> Int {
    switch socket.receive(into: &framer, atMost: limit) {
    case .bytes(let count): return count
    case .blocked: return 0
    case .end: throw Errno.eio
    case .failed(let errno): throw errno
    }
  }

  /// The next event, for streams on which only requests come.
  mutating func nextRequest() -> Event {
    let event = next()
    switch event {
    case .none, .request, .long: break
    case .refused(_, let failure), .fatal(_, let failure): Issue.record("\(failure)")
    }
    return event
  }
}
