// SPDX-License-Identifier: Apache-2.0

/// An array that keeps its first element in place: most calls map or unmap one area, and an allocation would be a
/// tenth of their cost.
struct ShortList<Element> {
  private var first: Element?
  private var rest: [Element] = []

  var count: Int { first == nil ? 0 : rest.count + 1 }

  mutating func append(_ element: Element) {
    if first == nil { first = element } else { rest.append(element) }
  }

  subscript(position: Int) -> Element {
    if position == 0, let first { return first }
    return rest[position - 1]
  }
}

extension ShortList: RandomAccessCollection {
  var startIndex: Int { 0 }
  var endIndex: Int { count }
}
