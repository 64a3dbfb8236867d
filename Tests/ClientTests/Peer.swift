// SPDX-License-Identifier: Apache-2.0

import Foundation
import IommuClient
import IommuWire

/// The other end of a client: answers each request on a thread of its own as a test tells it.
final class Peer: @unchecked Sendable {
  private let socket: Socket
  private let finished = DispatchSemaphore(value: 0)
  private var outbox = Outbox()
  private var inbox = Inbox()

  private init(_ socket: consuming Socket) { self.socket = socket }

  /// A client whose requests `answer` answers: it writes lines to the outbox.
  ///
  /// - Parameter closesAfter: requests after which the peer goes away.
  static func serve(
    closesAfter: Int = .max,
    _ answer: @escaping @Sendable (Request, DescriptorBatch?, inout Outbox) -> Void
  ) throws -> Client {
    let pair = try Socket.Pair()
    let peer = Peer(Socket(owning: try duplicate(pair.second.rawValue)))
    Thread.detachNewThread { peer.run(closesAfter, answer) }
    return Client(owning: try duplicate(pair.first.rawValue))
  }

  private static func duplicate(_ number: Int32) throws -> OwnedDescriptor {
    let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw Errno.current }
    return OwnedDescriptor(owning: copy)
  }

  private func run(_ limit: Int, _ answer: (Request, DescriptorBatch?, inout Outbox) -> Void) {
    var count = 0
    while count < limit {
      switch inbox.next() {
      case .request(let request, let batch):
        answer(request, batch, &outbox)
        count += 1
      case .refused(let id, let failure):
        outbox.refuse(id, failure)
      case .fatal, .long:
        return
      case .none:
        guard outbox.flush(to: socket, wait: true) == .all else { return }
        guard case .bytes = socket.receive(into: &inbox.framer, wait: true) else { return }
      }
    }
    _ = outbox.flush(to: socket, wait: true)
  }
}
