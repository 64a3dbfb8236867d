// SPDX-License-Identifier: Apache-2.0

import IommuCore

extension Contexts {
  /// Looks at everything that contexts hold, and at what they say of each other. For tests, with no request under way.
  package func _checkInvariants() {
    var pins: UInt64 = 0
    forEach { context in
      context._checkInvariants()
      pins += context.accesses.values.reduce(0) { $0 + UInt64($1.held.count) }
    }
    precondition(census.pins == pins, "the census counts other pins than there are")
  }
}

extension Context {
  fileprivate func _checkInvariants() {
    precondition(inFlight == 0, "a request is under way")
    var devices: [ObjectIdentifier: Int] = [:]
    var slices: [ObjectID: Int] = [:]
    var tables = 0
    objects.forEach { id, entry in
      switch entry {
      case .ioas(let space):
        precondition(space.id == id && space.inFlight == 0 && !space.isClosing)
        space.space._checkInvariants()
        let standing = accesses.values.filter { $0.space === space }
        precondition(space.accesses == standing.count, "an IOAS counts other accesses than stand on it")
        precondition(space.holders.count == standing.count { !$0.held.isEmpty }, "other holders than pins")
      case .device(let device):
        precondition(device.id == id && device.inFlight == 0)
        if let table = device.table { devices[ObjectIdentifier(table), default: 0] += 1 }
        precondition(device.table?.table === device.device.table, "a device is attached elsewhere")
      case .hwpt(let table):
        tables += 1
        precondition(table.inFlight == 0 && !table.isClosing && table.space.tables.contains { $0 === table })
        (table.table.domain as? VTDDomain)?._checkInvariants()
        (table.table.domain as? FlatDomain)?._checkInvariants()
      case .access(let access):
        precondition(access.inFlight == 0 && !access.isClosing && !access.isMoving)
        precondition(access.access._pinIDs == Set(access.held.keys), "other pins than are held")
      case .memory(let memory):
        precondition(memory.inFlight == 0 && memory.uses > 0)
      case .pages(let info):
        slices[info.memory, default: 0] += 1
      }
      return true
    }
    for table in pageTables.values {
      precondition(
        table.devices == devices[ObjectIdentifier(table), default: 0], "other devices than attached")
    }
    precondition(tables == pageTables.count)
    for memory in memories.values {
      precondition(memory.uses == slices[memory.id, default: 0], "memory has other users than pages objects")
    }
  }
}
