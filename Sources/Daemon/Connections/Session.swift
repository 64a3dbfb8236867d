// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// Names a connection for as long as the daemon runs.
package struct SessionID: Hashable, Sendable {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// One connection as services see it. Confined to the loop.
package final class Session {
  package let id: SessionID
  /// The peer's, as the kernel told it when the peer connected.
  package let uid: UInt32
  /// That of the socket that the peer connected to.
  package let role: Role
  /// The names that ids of this connection's requests belong to.
  package var context: Context

  // Descriptors of the request that is being served; -1 where one was taken.
  private var arrived: [Int32] = []
  private var leaving: [Int32] = []
  private let discard: (Int32) -> Void

  /// - Parameter discard: closes a descriptor that may take its time to close.
  package init(
    id: SessionID, uid: UInt32, role: Role, context: Context, discard: @escaping (Int32) -> Void
  ) {
    self.id = id
    self.uid = uid
    self.role = role
    self.context = context
    self.discard = discard
  }

  deinit { endRequest() }

  /// Hands over the descriptors of the request that is served next.
  package func beginRequest(descriptors: [Int32]) {
    endRequest()
    arrived = descriptors
  }

  /// Lets go of all descriptors that no service took, and of those of an answer that was never taken.
  package func endRequest() {
    for descriptor in arrived where descriptor >= 0 { discard(descriptor) }
    for descriptor in leaving { discard(descriptor) }
    arrived = []
    leaving = []
  }

  /// Takes the request's descriptor number `index`, which can be taken once.
  ///
  /// - Throws: EINVAL naming `field` when the line did not bring it.
  package func takeDescriptor(_ index: UInt32, field: String) throws(Failure) -> OwnedDescriptor {
    guard index < arrived.count else {
      throw Failure(
        .einval, "descriptor \(index) was asked for, but the line brought \(arrived.count)", field: field)
    }
    let descriptor = arrived[Int(index)]
    guard descriptor >= 0 else {
      throw Failure(.einval, "descriptor \(index) of the line is in use already", field: field)
    }
    arrived[Int(index)] = -1
    return OwnedDescriptor(owning: descriptor)
  }

  /// Closes a descriptor that was refused, away from the loop.
  package func refuse(_ descriptor: consuming OwnedDescriptor) {
    discard(descriptor.release())
  }

  /// Sends a descriptor along with the answer, behind those given before.
  package func answer(with descriptor: consuming OwnedDescriptor) {
    leaving.append(descriptor.release())
  }

  /// The descriptors that go with the answer; they are the caller's from here on.
  package func takeAnswerDescriptors() -> [Int32] {
    defer { leaving = [] }
    return leaving
  }
}
