// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// What one connection, and all of them, may take of the loop and of memory.
package struct ConnectionLimits: Sendable {
  /// Bytes of answers that wait for a client at which nothing more is read from it.
  package var pausedBytes = 256 << 10
  /// Bytes of answers that wait for a client at which it is dropped.
  package var droppedBytes = 4 << 20
  /// Bytes of answers at which they are sent before more are made.
  package var flushedBytes = 64 << 10
  /// Descriptors that a client has not read yet.
  package var unreadDescriptors = 64
  /// Descriptors that all clients together have not read yet.
  package var allUnreadDescriptors = 256
  /// Requests that are read, or at work, ahead of one that is parked.
  package var aheadRequests = 64
  /// Bytes of requests that are read ahead.
  package var aheadBytes = 1 << 20
  /// Descriptors that wait for the requests of one connection that they belong to, be it read ahead or not yet ended.
  package var aheadDescriptors = 64
  /// Descriptors of all connections that wait so.
  package var allWaitingDescriptors = 512
  /// Microseconds for the last error to go out on a connection that is lost.
  package var farewell: UInt64 = 1_000_000
  /// Requests that a connection may make before others get their turn.
  package var turn = 256
  /// Microseconds of a turn, beyond which only what was begun is done.
  package var slice: UInt64 = 400
  /// The same while several users have something to do.
  package var sharedSlice: UInt64 = 60
  /// Messages with descriptors that are received from one connection in one turn.
  package var messages = 16
  /// Connections accepted in one turn.
  package var accepts = 4

  package init() {}
}
