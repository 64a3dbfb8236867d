// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// A line that answers a request. It is a view, as its ``Reader`` is.
package struct Response {
  /// nil in an error that belongs to no request.
  package var id: RequestID?
  /// Descriptors that the line declares to bring.
  package var descriptors: Int
  /// Why the request was refused, or nil.
  package var failure: Failure?
  /// A notification: no answer to anything.
  package var isNotification: Bool
  private let reader: Reader
  private let resultToken: Int?

  /// Reads `line` with the memory of `scanner`.
  /// - Throws: when it is no answer.
  package init(_ line: UnsafeRawBufferPointer, _ scanner: inout Scanner) throws(Failure) {
    let reader = unsafe try scanner.scan(line, tolerant: true)
    guard reader.isKind(.object, at: 0) else { throw .parse("an answer is an object") }
    self.reader = reader
    id = reader.member("id", of: 0).flatMap { RequestID.read(reader, at: $0) }
    descriptors =
      reader.member("fds", of: 0).flatMap { reader.unsigned(at: $0) }.flatMap { Int(exactly: $0) } ?? 0
    resultToken = reader.member("result", of: 0)
    failure = reader.member("error", of: 0).map { Failure(reader, at: $0) }
    isNotification = reader.member("method", of: 0) != nil && resultToken == nil && failure == nil
    guard isNotification || (resultToken == nil) != (failure == nil) else {
      throw .parse("an answer has either a result or an error")
    }
  }

  /// The result as that of `method`.
  package func result<M: Method>(of method: M.Type) throws(Failure) -> M.Result {
    if let failure { throw failure }
    do throws(Failure) {
      return try M.Result.read(reader, at: resultToken ?? 0)
    } catch {
      throw error.sentence
    }
  }

  /// What a notification of an event says.
  /// - Throws: when it is another notification, or an event of a kind that is not known here.
  package func event() throws(Failure) -> Event {
    guard let method = reader.member("method", of: 0), reader.says("event", at: method),
      let parameters = reader.member("params", of: 0)
    else { throw .parse("the notification is no event") }
    return try Event.read(reader, at: parameters)
  }

  /// The whole line.
  package var text: String { reader.text(at: 0) }

  /// The text of the result as it came.
  package func resultText() throws(Failure) -> String {
    if let failure { throw failure }
    return reader.text(at: resultToken ?? 0)
  }
}

extension Failure {
  /// The failure that an error object stands for; what is missing there gets a default.
  init(_ reader: Reader, at index: Int) {
    self.init(code: Failure.internalErrorCode, "an error without a message")
    guard reader.isKind(.object, at: index) else { return }
    if let token = reader.member("code", of: index), let value = Int32(reader.text(at: token)) {
      code = value
    }
    if let token = reader.member("message", of: index) { message = reader.string(at: token) ?? message }
    guard let data = reader.member("data", of: index), reader.isKind(.object, at: data) else { return }
    field = reader.member("field", of: data).flatMap { reader.string(at: $0) }
    done = reader.member("done", of: data).flatMap { reader.unsigned(at: $0) }
    if let token = reader.member("pins", of: data), let list = try? [UInt32].read(reader, at: token) {
      pins = list
    }
    if let token = reader.member("holders", of: data), let list = try? [HolderInfo].read(reader, at: token) {
      holders = list
    }
  }
}
