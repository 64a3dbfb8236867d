// SPDX-License-Identifier: Apache-2.0

/// Checks a text against RFC 8259 in one pass that does not recurse, and notes where its values stand.
///
/// What it keeps is 16 bytes for each value, reused from text to text; the values themselves are read from
/// the text when somebody asks (``Reader``). Beyond the RFC it refuses a member named twice, more than 32
/// levels, lone surrogates, and a byte order mark.
@safe
package struct Scanner: ~Copyable {
  private var tokens: UnsafeMutablePointer<Token>
  private var capacity: Int
  private var used = 0
  /// Values that the text may have before its scan is given up.
  private var limit = Int.max
  /// Whether the last scan was given up.
  private(set) var gaveUp = false

  private static var smallCapacity: Int { 64 }

  package init() {
    capacity = Self.smallCapacity
    unsafe tokens = .allocate(capacity: capacity)
  }

  deinit { unsafe tokens.deallocate() }

  /// Scans `text`, which holds exactly one value. O(length), but O(n log n) in the members of an object.
  ///
  /// - Parameters:
  ///   - tolerant: whether objects that are decoded may have members that nobody asks for.
  ///   - values: how many there may be; with more the scan is given up.
  /// - Returns: a view of `text` that ends with the next scan or with the memory of `text`.
  /// - Throws: a parse error; nothing can be read then.
  package mutating func scan(
    _ text: UnsafeRawBufferPointer, tolerant: Bool = false, atMost values: Int = .max
  ) throws(Failure) -> Reader {
    limit = values
    gaveUp = false
    if capacity > 4096 && used < Self.smallCapacity { shrink() }
    used = 0
    guard text.count <= 1 << 30 else { throw SyntaxFault(.size, at: text.count).failure }
    guard let base = unsafe text.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
      throw SyntaxFault(.unfinished, at: 0).failure
    }
    if let fault = unsafe run(base, text.count) {
      gaveUp = fault.kind == .long
      throw fault.failure
    }
    return unsafe Reader(base, tokens, tolerant: tolerant)
  }

  private mutating func run(_ base: UnsafePointer<UInt8>, _ end: Int) -> SyntaxFault? {
    var at = 0
    var parent = Token.none
    var depth = 0

    values: while true {
      at = unsafe pastSpace(base, end, at)
      guard at < end else { return SyntaxFault(.unfinished, at: at) }
      guard used < limit else { return SyntaxFault(.long, at: at) }
      let byte = unsafe base[at]
      switch byte {
      case UInt8(ascii: "\""):
        if let fault = unsafe string(base, end, &at) { return fault }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard depth < WireLimit.depth else { return SyntaxFault(.depth, at: at) }
        let isObject = byte == UInt8(ascii: "{")
        parent = open(isObject ? .object : .array, at, parent)
        depth &+= 1
        at = unsafe pastSpace(base, end, at &+ 1)
        guard at < end else { return SyntaxFault(.unfinished, at: at) }
        if unsafe base[at] == byte &+ 2 {
          parent = close(parent, at)
          depth &-= 1
          at &+= 1
          break
        }
        unsafe tokens[Int(parent)].countOne()
        if isObject, let fault = unsafe key(base, end, &at) { return fault }
        continue values
      case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        if let fault = unsafe number(base, end, &at) { return fault }
      case UInt8(ascii: "t"):
        guard unsafe literal("true", .yes, base, end, &at) else { return SyntaxFault(.unexpected, at: at) }
      case UInt8(ascii: "f"):
        guard unsafe literal("false", .no, base, end, &at) else { return SyntaxFault(.unexpected, at: at) }
      case UInt8(ascii: "n"):
        guard unsafe literal("null", .null, base, end, &at) else { return SyntaxFault(.unexpected, at: at) }
      default:
        return SyntaxFault(.unexpected, at: at)
      }

      // A value has ended: on to its neighbour, or out of as many containers as end here.
      while true {
        guard parent != Token.none else { break values }
        at = unsafe pastSpace(base, end, at)
        guard at < end else { return SyntaxFault(.unfinished, at: at) }
        let byte = unsafe base[at]
        let isObject = unsafe tokens[Int(parent)].isKind(.object)
        if byte == UInt8(ascii: ",") {
          at &+= 1
          unsafe tokens[Int(parent)].countOne()
          if isObject {
            at = unsafe pastSpace(base, end, at)
            if let fault = unsafe key(base, end, &at) { return fault }
          }
          continue values
        }
        guard byte == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
          return SyntaxFault(.unexpected, at: at)
        }
        if isObject, unsafe namesTwice(base, tokens, Int(parent)) { return SyntaxFault(.duplicate, at: at) }
        parent = close(parent, at)
        depth &-= 1
        at &+= 1
      }
    }
    at = unsafe pastSpace(base, end, at)
    return at == end ? nil : SyntaxFault(.trailing, at: at)
  }

  /// A member's name and its colon.
  @inline(__always)
  private mutating func key(_ base: UnsafePointer<UInt8>, _ end: Int, _ at: inout Int) -> SyntaxFault? {
    guard at < end else { return SyntaxFault(.unfinished, at: at) }
    guard unsafe base[at] == UInt8(ascii: "\"") else { return SyntaxFault(.unexpected, at: at) }
    if let fault = unsafe string(base, end, &at) { return fault }
    at = unsafe pastSpace(base, end, at)
    guard at < end else { return SyntaxFault(.unfinished, at: at) }
    guard unsafe base[at] == UInt8(ascii: ":") else { return SyntaxFault(.unexpected, at: at) }
    at &+= 1
    return nil
  }

  @inline(__always)
  private mutating func string(_ base: UnsafePointer<UInt8>, _ end: Int, _ at: inout Int) -> SyntaxFault? {
    var scan = unsafe StringScan(base, end: end, at: at &+ 1)
    if let fault = scan.run() { return fault }
    push(Token(.string, start: at &+ 1, end: scan.at, next: used &+ 1, flag: scan.escaped))
    at = scan.at &+ 1
    return nil
  }

  @inline(__always)
  private mutating func number(_ base: UnsafePointer<UInt8>, _ end: Int, _ at: inout Int) -> SyntaxFault? {
    let start = at
    let negative = unsafe base[at] == UInt8(ascii: "-")
    if negative { at &+= 1 }
    let first = at
    guard unsafe digits(base, end, &at) else { return SyntaxFault(.number, at: at) }
    if at &- first > 1, unsafe base[first] == UInt8(ascii: "0") { return SyntaxFault(.number, at: first) }
    var whole = true
    if at < end, unsafe base[at] == UInt8(ascii: ".") {
      whole = false
      at &+= 1
      guard unsafe digits(base, end, &at) else { return SyntaxFault(.number, at: at) }
    }
    if at < end, unsafe base[at] | 0x20 == UInt8(ascii: "e") {
      whole = false
      at &+= 1
      if at < end, unsafe base[at] == UInt8(ascii: "+") || base[at] == UInt8(ascii: "-") { at &+= 1 }
      guard unsafe digits(base, end, &at) else { return SyntaxFault(.number, at: at) }
    }
    push(Token(.number, start: start, end: at, next: used &+ 1, flag: negative || !whole))
    return nil
  }

  /// Passes digits; false when there is none.
  @inline(__always)
  private func digits(_ base: UnsafePointer<UInt8>, _ end: Int, _ at: inout Int) -> Bool {
    let start = at
    while at < end, unsafe base[at] &- UInt8(ascii: "0") < 10 { at &+= 1 }
    return at > start
  }

  private mutating func literal(
    _ text: StaticString, _ kind: Token.Kind, _ base: UnsafePointer<UInt8>, _ end: Int, _ at: inout Int
  ) -> Bool {
    let count = text.utf8CodeUnitCount
    guard end &- at >= count else { return false }
    for distance in 0..<count where unsafe base[at &+ distance] != text.utf8Start[distance] { return false }
    push(Token(kind, start: at, end: at &+ count, next: used &+ 1))
    at &+= count
    return true
  }

  @inline(__always)
  private func pastSpace(_ base: UnsafePointer<UInt8>, _ end: Int, _ start: Int) -> Int {
    var at = start
    while at < end {
      switch unsafe base[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at &+= 1
      default: return at
      }
    }
    return at
  }

  @inline(__always)
  private mutating func open(_ kind: Token.Kind, _ at: Int, _ parent: UInt32) -> UInt32 {
    let token = UInt32(truncatingIfNeeded: used)
    push(Token(kind, start: at, end: at, next: Int(parent)))
    return token
  }

  /// Ends a container at its closing bracket and answers the one around it.
  @inline(__always)
  private mutating func close(_ token: UInt32, _ at: Int) -> UInt32 {
    let parent = unsafe tokens[Int(token)].next
    unsafe tokens[Int(token)].end = UInt32(truncatingIfNeeded: at &+ 1)
    unsafe tokens[Int(token)].next = UInt32(truncatingIfNeeded: used)
    return parent
  }

  @inline(__always)
  private mutating func push(_ token: Token) {
    if used == capacity { grow() }
    unsafe (tokens + used).initialize(to: token)
    used &+= 1
  }

  @inline(never)
  private mutating func grow() {
    let larger = UnsafeMutablePointer<Token>.allocate(capacity: capacity * 4)
    unsafe larger.moveInitialize(from: tokens, count: used)
    unsafe tokens.deallocate()
    unsafe tokens = larger
    capacity *= 4
  }

  /// Gives back what an unusually long text took.
  @inline(never)
  private mutating func shrink() {
    unsafe tokens.deallocate()
    capacity = Self.smallCapacity
    unsafe tokens = .allocate(capacity: capacity)
  }
}
