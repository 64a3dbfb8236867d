// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Values that a request in a ``Scene`` is granted with, so that one wrong value is all that is wrong with it.
struct Honest {
  let scene: Scene
  let method: String
  /// Names of the members that the form has at the top.
  let members: Set<String>

  init(_ scene: Scene, _ method: String, _ form: Form) {
    self.scene = scene
    self.method = method
    members = if case .object(let members) = form { Set(members.map(\.name)) } else { [] }
  }

  /// The form of ioas.unmap that has no range at all: it takes a member that may be missing in the others.
  private var isUnmapAll: Bool { method == "ioas.unmap" && members.isDisjoint(with: ["iova", "ranges"]) }

  /// Whether a member is there in spite of what the shape says: those of a form that a member of another form rules
  /// out.
  private func choice(_ path: String, _ target: String?) -> Bool? {
    // What goes with the descriptor of a file goes with nothing else.
    let isWrite = ["access.write", "device.dma_write"].contains(method)
    let usesFile = target == "fd" || target == "offset" || (isWrite && target == "length")
    switch (method, path) {
    case ("access.read", "fd") where usesFile, ("device.dma_read", "fd") where usesFile,
      ("hwpt.dirty_bitmap", "fd") where usesFile:
      return true
    case ("access.write", "fd") where usesFile, ("access.write", "length") where usesFile,
      ("device.dma_write", "fd") where usesFile, ("device.dma_write", "length") where usesFile:
      return true
    case ("access.write", "data"), ("device.dma_write", "data"): return !usesFile
    default: break
    }
    guard method == "ioas.cost" else { return nil }
    let isCopy = members == ["ioas", "copy"] || target?.hasPrefix("copy") == true
    switch path {
    case "copy": return isCopy
    case "ioas": return nil
    default: return isCopy && !path.contains(".") ? false : nil
    }
  }

  /// What cannot be told from the shape.
  private func known(_ place: Form.Place) -> JSON? {
    let ids: [String: UInt32] = [
      "ioas": scene.ioas, "device": scene.idle, "hwpt": scene.hwpt, "access": scene.access,
      "memory": scene.memory, "pages": scene.pages, "to": scene.ioas, "src_ioas": scene.ioas,
      "dst_ioas": scene.ioas,
    ]
    switch (method, place.path) {
    case ("ioas.unmap", "iova"), ("ioas.unmap", "ranges[0].iova"): return .number(Scene.area + 0x2000)
    case ("ioas.map", "iova"), ("ioas.map", "ranges[0].iova"), ("ioas.copy", "iova"):
      return .number(0x5000_0000)
    case ("ioas.allow_iovas", "ranges[0].last"), ("ioas.reserve", "last"), ("ioas.reserve", "ranges[0].last"):
      return .number(0xFFFF)
    case ("ioas.unmap", "ioas") where isUnmapAll: return .number(UInt64(scene.empty))
    case ("ioas.reserve", "release"): return .bool(false)
    case ("access.replace", "access"): return .number(UInt64(scene.reader))
    case ("ioas.option", "name"): return .string("huge_pages")
    case ("ioas.option", "value"): return .number(1)
    case ("ioas.cost", "iova"), ("ioas.cost", "ranges[0].iova"), ("ioas.cost", "copy.iova"):
      return .number(0x5000_0000)
    case ("ioas.unmap", "all"): return .bool(isUnmapAll)
    case ("device.detach", _), ("device.dma_read", "device"), ("device.dma_write", "device"):
      return .number(UInt64(scene.device))
    case ("hwpt.dirty_bitmap", "hwpt"), ("hwpt.dirty_tracking", "hwpt"):
      return .number(UInt64(scene.tracking))
    case ("access.unpin", "pin"): return .number(UInt64(scene.pin))
    case ("object.destroy", "id"): return .number(UInt64(scene.reader))
    case ("context.open", "name"): return .string("new")
    case ("context.destroy", "name"): return .string(Scene.otherName)
    case ("context.list", "after"): return .string("1000/a")
    case ("server.methods", "method"): return .string("server.info")
    default: break
    }
    if let id = ids[place.name] { return .number(UInt64(id)) }
    switch place.name {
    case "iova", "src_iova": return .number(Scene.area)
    case "length": return .number(4096)
    case "offset": return .number(4096)
    case "address": return .number(0x7000_0000)
    case "fd": return .number(0)
    case "limit": return .number(10)
    case "after": return .number(0)
    case "owner": return .number(1000)
    case "wait_ms": return .number(10)
    case "name": return .string("eth0")
    case "page_sizes", "page_size": return .number(4096)
    case "first": return .number(0x1000)
    case "last": return .number(0xFFFF_FFFF)
    default: return nil
    }
  }

  /// What stands at one place instead of the honest value.
  enum Change {
    case nothing
    case missing
    case value(JSON)
    /// One member more in the object there.
    case unknown
  }

  /// The value of `form` at `path`: what has to be there, the place `target`, and what leads to it.
  ///
  /// - Throws: ``Unknown`` for a place of which nothing is known.
  func value(_ form: Form, at path: String = "", changing target: String?, _ change: Change) throws -> JSON {
    switch form {
    case .leaf(let shape):
      return try leaf(shape, Form.Place(path: path, form: form, isRequired: true, missing: path))
    case .list(let element):
      return .list([try place(element, path + "[0]", target, change)].compactMap { $0 })
    case .object(let members):
      var made: [JSON.Member] = []
      for member in members {
        let inner = path.isEmpty ? member.name : "\(path).\(member.name)"
        let leads = target.map { $0 == inner || $0.hasPrefix(inner + ".") || $0.hasPrefix(inner + "[") }
        guard
          choice(inner, target) ?? (member.isRequired || leads == true || (inner == "all" && isUnmapAll))
        else { continue }
        if let value = try place(member.form, inner, target, change) {
          made.append(.init(name: member.name, value: value))
        }
      }
      if path == target ?? "", case .unknown = change {
        made.append(.init(name: "bogus", value: .number(1)))
      }
      return .object(made)
    }
  }

  private func place(_ form: Form, _ path: String, _ target: String?, _ change: Change) throws -> JSON? {
    guard path == target else { return try value(form, at: path, changing: target, change) }
    switch change {
    case .missing: return nil
    case .value(let value): return value
    case .nothing, .unknown: return try value(form, at: path, changing: target, change)
    }
  }

  private func leaf(_ shape: Shape, _ place: Form.Place) throws -> JSON {
    if let known = known(place) { return known }
    switch shape {
    case .boolean: return .bool(true)
    case .choice(let values): return .string(values[0])
    case .base64: return .string("AAECAw==")
    default: throw Unknown(path: "\(method) \(place.path)")
    }
  }

  struct Unknown: Error, CustomStringConvertible {
    var path: String
    var description: String { "no honest value is known for \(path): say one in Honest.swift" }
  }
}
