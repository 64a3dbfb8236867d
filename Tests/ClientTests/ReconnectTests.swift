// SPDX-License-Identifier: Apache-2.0

import Foundation
import IommuClient
import IommuWire
import Testing

/// Connections that are lost and made again.
@Suite struct ReconnectTests {
  private let plan = Reconnecting(context: "guest", client: "vmm", patience: 2000)

  private static func open(
    _ request: Request, _ outbox: inout Outbox, objects: UInt64 = 0, persistent: Bool = true,
    degraded: UInt64 = 0
  ) {
    var result = ContextOpen.Result()
    result.objects = objects
    result.persistent = persistent
    result.degraded = degraded
    outbox.answer(request.id, result)
  }

  @Test func `A change that was not answered is sent again with its key, and is answered once`() throws {
    let listener = try Listener { connection, request, _, outbox in
      switch (connection, request.method) {
      case (_, "context.open"): Self.open(request, &outbox, objects: connection == 1 ? 0 : 3, degraded: 2)
      case (1, "ioas.alloc"): return .end
      default: outbox.answer(request.id, IOASAlloc.Result(ioas: 7))
      }
      return .answer
    }
    let client = try Client.connect(to: listener.path, reconnecting: plan)
    var told: [Reconnection] = []
    client.onReconnect = { told.append($0) }
    #expect(try client.call(IOASAlloc()).ioas == 7)
    #expect(told.count == 1 && told.first?.resent == 1 && told.first?.uncertain == 0)
    #expect(told.first?.degraded == 2 && told.first?.attempts == 1)
    let requests = listener.requests
    #expect(requests.count == 4)
    #expect(requests[0] == #"1 context.open {"name":"guest","create":true,"persist":true,"client":"vmm"} -"#)
    #expect(requests[2] == requests[0].replacing("1 ", with: "2 ", maxReplacements: 1))
    #expect(requests[1].hasPrefix("1 ioas.alloc {") && !requests[1].hasSuffix(" -"))
    #expect(requests[3].dropFirst() == requests[1].dropFirst())
    // Another call has another key, and is no business of the first one's.
    #expect(try client.call(IOASAlloc()).ioas == 7)
    #expect(Set(listener.requests.map { $0.split(separator: " ").last }).count == 3)
  }

  @Test func `Descriptors are sent again, and what was answered is not`() throws {
    let listener = try Listener { connection, request, batch, outbox in
      switch (connection, request.method) {
      case (_, "context.open"): Self.open(request, &outbox)
      case (1, "ioas.map"): return .end
      case (_, "ioas.map"): outbox.answer(request.id, MemoryOpen.Result(write: batch?.count == 1))
      default: outbox.answer(request.id, IOASAlloc.Result(ioas: 1))
      }
      return .answer
    }
    let client = try Client.connect(to: listener.path, reconnecting: plan)
    let file = try #require(FileHandle(forReadingAtPath: "/proc/self/exe"))
    let alloc = try client.send(IOASAlloc())
    #expect(try client.receive(alloc).result.ioas == 1)
    let map = try client.send(
      IOASMap(ioas: 1, IOASMap.Range(length: 4096, source: .fd(0))), descriptors: [file.fileDescriptor])
    let answered = try client.send(IOASAlloc())
    #expect(try client.receive(answered).result.ioas == 1)
    // It has come again with its descriptor, which the peer says.
    _ = try? client.receive(map)
    let again = listener.requests.filter { $0.hasPrefix("2 ") }.map { $0.split(separator: " ")[1] }
    #expect(again == ["context.open", "ioas.map", "ioas.alloc"])
  }

