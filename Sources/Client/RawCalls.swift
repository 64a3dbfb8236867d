// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// Calls in plain JSON, for methods that this library does not know.
extension Client {
  /// Calls the method `name` with parameters in JSON and answers its result in JSON.
  ///
  /// - Parameter parameters: the text of one JSON object, without newlines.
  public func call(_ name: String, parameters: String = "{}", descriptors: [Int32] = []) throws(ClientError)
    -> Answer<String>
  {
    let id = takeID()
    let batch = try Self.batch(descriptors)
    outbox.request(id, name: name, parameters: parameters, batch)
    recovery?.unanswered[id] = Recovery.Call(method: name, line: [], batch: nil, hasKey: false)
    return try receiveResponse(to: id) { (response, batch) throws(ClientError) in
      do throws(Failure) {
        return Answer(try response.resultText(), batch)
      } catch {
        throw .refused(error)
      }
    }
  }

  /// Sends a line as it is; its answer is to be received with ``receiveLine()``. From then on a lost connection is
  /// the end: nobody but the caller knows what may be sent again.
  ///
  /// - Parameter line: a whole request, without newline. When it declares `fds`, so many `descriptors`.
  public func sendLine(_ line: String, descriptors: [Int32] = []) throws(ClientError) {
    endWithConnection()
    outbox.line(line, try Self.batch(descriptors))
    if outbox.pendingBytes >= Self.batchBytes { try flush() }
  }

  /// Waits for the next answer to a line and gives its text; nil when the daemon has closed the connection.
  /// Errors are answers like others here.
  public func receiveLine() throws(ClientError) -> Answer<String>? {
    do throws(ClientError) {
      return try receiveResponse { (response, batch) throws(ClientError) in Answer(response.text, batch) }
    } catch {
      if error == .lost(nil) { return nil }
      throw error
    }
  }

  /// Says that no more requests will come; answers still do.
  public func finishSending() throws(ClientError) {
    try flush()
    socket.finishSending()
  }
}
