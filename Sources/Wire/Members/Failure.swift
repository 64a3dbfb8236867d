// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Why a request was refused: the one error that crosses the wire.
public struct Failure: Error, Equatable, Sendable {
  /// A Linux error number when positive, a JSON-RPC code when negative.
  public var code: Int32
  /// A sentence that names the values concerned.
  public var message: String
  /// The parameter at fault, with dots and indexes where it is nested: `ranges[2].source.fd`.
  public var field: String?
  /// Bytes that were copied before a fault.
  public var done: UInt64?
  /// Pins that stand in the way.
  public var pins: [UInt32]
  /// Other connections that stand in the way.
  public var holders: [HolderInfo]

  public init(code: Int32, _ message: String, field: String? = nil) {
    self.code = code
    self.message = message
    self.field = field
    pins = []
    holders = []
  }

  /// A refusal with a Linux error number.
  public init(_ errno: Errno, _ message: String, field: String? = nil) {
    self.init(code: errno.rawValue, message, field: field)
  }

  /// The error number, or nil when the envelope was at fault.
  public var errno: Errno? { code > 0 ? Errno(code) : nil }
}

extension Failure {
  /// Not JSON, or beyond what a line may hold.
  public static let parseErrorCode: Int32 = -32700
  /// JSON, but no request.
  public static let invalidRequestCode: Int32 = -32600
  /// No such method.
  public static let methodNotFoundCode: Int32 = -32601
  /// Parameters missing, unknown or of a wrong type.
  public static let invalidParametersCode: Int32 = -32602
  /// The daemon broke its own rules.
  public static let internalErrorCode: Int32 = -32603

  package static func parse(_ message: String) -> Failure {
    Failure(code: parseErrorCode, message)
  }

  package static func invalidRequest(_ message: String, field: String? = nil) -> Failure {
    Failure(code: invalidRequestCode, message, field: field)
  }

  package static func methodNotFound(_ name: String) -> Failure {
    Failure(code: methodNotFoundCode, "there is no method \(excerpt(name))", field: "method")
  }

  package static func invalidParameter(_ field: String, _ message: String) -> Failure {
    Failure(code: invalidParametersCode, message, field: field)
  }

  /// As much of a peer's text as an answer repeats.
  package static func excerpt(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.prefix(WireLimit.tokenBytes)))
  }

  /// The same failure seen from the object that holds the faulty one as its member `name`.
  package func inside(_ name: String) -> Failure {
    var copy = self
    if let field {
      copy.field = field.hasPrefix("[") ? name + field : name + "." + field
    } else {
      copy.field = name
    }
    return copy
  }
}

extension Failure: CustomStringConvertible {
  public var description: String {
    let kind = errno.map { $0.description } ?? String(code)
    return if let field { "\(kind): \(message) (\(field))" } else { "\(kind): \(message)" }
  }
}
