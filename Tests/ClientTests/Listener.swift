// SPDX-License-Identifier: Apache-2.0

import Foundation
import IommuClient
import IommuWire

/// A socket with a path, at which a test plays daemons that come and go.
final class Listener: @unchecked Sendable {
  /// What becomes of a request.
  enum Move {
    /// The answer is in the outbox.
    case answer
    /// The connection ends, as if the daemon were killed.
    case end
  }

  let path: String
  private let number: Int32
  private let lock = NSLock()
  private var seen: [String] = []

  /// - Parameter answer: called on a thread of its own with the number of the connection, counted from 1, and a request.
  init(_ answer: @escaping @Sendable (Int, Request, DescriptorBatch?, inout Outbox) -> Move) throws {
    path = "/tmp/iommu-client-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
    number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
    let isBound = unsafe withUnsafePointer(to: &name) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe bind(number, pointer, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
      }
    }
    guard isBound, listen(number, 16) == 0 else { throw Errno.current }
    Thread.detachNewThread { [weak self, number] in
      defer { _ = Glibc.close(number) }
      var count = 0
      while true {
        let accepted = accept(number, nil, nil)
        guard accepted >= 0 else { return }
        count += 1
        self?.serve(Socket(owning: OwnedDescriptor(owning: accepted)), count, answer)
      }
    }
  }

  deinit { close() }

  /// Nobody listens any more.
  func close() {
    shutdown(number, Int32(SHUT_RDWR))
    unsafe unlink(path)
  }

  /// `connection method parameters key` of all requests.
  var requests: [String] {
    lock.lock()
    defer { lock.unlock() }
    return seen
  }

  private func serve(
    _ socket: consuming Socket, _ connection: Int,
    _ answer: (Int, Request, DescriptorBatch?, inout Outbox) -> Move
  ) {
    var inbox = Inbox()
    var outbox = Outbox()
    while true {
      switch inbox.next() {
      case .request(let request, let batch):
        lock.lock()
        seen.append("\(connection) \(request.method) \(request.parametersText) \(request.key ?? "-")")
        lock.unlock()
        if answer(connection, request, batch, &outbox) == .end { return }
      case .refused(let id, let failure):
        outbox.refuse(id, failure)
      case .fatal, .long:
        return
      case .none:
        guard outbox.flush(to: socket, wait: true) == .all else { return }
        guard case .bytes = socket.receive(into: &inbox.framer, wait: true) else { return }
      }
    }
  }
}
