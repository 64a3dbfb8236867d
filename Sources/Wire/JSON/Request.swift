// SPDX-License-Identifier: Apache-2.0

/// A line that is a request: its envelope read, its parameters still where they stand.
///
/// It is a view, as its ``Reader`` is.
package struct Request {
  package var id: RequestID
  /// Descriptors that the line declares to bring.
  package var descriptors: Int
  /// Makes a resend harmless in persistent contexts.
  package var key: String?
  private let reader: Reader
  private let methodToken: Int
  /// -1 when there is none.
  private let parametersToken: Int

  /// The name of the method, of any length.
  package var method: String { reader.string(at: methodToken) ?? "" }

  /// Runs `body` on the bytes of the method's name.
  package func withMethod<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R? {
    unsafe reader.withString(at: methodToken, body)
  }

  /// The parameters as those of `method`.
  /// - Throws: a failure that names the member at fault.
  package func parameters<M: Method>(of method: M.Type = M.self) throws(Failure) -> M {
    do throws(Failure) {
      return try M.read(reader, at: parametersToken)
    } catch {
      throw error.sentence
    }
  }

  /// Bytes of the parameters.
  package var parametersLength: Int { parametersToken < 0 ? 0 : reader.textLength(at: parametersToken) }

  /// Tells a request that is sent again from another one with the same key: a hash of the method's name and of the
  /// parameters as they came, with the algorithm FNV-1a. It stays the same from one version of the daemon to the next.
  package var digest: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in method.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    if parametersToken >= 0 {
      for byte in reader.text(at: parametersToken).utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    return hash
  }

  /// The text of the parameters, as they came.
  package var parametersText: String { parametersToken < 0 ? "{}" : reader.text(at: parametersToken) }
}

/// What a line turns out to be.
package enum Envelope {
  case request(Request)
  /// JSON, but no request. `descriptors` is nil when it cannot be said how many it declares.
  case refused(RequestID?, descriptors: Int?, Failure)
  /// No JSON.
  case broken(Failure)
  /// It has more values than were to be read.
  case long

  /// Reads `line` with the memory of `scanner`.
  ///
  /// - Parameter values: how many it may have.
  package static func read(
    _ line: UnsafeRawBufferPointer, _ scanner: inout Scanner, atMost values: Int = .max
  ) -> Envelope {
    do throws(Failure) {
      return unsafe Request.read(try scanner.scan(line, atMost: values))
    } catch {
      return scanner.gaveUp ? .long : .broken(error)
    }
  }
}

extension Request {
  fileprivate static func read(_ reader: Reader) -> Envelope {
    guard reader.isKind(.object, at: 0) else {
      let what =
        reader.isKind(.array, at: 0)
        ? "a request is an object; there are no batches" : "a request is an object"
      return .refused(nil, descriptors: nil, .invalidRequest(what))
    }
    var version: Int?
    var id: Int?
    var method: Int?
    var parameters = -1
    var fds: Int?
    var key: Int?
    var unknown: Int?
    var at = 1
    for _ in 0..<reader.token(0).count {
      let value = at &+ 1
      if reader.says("jsonrpc", at: at) {
        version = value
      } else if reader.says("id", at: at) {
        id = value
      } else if reader.says("method", at: at) {
        method = value
      } else if reader.says("params", at: at) {
        parameters = value
      } else if reader.says("fds", at: at) {
        fds = value
      } else if reader.says("key", at: at) {
        key = value
      } else if unknown == nil {
        unknown = at
      }
      at = Int(reader.token(value).next)
    }

    let name = id.flatMap { RequestID.read(reader, at: $0) }
    var descriptors: Int? = 0
    if let fds {
      descriptors = reader.unsigned(at: fds).flatMap { Int(exactly: $0) }
    }
    func refused(_ field: String, _ message: String) -> Envelope {
      .refused(name, descriptors: descriptors, .invalidRequest("\(field) \(message)", field: field))
    }
    guard let descriptors, descriptors <= WireLimit.descriptors else {
      return refused("fds", "has to be an integer from 0 to \(WireLimit.descriptors)")
    }
    if let unknown {
      return refused(Failure.excerpt(reader.string(at: unknown) ?? ""), "is not known here")
    }
    guard let version, reader.says("2.0", at: version), reader.isKind(.string, at: version) else {
      return refused("jsonrpc", "has to be \"2.0\"")
    }
    guard id != nil else { return refused("id", "is missing") }
    guard let name else {
      return refused("id", "has to be an integer or a string of at most \(WireLimit.tokenBytes) bytes")
    }
    guard let method, reader.isKind(.string, at: method) else {
      return refused("method", method == nil ? "is missing" : "has to be a string")
    }
    var token: String?
    if let key {
      token = reader.string(at: key)
      guard let text = token, text.utf8.count <= WireLimit.tokenBytes else {
        return refused("key", "has to be a string of at most \(WireLimit.tokenBytes) bytes")
      }
    }
    return .request(
      Request(
        id: name, descriptors: descriptors, key: token, reader: reader, methodToken: method,
        parametersToken: parameters))
  }
}
