// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// Names a connection for as long as the daemon runs.
package struct SessionID: Hashable, Sendable {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Who is at the other end of a connection.
package struct Peer: Equatable, Sendable {
  package var uid: UInt32
  package var gid: UInt32
  /// As the peer's own namespace of processes may not know it; a diagnostic only.
  package var pid: Int32

  package init(uid: UInt32, gid: UInt32 = .max, pid: Int32 = 0) {
    self.uid = uid
    self.gid = gid
    self.pid = pid
  }
}

/// One connection as services see it. Confined to the loop.
package final class Session {
  package let id: SessionID
  /// The peer's, as the kernel told it when the peer connected.
  package let peer: Peer
  /// That of the socket that the peer connected to.
  package let role: Role
  /// The names that ids of this connection's requests belong to.
  package var context: Context
  /// What it will be told without having asked.
  package let events = EventQueue()

  /// What its owner calls itself, for requests with keys. Belongs to the context that was opened with it.
  var client: String?

  /// The peer is gone, and nobody waits for what is still being done.
  package var isGone = false

  // Those of the request that is being served, and those of its answer.
  private var arrived: DescriptorBatch?
  private var leaving: DescriptorBatch?
  /// Memory whose descriptors the answer brings.
  private(set) var answerMemories: [ObjectID] = []
  private let discard: (Int32) -> Void

  /// - Parameter discard: closes a descriptor that may take its time to close.
  package init(
    id: SessionID, peer: Peer, role: Role, context: Context, discard: @escaping (Int32) -> Void
  ) {
    self.id = id
    self.peer = peer
    self.role = role
    self.context = context
    self.discard = discard
  }

  deinit { endRequest() }

  package var uid: UInt32 { peer.uid }

  /// Hands over the descriptors of the request that is served next.
  package func beginRequest(_ descriptors: DescriptorBatch?) {
    if arrived != nil || leaving != nil { endRequest() }
    arrived = descriptors
  }

  /// Takes the descriptors of a request that has to wait, until ``resume(_:)``: others may be served before.
  func suspend() -> DescriptorBatch? { arrived.take() }

  func resume(_ descriptors: DescriptorBatch?) { arrived = descriptors }

  /// Puts back the descriptors of an answer that had to wait.
  func putBack(answer descriptors: DescriptorBatch?) { leaving = descriptors }

  /// Lets go of all descriptors that no service took, and of those of an answer that was never taken.
  package func endRequest() {
    if let arrived {
      for index in 0..<arrived.count {
        if let descriptor = arrived.take(index) { discard(descriptor.release()) }
      }
    }
    arrived = nil
    leaving = nil
    answerMemories = []
  }

  /// Takes the request's descriptor number `index`, which can be taken once.
  ///
  /// - Throws: EINVAL naming `field` when the line did not bring it.
  package func takeDescriptor(_ index: UInt32, field: @autoclosure () -> String) throws(Failure)
    -> OwnedDescriptor
  {
    let count = arrived?.count ?? 0
    guard index < count else {
      throw Failure(
        .einval, "descriptor \(index) was asked for, but the line brought \(count)", field: field())
    }
    guard let descriptor = arrived?.take(Int(index)) else {
      throw Failure(.einval, "descriptor \(index) of the line is in use already", field: field())
    }
    return descriptor
  }

  /// Closes a descriptor that was refused, away from the loop.
  package func refuse(_ descriptor: consuming OwnedDescriptor) {
    discard(descriptor.release())
  }

  /// Sends a descriptor along with the answer, behind those given before.
  package func answer(with descriptor: consuming OwnedDescriptor) {
    if let leaving { leaving.append(descriptor) } else { leaving = DescriptorBatch(descriptor) }
  }

  /// Sends a descriptor of `memory` along.
  func answer(with descriptor: consuming OwnedDescriptor, of memory: ObjectID) {
    answer(with: descriptor)
    answerMemories.append(memory)
  }

  /// The descriptors that go with the answer.
  package func takeAnswerDescriptors() -> DescriptorBatch? { leaving.take() }
}
