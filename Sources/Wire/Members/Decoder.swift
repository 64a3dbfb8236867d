// SPDX-License-Identifier: Apache-2.0

/// The walk that fills members from a JSON object.
///
/// Failures name the member; their messages go on from there ("has to be ...", "is missing") and are made
/// sentences by ``Failure/sentence``. Members in the order of the walk cost one comparison each.
struct Decoder: Visitor {
  private let reader: Reader
  private let object: Int
  private let count: Int
  /// The key that comes next if the members stand in the order of the walk, and its ordinal.
  private var cursor: Int
  private var ordinal = 0
  private var found = 0
  /// A bit for each ordinal found; beyond 64 members some is unknown anyway.
  private var seen: UInt64 = 0

  /// - Parameter index: of an object; -1 stands for one without members.
  init(_ reader: Reader, at index: Int) throws(Failure) {
    if index < 0 {
      self.reader = reader
      (object, count, cursor) = (0, 0, 0)
      return
    }
    guard reader.isKind(.object, at: index) else { throw .wrongValue("has to be an object") }
    self.reader = reader
    object = index
    count = reader.token(index).count
    cursor = index + 1
  }

  /// The token of the value of member `name`.
  @inline(__always)
  private mutating func find(_ name: StaticString) -> Int? {
    if ordinal < count, reader.says(name, at: cursor) { return take() }
    return search(name)
  }

  private mutating func search(_ name: StaticString) -> Int? {
    guard found < count else { return nil }
    let (oldCursor, oldOrdinal) = (cursor, ordinal)
    cursor = object + 1
    ordinal = 0
    while ordinal < count {
      if reader.says(name, at: cursor) { return take() }
      advance()
    }
    (cursor, ordinal) = (oldCursor, oldOrdinal)
    return nil
  }

  @inline(__always)
  private mutating func take() -> Int {
    let value = cursor &+ 1
    found &+= 1
    if ordinal < 64 { seen |= 1 << UInt64(ordinal) }
    advance()
    return value
  }

  @inline(__always)
  private mutating func advance() {
    cursor = Int(reader.token(cursor &+ 1).next)
    ordinal &+= 1
  }

  /// Refuses members that nobody asked for.
  @inline(__always)
  func finish() throws(Failure) {
    if _slowPath(found < count && !reader.tolerant) { throw unknown() }
  }

  @inline(never)
  private func unknown() -> Failure {
    var key = object + 1
    for place in 0..<count {
      if place >= 64 || seen & 1 << UInt64(place) == 0 { break }
      key = Int(reader.token(key + 1).next)
    }
    return .invalidParameter(Failure.excerpt(reader.string(at: key) ?? ""), "is not known here")
  }

  @inline(__always)
  private func read<T: Value>(_ name: StaticString, at index: Int) throws(Failure) -> T {
    do throws(Failure) {
      return try T.read(reader, at: index)
    } catch {
      throw error.inside(name.description)
    }
  }

  @inline(__always)
  mutating func member<T: Value>(_ name: StaticString, _ value: inout T, _ text: StaticString)
    throws(Failure)
  {
    guard let index = find(name) else { throw .missing(name) }
    value = try read(name, at: index)
  }

  @inline(__always)
  mutating func option<T: Value>(_ name: StaticString, _ value: inout T, _ text: StaticString)
    throws(Failure)
  {
    if let index = find(name) { value = try read(name, at: index) }
  }

  @inline(__always)
  mutating func option<T: Value>(_ name: StaticString, _ value: inout T?, _ text: StaticString)
    throws(Failure)
  {
    if let index = find(name) { value = try read(name, at: index) as T }
  }

  mutating func oneOrMany<T: Members>(
    _ name: StaticString, _ list: inout [T], single: inout Bool, absent: Bool?, _ text: StaticString
  ) throws(Failure) {
    if absent == true { return }
    if let index = find(name) {
      single = false
      list = try read(name, at: index)
    } else {
      single = true
      var element = T()
      try element.visit(&self)
      list = [element]
    }
  }

  mutating func kinds<K: Enumeration>(
    _ name: StaticString, _ kind: inout K, _ text: StaticString,
    members: (inout Decoder, K) throws(Failure) -> Void
  ) throws(Failure) {
    try member(name, &kind, text)
    try members(&self, kind)
  }
}

extension Failure {
  @inline(never)
  static func wrongValue(_ message: String) -> Failure {
    Failure(code: invalidParametersCode, message)
  }

  @inline(never)
  static func missing(_ name: StaticString) -> Failure {
    .invalidParameter(name.description, "is missing")
  }

  /// A failure of a walk as one sentence: its message goes on from the name of the member.
  var sentence: Failure {
    var copy = self
    copy.message = "\(field ?? "params") \(message)"
    return copy
  }
}
