// SPDX-License-Identifier: Apache-2.0

/// How far a list call goes through a context's objects: until it has what was asked for, or has looked at as many as
/// the loop looks at in a turn. In either case the caller goes on from there.
struct ListWalk {
  private let limit: Int
  private var found = 0
  private var seen = 0
  private var last: ObjectID?
  /// The `next` of the answer.
  private(set) var next: UInt32?

  /// Objects looked at in one call at most.
  private static let most = 8192

  init(_ limit: Int) { self.limit = limit }

  /// Does `take` if the object is wanted and there is room for it, and answers whether to go on.
  mutating func visit(_ id: ObjectID, _ isWanted: Bool, _ take: () -> Void) -> Bool {
    guard seen < Self.most, !isWanted || found < limit else {
      next = last?.rawValue
      return false
    }
    seen += 1
    last = id
    if isWanted {
      found += 1
      take()
    }
    return true
  }
}
