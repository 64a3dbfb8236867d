// SPDX-License-Identifier: Apache-2.0

import IommuDaemon
import Testing

@Suite("Object table")
struct ObjectTableTests {
  private func id(_ value: UInt32) throws -> ObjectID { try #require(ObjectID(value)) }

  @Test("0 names nothing")
  func zero() {
    #expect(ObjectID(0) == nil)
    #expect(ObjectID(1) == ObjectID.first)
  }

  @Test("Names rise from 1 and are not given again after a removal")
  func rising() throws {
    var table = ObjectTable<String>()
    #expect(table.insert("a") == .first)
    let second = table.insert("b")
    #expect(second.rawValue == 2)
    #expect(table.remove(second) == "b")
    #expect(table.insert("c").rawValue == 3)
    #expect(table[second] == nil)
    #expect(table.count == 2)
  }

  @Test("After the highest name comes the lowest free one")
  func wrapAround() throws {
    var table = ObjectTable<Int>()
    let one = table.insert(1)
    let two = table.insert(2)
    let three = table.insert(3)
    #expect(table.remove(two) == 2)
    #expect(table.restore(9, named: try id(.max)))
    #expect(table.insert(4) == two)
    #expect(table.insert(5).rawValue == 4)
    #expect(table[one] == 1)
    #expect(table[three] == 3)
    #expect(table[try id(.max)] == 9)
  }

  @Test("A taken name is not restored over")
  func restore() throws {
    var table = ObjectTable<Int>()
    #expect(table.restore(7, named: try id(7)))
    #expect(!table.restore(8, named: try id(7)))
    #expect(table.restore(3, named: try id(3)))
    #expect(table.insert(1).rawValue == 8)
    #expect(table[try id(7)] == 7)
  }

  @Test("Removing what is not there changes nothing")
  func absent() throws {
    var table = ObjectTable<Int>()
    let one = table.insert(1)
    #expect(table.remove(try id(5)) == nil)
    #expect(table.remove(one) == 1)
    #expect(table.remove(one) == nil)
    #expect(table.isEmpty)
  }

  @Test("Random programs agree with a dictionary", arguments: [1, 2, 3] as [UInt64])
  func model(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    // Near the top, so that names wrap around often.
    var table = ObjectTable<Int>(upcoming: try id(.max - 200))
    var model: [ObjectID: Int] = [:]
    for step in 0..<2_000 {
      switch random.next() % 8 {
      case 0...3 where model.count < 300:
        let id = table.insert(step)
        #expect(model.updateValue(step, forKey: id) == nil)
      case 4:
        let id = try id(
          random.next() % 2 == 0 ? UInt32(random.next() % 400 + 1) : .max - UInt32(random.next() % 400))
        if table.restore(step, named: id) {
          #expect(model.updateValue(step, forKey: id) == nil)
        } else {
          #expect(model[id] != nil)
        }
      default:
        guard let id = model.keys.sorted().randomElement(using: &random) else { continue }
        #expect(table.remove(id) == model.removeValue(forKey: id))
      }
      if step % 200 == 0 {
        var listed: [ObjectID] = []
        table.forEach { id, object in
          listed.append(id)
          return object == model[id]
        }
        #expect(listed == model.keys.sorted())
        let middle = listed.isEmpty ? ObjectID.first : listed[listed.count / 2]
        #expect(table.next(after: middle)?.id == listed.first { $0 > middle })
      }
      #expect(table.count == model.count)
    }
  }
}
