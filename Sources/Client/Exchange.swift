// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire

extension Client {
  /// Sends everything that was collected, and keeps what arrives meanwhile: the daemon stops reading while
  /// its answers are not read.
  public func flush() throws(ClientError) {
    while true {
      switch outbox.flush(to: socket) {
      case .all, .held:
        return
      case .failed(let errno):
        throw .lost(errno)
      case .blocked:
        if try waitUntilWritable() { try receiveMore(wait: false) }
      }
    }
  }

  /// Waits until the socket takes bytes; answers whether it also has some.
  private func waitUntilWritable() throws(ClientError) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN | POLLOUT), revents: 0)
    while unsafe poll(&entry, 1, -1) < 0 {
      guard errno == EINTR else { throw .lost(Errno.current) }
    }
    return Int32(entry.revents) & POLLIN != 0
  }

  private func receiveMore(wait: Bool) throws(ClientError) {
    switch socket.receive(into: &framer, wait: wait) {
    case .bytes, .blocked: return
    case .end: throw .lost(nil)
    case .failed(let errno): throw .lost(errno)
    }
  }

  /// Runs `body` on the next answer, for which it waits. Notifications are passed over.
  func receiveResponse<R>(_ body: (Response, DescriptorBatch?) throws(ClientError) -> R) throws(ClientError)
    -> R
  {
    try flush()
    while true {
      switch framer.next() {
      case .none:
        try receiveMore(wait: true)
      case .overlong:
        throw .broken("the daemon sent a line of more than \(WireLimit.lineBytes) bytes")
      case .fatal(let fatal):
        throw .broken(fatal.failure.message)
      case .line(let line):
        let (response, batch) = try read(line)
        if !response.isNotification { return try body(response, batch) }
      }
    }
  }

  private func read(_ line: Framer.Line) throws(ClientError) -> (Response, DescriptorBatch?) {
    let response: Response
    do throws(Failure) {
      response = try unsafe Response(framer.text(line), &scanner)
    } catch {
      try? framer.settleBroken(line)
      throw .broken(error.message)
    }
    do throws(Framer.Fatal) {
      return (response, try framer.settle(line, declared: response.descriptors))
    } catch {
      throw .broken(error.failure.message)
    }
  }
}
