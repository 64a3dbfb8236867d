// SPDX-License-Identifier: Apache-2.0

import Glibc
@_exported import IommuBase
@_exported import IommuWire

/// A connection to iommud.
///
///     let client = try Client.connect()
///     let ioas = try client.call(IOASAlloc()).ioas
///
/// Calls wait for their answers. Several can be on their way at once: ``send(_:descriptors:)`` them all and
/// ``receive(_:)`` their answers in any order, each once. Events that come meanwhile are kept for
/// ``nextEvent(within:)``. A client belongs to one thread at a time.
public final class Client {
  var socket: Socket
  var outbox = Outbox()
  var framer = Framer()
  var scanner = Scanner()
  private(set) var nextID: UInt64 = 1
  /// Answers that came before they were asked for, by their ids.
  var early: [UInt64: (KeptLine, DescriptorBatch?)] = [:]
  /// Events that came while something else was waited for.
  var events = EventBuffer()
  /// Nil where a lost connection is the end.
  var recovery: Recovery?
  /// Called when a lost connection was made again, on the thread that was calling. It may make calls: pins and
  /// subscriptions are to be made anew. ``descriptor`` is another one then.
  public var onReconnect: ((Reconnection) -> Void)?

  /// Sends are collected up to this many bytes.
  static var batchBytes: Int { 1 << 16 }

  init(_ socket: consuming Socket) {
    self.socket = socket
  }

  /// Takes over a connected socket, such as one end of a socket pair.
  public convenience init(owning descriptor: consuming OwnedDescriptor) {
    self.init(Socket(owning: descriptor))
  }

  /// Connects to the daemon that listens at `path`; nil means the first of ``SocketPath/candidates()`` that
  /// exists.
  /// - Throws: ``ClientError/unreachable(path:errno:)``.
  public static func connect(to path: String? = nil) throws(ClientError) -> Client {
    Client(try connectedSocket(path))
  }

  static func connectedSocket(_ path: String?) throws(ClientError) -> Socket {
    let path = path ?? SocketPath.standard()
    do throws(Errno) {
      return try Socket.connect(to: path)
    } catch {
      throw .unreachable(path: path, errno: error)
    }
  }

  /// The socket's number, to be polled for events: when there is something to read, or after calls, look for them
  /// with ``nextEvent(within:)`` and no time.
  public var descriptor: Int32 { socket.rawValue }

  // MARK: Calls

  /// Calls `method` and waits for its result. Descriptors that come with it are closed.
  ///
  /// - Parameter descriptors: open descriptors to pass, at most 16; parameters name them by position. They
  ///   stay the caller's.
  public func call<M: Method>(_ method: M, descriptors: [Int32] = []) throws(ClientError) -> M.Result {
    try receive(try send(method, descriptors: descriptors)).result
  }

  /// Calls `method` and waits for its result and the descriptors that come with it.
  public func callForDescriptors<M: Method>(_ method: M, descriptors: [Int32] = []) throws(ClientError)
    -> Answer<M.Result>
  {
    try receive(try send(method, descriptors: descriptors))
  }

  /// Sends `method` without waiting for its answer, which has to be received later.
  ///
  /// Small calls are collected; the first ``receive(_:)`` or ``flush()`` sends what is left.
  public func send<M: Method>(_ method: M, descriptors: [Int32] = []) throws(ClientError) -> Pending<M> {
    let (id, batch) = (takeID(), try Self.batch(descriptors))
    let start = outbox.writer.count
    outbox.request(id, method, batch, key: recovery?.key(for: M.self, id))
    remember(M.self, id, from: start, batch)
    if outbox.pendingBytes >= Self.batchBytes { try flush() }
    return Pending(id: id)
  }

  /// Waits for the answer to `pending`, which was not received before.
  /// - Throws: ``ClientError/refused(_:)`` when the daemon says no.
  public func receive<M: Method>(_ pending: Pending<M>) throws(ClientError) -> Answer<M.Result> {
    try receiveResponse(to: pending.id) { (response, batch) throws(ClientError) in
      do throws(Failure) {
        return Answer(try response.result(of: M.self), batch)
      } catch {
        throw error == response.failure ? .refused(error) : .broken(error.message)
      }
    }
  }

  func takeID() -> UInt64 {
    defer { nextID += 1 }
    return nextID
  }

  /// Copies of `numbers`, since those sent are closed afterwards.
  static func batch(_ numbers: [Int32]) throws(ClientError) -> DescriptorBatch? {
    if numbers.isEmpty { return nil }
    let batch = DescriptorBatch(owning: [])
    for number in numbers {
      let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
      guard copy >= 0 else { throw .badDescriptor(number, Errno.current) }
      batch.append(OwnedDescriptor(owning: copy))
    }
    return batch
  }
}
