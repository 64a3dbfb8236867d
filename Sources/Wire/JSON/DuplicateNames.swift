// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Whether an object names a member twice, once escapes are resolved.
///
/// Few members are compared each with each; many are sorted by a seeded hash, so that nobody can make it
/// quadratic. O(n log n) beyond 16 members.
@inline(__always)
func namesTwice(
  _ base: UnsafePointer<UInt8>, _ tokens: UnsafePointer<Token>, _ object: Int
) -> Bool {
  let count = unsafe tokens[object].count
  if count < 2 { return false }
  if count > 16 { return unsafe namesTwiceAmongMany(base, tokens, object) }
  var key = object &+ 1
  for place in 1..<count {
    key = unsafe Int(tokens[key &+ 1].next)
    let token = unsafe tokens[key]
    var other = object &+ 1
    for _ in 0..<place {
      let earlier = unsafe tokens[other]
      if unsafe sameName(base, token, earlier) { return true }
      other = unsafe Int(tokens[other &+ 1].next)
    }
  }
  return false
}

@inline(__always)
private func sameName(_ base: UnsafePointer<UInt8>, _ a: Token, _ b: Token) -> Bool {
  if a.flag || b.flag {
    return unsafe unescaped(base, Int(a.start), Int(a.end)) == unescaped(base, Int(b.start), Int(b.end))
  }
  let length = a.end &- a.start
  guard length == b.end &- b.start else { return false }
  // Most names differ in their first byte; of empty ones it is the closing quote.
  guard unsafe base[Int(a.start)] == base[Int(b.start)] else { return false }
  return unsafe memcmp(base + Int(a.start), base + Int(b.start), Int(length)) == 0
}

@inline(never)
private func namesTwiceAmongMany(
  _ base: UnsafePointer<UInt8>, _ tokens: UnsafePointer<Token>, _ object: Int
) -> Bool {
  var names: [(hash: Int, key: Int)] = []
  let count = unsafe tokens[object].count
  names.reserveCapacity(count)
  var key = object + 1
  for _ in 0..<count {
    let token = unsafe tokens[key]
    var hasher = Hasher()
    if token.flag {
      unsafe unescaped(base, Int(token.start), Int(token.end)).withUnsafeBytes {
        unsafe hasher.combine(bytes: $0)
      }
    } else {
      let length = Int(token.end - token.start)
      unsafe hasher.combine(bytes: UnsafeRawBufferPointer(start: base + Int(token.start), count: length))
    }
    names.append((hasher.finalize(), key))
    key = unsafe Int(tokens[key + 1].next)
  }
  names.sort { $0.hash < $1.hash }
  var first = 0
  for place in 1..<count {
    if names[place].hash != names[first].hash {
      first = place
      continue
    }
    for earlier in first..<place
    where unsafe sameName(base, tokens[names[place].key], tokens[names[earlier].key]) {
      return true
    }
  }
  return false
}
