// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase

/// A connected Unix stream socket that carries bytes and descriptors.
package struct Socket: ~Copyable {
  /// The number, for calls that borrow it.
  package let rawValue: Int32
  private let dispose: ((Int32) -> Void)?

  /// Takes over a connected socket.
  ///
  /// - Parameter dispose: takes over the socket at its end, and every descriptor that came by it and that nobody
  ///   took, since closing them may take its time; nil closes them at once.
  package init(owning descriptor: consuming OwnedDescriptor, dispose: ((Int32) -> Void)? = nil) {
    rawValue = descriptor.release()
    self.dispose = dispose
  }

  deinit {
    if let dispose { dispose(rawValue) } else { close(rawValue) }
  }

  /// What a call to receive met.
  package enum Reception: Equatable {
    /// Bytes, with or without descriptors.
    case bytes(Int)
    /// The other end has finished.
    case end
    /// Nothing there now.
    case blocked
    case failed(Errno)
  }

  /// Connects to the Unix socket at `path`.
  package static func connect(to path: String) throws(Errno) -> Socket {
    let result = unsafe path.withCString { unsafe iommu_connect($0) }
    guard result >= 0 else { throw Errno(-result) }
    return Socket(owning: OwnedDescriptor(owning: result))
  }

  /// Two connected sockets, for tests and for handing one end away.
  package struct Pair: ~Copyable {
    package let first: Socket
    package let second: Socket

    package init() throws(Errno) {
      var numbers: (first: Int32, second: Int32) = (-1, -1)
      let result = unsafe iommu_socketpair(&numbers.first, &numbers.second)
      guard result >= 0 else { throw Errno(-result) }
      first = Socket(owning: OwnedDescriptor(owning: numbers.first))
      second = Socket(owning: OwnedDescriptor(owning: numbers.second))
    }
  }

  /// Receives once into `framer`.
  /// - Parameters:
  ///   - limit: bytes at most.
  ///   - wait: whether to wait for something; else ``Reception/blocked``.
  package func receive(into framer: inout Framer, atMost limit: Int = .max, wait: Bool = false) -> Reception {
    do throws(Errno) {
      let count = try unsafe framer.fill { (room) throws(Errno) in
        try unsafe receive(
          UnsafeMutableRawBufferPointer(rebasing: room[..<min(limit, room.count)]), wait)
      }
      return count > 0 ? .bytes(count) : .end
    } catch {
      return error.rawValue == EAGAIN ? .blocked : .failed(error)
    }
  }

  private func receive(_ room: UnsafeMutableRawBufferPointer, _ wait: Bool) throws(Errno)
    -> (count: Int, batch: DescriptorBatch?, truncated: Bool)
  {
    var received = iommu_received()
    var batch: DescriptorBatch?
    let result = unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: Int(IOMMU_DESCRIPTORS_MAX)) {
      numbers -> Int64 in
      let result = unsafe iommu_receive(
        rawValue, room.baseAddress, UInt64(room.count), wait ? 1 : 0, numbers.baseAddress, &received)
      if received.count > 0 {
        batch = unsafe DescriptorBatch(owning: Array(numbers.prefix(Int(received.count))), dispose: dispose)
      }
      return result
    }
    guard result >= 0 else { throw Errno(Int32(truncatingIfNeeded: -result)) }
    return (Int(result), batch, received.truncated != 0)
  }

  /// Sends some of `bytes` in one message, together with `batch`, whose descriptors went with the first byte.
  /// - Returns: bytes sent, at least 1.
  /// - Throws: `EAGAIN` when nothing fits and `wait` is false.
  package func send(_ bytes: UnsafeRawBufferPointer, _ batch: DescriptorBatch? = nil, wait: Bool = false)
    throws(Errno) -> Int
  {
    let result =
      if let batch {
        unsafe batch.withNumbers { numbers in
          unsafe iommu_send(
            rawValue, bytes.baseAddress, UInt64(bytes.count), wait ? 1 : 0, numbers.baseAddress,
            Int32(truncatingIfNeeded: numbers.count))
        }
      } else {
        unsafe iommu_send(
          rawValue, bytes.baseAddress, UInt64(bytes.count), wait ? 1 : 0, nil, 0)
      }
    guard result >= 0 else { throw Errno(Int32(truncatingIfNeeded: -result)) }
    return Int(result)
  }

  /// Says that nothing more will be sent.
  package func finishSending() { shutdown(rawValue, Int32(SHUT_WR)) }
}
