// SPDX-License-Identifier: Apache-2.0

/// The walk that writes members. It never throws.
extension Writer: Visitor {
  @inline(__always)
  public mutating func member<T: Value>(_ name: StaticString, _ value: inout T, _ text: StaticString)
    throws(Failure)
  {
    self.name(name)
    value.write(to: &self)
  }

  @inline(__always)
  public mutating func option<T: Value>(_ name: StaticString, _ value: inout T, _ text: StaticString)
    throws(Failure)
  {
    self.name(name)
    value.write(to: &self)
  }

  @inline(__always)
  public mutating func option<T: Value>(_ name: StaticString, _ value: inout T?, _ text: StaticString)
    throws(Failure)
  {
    guard let value else { return }
    self.name(name)
    value.write(to: &self)
  }

  public mutating func oneOrMany<T: Members>(
    _ name: StaticString, _ list: inout [T], single: inout Bool, absent: Bool?, _ text: StaticString
  ) throws(Failure) {
    if absent == true { return }
    if single, list.count == 1 {
      try list[0].visit(&self)
    } else {
      self.name(name)
      list.write(to: &self)
    }
  }

  public mutating func kinds<K: Enumeration>(
    _ name: StaticString, _ kind: inout K, _ text: StaticString,
    members: (inout Writer, K) throws(Failure) -> Void
  ) throws(Failure) {
    try member(name, &kind, text)
    try members(&self, kind)
  }
}
