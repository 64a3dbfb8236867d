// SPDX-License-Identifier: Apache-2.0

import Foundation
import IommuClient
import IommuWire
import Testing

struct CallTests {
  @Test func results() throws {
    let client = try Peer.serve { request, _, outbox in
      #expect(request.method == "ioas.alloc")
      outbox.answer(request.id, IOASAlloc.Result(ioas: 42))
    }
    #expect(try client.call(IOASAlloc()).ioas == 42)
    #expect(try client.call(IOASAlloc()).ioas == 42)
  }

  @Test func refusals() throws {
    var failure = Failure(.enoent, "there is no ioas 9", field: "ioas")
    failure.done = 3
    failure.pins = [1]
    let client = try Peer.serve { [failure] request, _, outbox in outbox.refuse(request.id, failure) }
    #expect(throws: ClientError.refused(failure)) { try client.call(IOASIOVARanges(ioas: 9)) }
    // The connection goes on.
    #expect(throws: ClientError.refused(failure)) { try client.call(IOASAlloc()) }
    #expect(ClientError.refused(failure).description == "there is no ioas 9 (ENOENT)")
  }

  @Test func descriptorsBothWays() throws {
    // The peer sends back what it gets.
    let client = try Peer.serve { request, batch, outbox in
      outbox.answer(request.id, MemoryOpen.Result(write: batch != nil), batch)
    }
    let file = try #require(FileHandle(forReadingAtPath: "/proc/self/exe"))
    let answer = try client.callForDescriptors(
      MemoryOpen(memory: 1), descriptors: [file.fileDescriptor, file.fileDescriptor])
    #expect(answer.result.write && answer.descriptorCount == 2)
    guard let first = answer.takeDescriptor(0) else {
      Issue.record("no descriptor")
      return
    }
    #expect(first.rawValue != file.fileDescriptor)
    let again = answer.takeDescriptor(0) == nil
    let beyond = answer.takeDescriptor(2) == nil
    #expect(again && beyond)
    #expect(throws: ClientError.badDescriptor(-5, Errno(EBADF))) {
      try client.call(MemoryOpen(memory: 1), descriptors: [-5])
    }
    #expect(try !client.call(MemoryOpen(memory: 1)).write)
  }

  /// More is sent than both sockets hold, while the peer answers each call at once.
  @Test func pipelining() throws {
    let client = try Peer.serve { request, _, outbox in
      let write = try? request.parameters(of: AccessWrite.self)
      outbox.answer(request.id, AccessRead.Result(data: write?.data ?? Bytes()))
    }
    let data = (0..<3000).map { Bytes([UInt8](repeating: UInt8($0 & 255), count: 1000 + $0)) }
    var pending: [Pending<AccessRead>] = []
    for bytes in data {
      let call = try client.send(AccessWrite(access: 1, iova: IOVA(0), data: bytes))
      pending.append(Pending(reading: call))
    }
    for (bytes, call) in zip(data, pending) {
      #expect(try client.receive(call).result.data == bytes)
    }
  }

  /// A peer that answers every two calls the other way round, with what they brought.
  @Test func answersOutOfOrderFindTheirCalls() throws {
    let held = Held()
    let client = try Peer.serve { request, batch, outbox in
      let result = MemoryOpen.Result(write: batch != nil)
      guard let (id, write, first) = held.take() else { return held.put(request.id, batch != nil, batch) }
      outbox.answer(request.id, result, batch)
      outbox.answer(id, MemoryOpen.Result(write: write), first)
    }
    for _ in 0..<3 {
      let first = try client.send(MemoryOpen(memory: 1), descriptors: [0])
      let second = try client.send(MemoryOpen(memory: 2))
      let answer = try client.receive(first)
      #expect(answer.result.write && answer.descriptorCount == 1)
      #expect(try !client.receive(second).result.write)
    }
    // In the order in which they come, too.
    let first = try client.send(MemoryOpen(memory: 1), descriptors: [0])
    let second = try client.send(MemoryOpen(memory: 2))
    #expect(try !client.receive(second).result.write)
    #expect(try client.receive(first).descriptorCount == 1)
  }

  /// A request that the peer answers later. Of the peer's thread alone.
  private final class Held: @unchecked Sendable {
    private var kept: (RequestID, Bool, DescriptorBatch?)?
    func put(_ id: RequestID, _ write: Bool, _ batch: DescriptorBatch?) { kept = (id, write, batch) }
    func take() -> (RequestID, Bool, DescriptorBatch?)? { kept.take() }
  }

  @Test func notificationsArePassedOver() throws {
    let client = try Peer.serve { request, _, outbox in
      outbox.line(#"{"jsonrpc":"2.0","method":"event","params":{"seq":1}}"#)
      outbox.answer(request.id, IOASAlloc.Result(ioas: 1))
    }
    #expect(try client.call(IOASAlloc()).ioas == 1)
  }

  @Test func unknownMembersOfResultsArePassedOver() throws {
    let client = try Peer.serve { _, _, outbox in
      outbox.line(#"{"result":{"new":[1],"ioas":7},"id":1,"later":true,"jsonrpc":"2.0"}"#)
    }
    #expect(try client.call(IOASAlloc()).ioas == 7)
  }

  @Test(arguments: [
    "hello", "[]", #"{"jsonrpc":"2.0","id":1}"#, #"{"jsonrpc":"2.0","id":2,"result":{}}"#,
    #"{"jsonrpc":"2.0","id":1,"result":{}}"#, #"{"jsonrpc":"2.0","id":1,"result":{"ioas":-1}}"#,
    #"{"jsonrpc":"2.0","id":1,"result":{"ioas":1},"fds":1}"#,
  ])
  func answersAgainstTheProtocol(_ line: String) throws {
    let client = try Peer.serve { _, _, outbox in outbox.line(line) }
    #expect {
      try client.call(IOASAlloc())
    } throws: {
      if case ClientError.broken = $0 { true } else { false }
    }
  }

  @Test func lostConnections() throws {
    let client = try Peer.serve(closesAfter: 1) { request, _, outbox in
      outbox.answer(request.id, IOASAlloc.Result(ioas: 1))
    }
    #expect(try client.call(IOASAlloc()).ioas == 1)
    #expect {
      _ = try client.call(IOASAlloc())
    } throws: {
      if case ClientError.lost = $0 { true } else { false }
    }
  }

  @Test func unreachable() {
    #expect(throws: ClientError.unreachable(path: "/nonexistent", errno: .enoent)) {
      _ = try Client.connect(to: "/nonexistent")
    }
    #expect(
      ClientError.unreachable(path: "/s", errno: Errno(EACCES)).description.hasPrefix(
        "permission denied on /s"))
    #expect(ClientError.unreachable(path: "/s", errno: .enoent).isUnreachable)
    #expect(!ClientError.refused(Failure(.enoent, "")).isUnreachable)
  }
}

extension Pending where M == AccessRead {
  /// The peer answers writes with what it got, as if they were reads.
  fileprivate init(reading pending: Pending<AccessWrite>) { self.init(id: pending.id) }
}
