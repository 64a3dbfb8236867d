// SPDX-License-Identifier: Apache-2.0

import IommuBase

extension Bool: Value {
  public static func read(_ reader: Reader, at index: Int) throws(Failure) -> Bool {
    switch reader.token(index).kind {
    case .yes: true
    case .no: false
    default: throw .wrongValue("has to be true or false")
    }
  }

  public func write(to writer: inout Writer) { writer.verbatim(self ? "true" : "false") }
  public static var shape: Shape { .boolean }
}

extension UInt32: Value {
  @inline(__always)
  public static func read(_ reader: Reader, at index: Int) throws(Failure) -> UInt32 {
    guard let value = reader.unsigned(at: index), let value = UInt32(exactly: value) else {
      throw .wrongValue("has to be an unsigned integer of at most 32 bits")
    }
    return value
  }

  @inline(__always)
  public func write(to writer: inout Writer) { writer.number(UInt64(self)) }
  public static var shape: Shape { .integer(UInt64(UInt32.max)) }
}

extension UInt64: Value {
  @inline(__always)
  public static func read(_ reader: Reader, at index: Int) throws(Failure) -> UInt64 {
    guard let value = reader.unsigned(at: index) else {
      throw .wrongValue("has to be an unsigned integer of at most 64 bits")
    }
    return value
  }

  @inline(__always)
  public func write(to writer: inout Writer) { writer.number(self) }
  public static var shape: Shape { .integer(.max) }
}

extension String: Value {
  public static func read(_ reader: Reader, at index: Int) throws(Failure) -> String {
    guard let value = reader.string(at: index) else { throw .wrongValue("has to be a string") }
    return value
  }

  public func write(to writer: inout Writer) { writer.string(self) }
  public static var shape: Shape { .string }
}

/// An address travels as `"0x..."`; an integer is accepted too.
extension IOVA: Value {
  @inline(__always)
  public static func read(_ reader: Reader, at index: Int) throws(Failure) -> IOVA {
    guard let value = reader.address(at: index) else {
      throw .wrongValue("has to be an address of at most 64 bits: an integer or a string \"0x...\"")
    }
    return IOVA(value)
  }

  @inline(__always)
  public func write(to writer: inout Writer) { writer.address(rawValue) }
  public static var shape: Shape { .address }
}

extension Array: Value where Element: Value {
  public static func read(_ reader: Reader, at index: Int) throws(Failure) -> [Element] {
    guard reader.isKind(.array, at: index) else { throw .wrongValue("has to be an array") }
    let count = reader.token(index).count
    var result: [Element] = []
    result.reserveCapacity(count)
    var element = index + 1
    for place in 0..<count {
      do throws(Failure) {
        result.append(try Element.read(reader, at: element))
      } catch {
        throw error.inside("[\(place)]")
      }
      element = Int(reader.token(element).next)
    }
    return result
  }

  public func write(to writer: inout Writer) {
    writer.open("[")
    for element in self {
      writer.element()
      element.write(to: &writer)
    }
    writer.close("]")
  }

  public static var shape: Shape { .list(Element.shape) }
}

extension Members {
  public static func read(_ reader: Reader, at index: Int) throws(Failure) -> Self {
    var decoder = try Decoder(reader, at: index)
    var value = Self()
    try value.visit(&decoder)
    try decoder.finish()
    return value
  }

  public func write(to writer: inout Writer) {
    writer.open("{")
    var copy = self
    do throws(Failure) {
      try copy.visit(&writer)
    } catch {
      assertionFailure("a walk threw on its own")
    }
    writer.close("}")
  }

  public static var shape: Shape { .object(objectShape) }
}

extension Enumeration {
  public static func read(_ reader: Reader, at index: Int) throws(Failure) -> Self {
    // The values are ours and short; a long string is none of them and need not be made.
    if reader.textLength(at: index) <= 32, let text = reader.string(at: index),
      let value = Self(rawValue: text)
    {
      return value
    }
    throw unknownValue
  }

  @inline(never)
  private static var unknownValue: Failure {
    let names = allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
    return .wrongValue(allCases.count == 1 ? "has to be \(names)" : "has to be one of \(names)")
  }

  public func write(to writer: inout Writer) { writer.string(rawValue) }
  public static var shape: Shape { .choice(allCases.map { $0.rawValue }) }
}

/// Bytes, which travel as base64.
public struct Bytes: Value {
  public var bytes: [UInt8]

  public init(_ bytes: [UInt8] = []) { self.bytes = bytes }

  public static func read(_ reader: Reader, at index: Int) throws(Failure) -> Bytes {
    guard let decoded = unsafe reader.withString(at: index, { unsafe Base64.decode($0) }), let bytes = decoded
    else {
      throw .wrongValue("has to be a string with base64")
    }
    return Bytes(bytes)
  }

  public func write(to writer: inout Writer) { writer.base64(bytes) }
  public static var shape: Shape { .base64 }
}

/// JSON text that is passed on as it is.
public struct JSONText: Value {
  /// One valid JSON value.
  public var text: String

  public init(_ text: String = "{}") { self.text = text }

  public static func read(_ reader: Reader, at index: Int) throws(Failure) -> JSONText {
    JSONText(reader.text(at: index))
  }

  public func write(to writer: inout Writer) { writer.verbatim(text) }
  public static var shape: Shape { .json }
}
