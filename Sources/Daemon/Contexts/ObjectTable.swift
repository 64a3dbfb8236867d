// SPDX-License-Identifier: Apache-2.0

/// Objects by name, in the order of their names.
///
/// Names rise and none is given twice before the highest, 2^32 - 1, has been given; after that the lowest free one
/// from where the table stands is taken. Kept as two sorted arrays with holes for what was removed: names almost
/// always come at the end, a look-up touches four bytes a step, and a listing goes on from any name without
/// sorting. It is in the room of its only user, so that it is compiled for what it holds.
package struct ObjectTable<Object> {
  // Same positions in both. An object that was removed leaves a nil behind until holes outnumber objects.
  private var names: [UInt32] = []
  private var objects: [Object?] = []
  private var upcoming = ObjectID.first

  /// Objects held.
  package private(set) var count = 0

  package init() {}

  /// - Parameter upcoming: the name that the next object is offered.
  package init(upcoming: ObjectID) { self.upcoming = upcoming }

  package var isEmpty: Bool { count == 0 }

  /// Takes `object` in under a new name. Amortised O(1) until names wrap around, then O(objects with higher names).
  ///
  /// There must be fewer than 2^32 - 1 objects; a quota sees to that long before.
  @discardableResult
  package mutating func insert(_ object: Object) -> ObjectID {
    let (id, position) = free()
    place(object, named: id, at: position)
    upcoming = id.next
    return id
  }

  /// The name that the next object will get.
  package var nextName: ObjectID { free().id }

  private func free() -> (id: ObjectID, position: Int) {
    precondition(count < UInt32.max)
    var id = upcoming
    var position = lowerBound(id.rawValue)
    while position < names.count, names[position] == id.rawValue, objects[position] != nil {
      id = id.next
      position = id == .first ? 0 : position + 1
    }
    return (id, position)
  }

  /// Takes `object` in under the name that it had before, and answers false when that is taken. The next new
  /// name lies behind it. O(objects with higher names).
  package mutating func restore(_ object: Object, named id: ObjectID) -> Bool {
    let position = lowerBound(id.rawValue)
    if position < names.count, names[position] == id.rawValue, objects[position] != nil { return false }
    place(object, named: id, at: position)
    if id >= upcoming { upcoming = id.next }
    return true
  }

  /// The object of that name. O(log n).
  package subscript(id: ObjectID) -> Object? {
    let position = lowerBound(id.rawValue)
    guard position < names.count, names[position] == id.rawValue else { return nil }
    return objects[position]
  }

  /// Takes the object of that name out. O(log n), amortised.
  @discardableResult
  package mutating func remove(_ id: ObjectID) -> Object? {
    let position = lowerBound(id.rawValue)
    guard position < names.count, names[position] == id.rawValue, let object = objects[position] else {
      return nil
    }
    objects[position] = nil
    count -= 1
    while let last = objects.last, last == nil {
      objects.removeLast()
      names.removeLast()
    }
    if names.count - count > count + 32 { closeHoles() }
    return object
  }

  /// The first object whose name lies behind `id`, or the first of all for nil. O(log n) and the holes passed.
  package func next(after id: ObjectID?) -> (id: ObjectID, object: Object)? {
    var position = id.map { lowerBound($0.rawValue) } ?? 0
    if let id, position < names.count, names[position] == id.rawValue { position += 1 }
    while position < names.count {
      if let object = objects[position], let id = ObjectID(names[position]) { return (id, object) }
      position += 1
    }
    return nil
  }

  /// Calls `body` with every object behind `id`, in the order of names, until it answers false.
  package func forEach(after id: ObjectID? = nil, _ body: (ObjectID, Object) -> Bool) {
    var position = id.map { lowerBound($0.rawValue) } ?? 0
    if let id, position < names.count, names[position] == id.rawValue { position += 1 }
    while position < names.count {
      if let object = objects[position], let id = ObjectID(names[position]), !body(id, object) { return }
      position += 1
    }
  }

  private mutating func place(_ object: Object, named id: ObjectID, at position: Int) {
    if position < names.count, names[position] == id.rawValue {
      objects[position] = object
    } else {
      names.insert(id.rawValue, at: position)
      objects.insert(object, at: position)
    }
    count += 1
  }

  private mutating func closeHoles() {
    var kept = 0
    for position in names.indices where objects[position] != nil {
      if kept != position {
        names[kept] = names[position]
        objects.swapAt(kept, position)
      }
      kept += 1
    }
    names.removeLast(names.count - kept)
    objects.removeLast(objects.count - kept)
  }

  /// The first position whose name is not below `name`.
  private func lowerBound(_ name: UInt32) -> Int {
    if let last = names.last, last < name { return names.count }
    var low = 0
    var high = names.count
    while low < high {
      let middle = (low + high) / 2
      if names[middle] < name { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension ObjectTable: Sendable where Object: Sendable {}