  @Test func `What must not be done twice is not, and says so`() throws {
    let listener = try Listener { connection, request, _, outbox in
      switch (connection, request.method) {
      case (_, "context.open"): Self.open(request, &outbox, objects: 1)
      case (1, _), (_, "no.such"): return .end
      default: outbox.answer(request.id, IOASAlloc.Result(ioas: 5))
      }
      return .answer
    }
    let client = try Client.connect(to: listener.path, reconnecting: plan)
    var told: [Reconnection] = []
    client.onReconnect = { told.append($0) }
    #expect(throws: ClientError.uncertain("context.destroy")) { try client.call(ContextDestroy("guest")) }
    #expect(told.map(\.uncertain) == [1])
    #expect(throws: ClientError.uncertain("no.such")) { _ = try client.call("no.such") }
    #expect(try client.call(IOASAlloc()).ioas == 5)
    #expect(listener.requests.filter { $0.contains("context.destroy") }.count == 1)
    #expect(listener.requests.filter { $0.contains("no.such") }.count == 1)
  }

  @Test func `A context that is gone is not made again behind its user's back`() throws {
    let listener = try Listener { connection, request, _, outbox in
      switch (connection, request.method) {
      case (1, "context.open"): Self.open(request, &outbox)
      case (_, "context.open"): outbox.refuse(request.id, Failure(.enoent, "no such context", field: "name"))
      case (1, "ioas.alloc"): outbox.answer(request.id, IOASAlloc.Result(ioas: 1))
      default: return .end
      }
      return .answer
    }
    let client = try Client.connect(to: listener.path, reconnecting: plan)
    #expect(try client.call(IOASAlloc()).ioas == 1)
    #expect(throws: ClientError.contextLost("guest")) { try client.call(IOASIOVARanges(ioas: 1)) }
    #expect(throws: ClientError.contextLost("guest")) { try client.call(IOASAlloc()) }
    #expect(
      listener.requests.last
        == #"2 context.open {"name":"guest","create":false,"persist":true,"client":"vmm"} -"#)
  }

  @Test func `Nobody is waited for longer than was said, and nothing is tried without end`() throws {
    var short = plan
    short.patience = 100
    let listener = try Listener { connection, request, _, outbox in
      if request.method == "context.open" {
        Self.open(request, &outbox)
        return .answer
      }
      return .end
    }
    let client = try Client.connect(to: listener.path, reconnecting: short)
    #expect(throws: ClientError.lost(nil)) { try client.call(IOASAlloc()) }
    // Each connection ended over the same call.
    #expect(listener.requests.count == 2 * 6)
    listener.close()
    let began = ContinuousClock().now
    #expect(throws: ClientError.unreachable(path: listener.path, errno: .enoent)) {
      _ = try Client.connect(to: listener.path, reconnecting: short)
    }
    let took = ContinuousClock().now - began
    #expect(took > .milliseconds(50) && took < .seconds(2))
  }

  @Test func `In a context that does not persist there are no keys, and changes are uncertain`() throws {
    let listener = try Listener { connection, request, _, outbox in
      switch (connection, request.method) {
      case (_, "context.open"): Self.open(request, &outbox, objects: 1, persistent: false)
      case (1, _): return .end
      default: outbox.answer(request.id, IOASAlloc.Result(ioas: 5))
      }
      return .answer
    }
    let client = try Client.connect(to: listener.path, reconnecting: plan)
    #expect(throws: ClientError.uncertain("ioas.alloc")) { try client.call(IOASAlloc()) }
    #expect(try client.call(IOASAlloc()).ioas == 5)
    #expect(listener.requests.allSatisfy { $0.hasSuffix(" -") })
  }

  @Test func `Who has said so ends with the connection`() throws {
    let listener = try Listener { _, request, _, outbox in
      guard request.method == "context.open" else { return .end }
      Self.open(request, &outbox)
      return .answer
    }
    let client = try Client.connect(to: listener.path, reconnecting: plan)
    client.endWithConnection()
    #expect(throws: ClientError.lost(nil)) { try client.call(IOASAlloc()) }
    #expect(listener.requests.count == 2)
  }

  @Test func `Without a plan a lost connection is the end`() throws {
    let listener = try Listener { _, _, _, _ in .end }
    let client = try Client.connect(to: listener.path)
    #expect(throws: ClientError.lost(nil)) { try client.call(IOASAlloc()) }
    #expect(listener.requests.count == 1 && listener.requests.first?.hasSuffix(" -") == true)
  }
}
