// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Something that travels as one JSON value.
///
/// The three requirements have defaults for objects, lists and enumerations. They are requirements so that
/// the compiler makes one specialised copy for each type in this module, which callers in others then use.
public protocol Value: Sendable, Equatable {
  /// Reads the value that stands at a token of `reader`.
  /// - Throws: a failure whose message goes on from the name of the member.
  static func read(_ reader: Reader, at index: Int) throws(Failure) -> Self

  /// Appends the value to `writer`.
  func write(to writer: inout Writer)

  /// What it looks like.
  static var shape: Shape { get }
}

/// A JSON object with named members, which one walk decodes, encodes and describes.
public protocol Members: Value {
  /// The value that a walk starts from: optional members hold their defaults, the others are placeholders.
  init()

  /// Shows every member to `visitor`, always in the same order.
  mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure)
}

/// A method of the protocol: its parameters, which are the members of the conforming type, and its result.
public protocol Method: Members {
  /// What the call answers.
  associatedtype Result: Members

  /// The name on the wire, such as `ioas.map`.
  static var name: StaticString { get }
  /// One sentence on what the method does.
  static var summary: StaticString { get }
  /// Error numbers that the method answers besides those of the envelope.
  static var errors: [Errno] { get }
  /// Whether a call may carry a key, with which it can be sent again after a lost answer: those do that change something
  /// for good.
  static var takesKey: Bool { get }
  /// Whether a call without a key may be made again when nobody knows whether it was executed: it reads, or does what
  /// ends with the connection.
  static var isRepeatable: Bool { get }
}

extension Method {
  public static var takesKey: Bool { false }
  public static var isRepeatable: Bool { !takesKey }
}

/// One use of a walk: decoding, encoding or describing. Names are member names on the wire; texts are
/// half-sentences for the reference, with units.
public protocol Visitor: ~Copyable {
  /// A member that has to be there.
  mutating func member<T: Value>(_ name: StaticString, _ value: inout T, _ text: StaticString)
    throws(Failure)

  /// A member that may be missing: `value` then keeps its default.
  mutating func option<T: Value>(_ name: StaticString, _ value: inout T, _ text: StaticString)
    throws(Failure)

  /// A member that may be missing: `value` is nil then.
  mutating func option<T: Value>(_ name: StaticString, _ value: inout T?, _ text: StaticString)
    throws(Failure)

  /// Either the member `name` with a list, or the members of exactly one element in its place.
  ///
  /// - Parameters:
  ///   - single: whether it is the form without a list.
  ///   - absent: whether neither form is there; nil when one always has to be.
  mutating func oneOrMany<T: Members>(
    _ name: StaticString, _ list: inout [T], single: inout Bool, absent: Bool?, _ text: StaticString
  ) throws(Failure)

  /// The member `name`, whose value says which other members there are; `members` shows those of one kind.
  mutating func kinds<K: Enumeration>(
    _ name: StaticString, _ kind: inout K, _ text: StaticString,
    members: (inout Self, K) throws(Failure) -> Void
  ) throws(Failure)
}

/// A value out of a fixed set of strings.
public protocol Enumeration: Value, CaseIterable, RawRepresentable where RawValue == String {
}
