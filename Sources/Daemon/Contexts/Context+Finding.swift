// SPDX-License-Identifier: Apache-2.0

import IommuCore
import IommuWire

/// Objects by the numbers that requests give. What is not there, and what is of another kind, is ENOENT.
extension Context {
  package func space(_ id: UInt32, field: String = "ioas") throws(Failure) -> HeldSpace {
    let entry = try entry(id, field: field)
    guard case .ioas(let space) = entry else { throw other(id, entry, "an IOAS", field) }
    if space.isClosing { throw Failure(.ebusy, "IOAS \(id) is being destroyed", field: field) }
    return space
  }

  package func device(_ id: UInt32, field: String = "device") throws(Failure) -> HeldDevice {
    let entry = try entry(id, field: field)
    guard case .device(let device) = entry else { throw other(id, entry, "a device", field) }
    return device
  }

  package func table(_ id: UInt32, field: String = "hwpt") throws(Failure) -> HeldTable {
    let entry = try entry(id, field: field)
    guard case .hwpt(let table) = entry else { throw other(id, entry, "an HWPT", field) }
    if table.isClosing { throw Failure(.ebusy, "HWPT \(id) is being destroyed", field: field) }
    return table
  }

  package func access(_ id: UInt32, field: String = "access") throws(Failure) -> HeldAccess {
    let entry = try entry(id, field: field)
    guard case .access(let access) = entry else { throw other(id, entry, "an access", field) }
    if access.isClosing { throw Failure(.ebusy, "access \(id) is being destroyed", field: field) }
    return access
  }

  package func memory(_ id: UInt32, field: String = "memory") throws(Failure) -> HeldMemory {
    let entry = try entry(id, field: field)
    guard case .memory(let memory) = entry else { throw other(id, entry, "a memory", field) }
    return memory
  }

  package func slice(_ id: UInt32, field: String = "pages") throws(Failure) -> (id: ObjectID, info: SliceInfo)
  {
    let entry = try entry(id, field: field)
    guard case .pages(let info) = entry, let id = ObjectID(id) else {
      throw other(id, entry, "a pages object", field)
    }
    return (id, info)
  }

  /// An object of any kind.
  package func entry(_ id: UInt32, field: String) throws(Failure) -> Entry {
    try checkAlive()
    guard let name = ObjectID(id), let entry = objects[name] else {
      throw Failure(.enoent, "there is no object \(id)", field: field)
    }
    return entry
  }

  private func other(_ id: UInt32, _ entry: Entry, _ wanted: String, _ field: String) -> Failure {
    Failure(.enoent, "object \(id) is \(entry.kind.withArticle), not \(wanted)", field: field)
  }
}

extension ObjectKind {
  package var withArticle: String {
    switch self {
    case .ioas: "an IOAS"
    case .device: "a device"
    case .hwpt: "an HWPT"
    case .access: "an access"
    case .memory: "a memory"
    case .pages: "a pages object"
    }
  }
}
