// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// A fuzzer's input, taken byte by byte. At its end everything is 0.
struct SessionBytes {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  var isEmpty: Bool { rest.isEmpty }

  mutating func next() -> UInt8 { rest.popFirst() ?? 0 }

  mutating func pick(_ count: Int) -> Int { Int(next()) % count }

  mutating func pick<T>(_ values: [T]) -> T { values[pick(values.count)] }

  mutating func flag() -> Bool { next() & 1 != 0 }

  mutating func take(_ count: Int) -> [UInt8] {
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }
}

/// Makes calls out of bytes, after the shapes of the methods: mostly such that may be granted.
struct SessionCalls {
  /// All methods; what is added is called too.
  static let methods: [(name: String, shape: Shape, takesKey: Bool)] = Reference.methods.map {
    ($0.name.description, $0.shape, $0.takesKey)
  }

  /// A line without its newline.
  static func line(_ bytes: inout SessionBytes, id: Int, descriptors: Int) -> String {
    let method = bytes.pick(methods)
    let parameters = value(method.shape, "", &bytes)
    let fds = descriptors > 0 ? #","fds":\#(descriptors)"# : ""
    return #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method.name)","params":\#(parameters)\#(fds)}"#
  }

  private static func value(_ shape: Shape, _ name: String, _ bytes: inout SessionBytes) -> String {
    switch shape {
    case .boolean: bytes.flag() ? "true" : "false"
    case .integer: String(integer(name, &bytes))
    case .address: String(bytes.pick(addresses))
    case .string: "\"\(bytes.pick(strings))\""
    case .base64: bytes.pick(data)
    case .json: "{}"
    case .choice(let values): "\"\(bytes.pick(values))\""
    case .list(let element):
      "[" + (0..<bytes.pick(4)).map { _ in value(element, name, &bytes) }.joined(separator: ",") + "]"
    case .object(let object): members(object, &bytes)
    }
  }

  private static func members(_ object: Shape.Object, _ bytes: inout SessionBytes) -> String {
    let variant = object.variants.isEmpty ? [] : bytes.pick(object.variants)
    var texts: [String] = []
    for member in object.members + variant {
      // Nobody waits for long here.
      guard member.isRequired || member.name == "wait_ms" || bytes.next() & 3 == 0 else { continue }
      texts.append("\"\(member.name)\":\(value(member.shape, member.name, &bytes))")
    }
    return "{" + texts.joined(separator: ",") + "}"
  }

  private static func integer(_ name: String, _ bytes: inout SessionBytes) -> UInt64 {
    switch name {
    case "length", "size": bytes.pick(lengths)
    case "offset": bytes.pick([0, 4096, 8192, 1, 1 << 20, .max - 4095])
    case "wait_ms": UInt64(bytes.pick(2))
    case "page_sizes", "page_size": bytes.pick([4096, 2 << 20, 1 << 30, 1024, 0, 5000, 1 << 63])
    case "address": SessionFiles.shared.address + bytes.pick([0, 4096, 1, 1 << 30])
    case "limit": bytes.pick([1, 3, 100, 0, 4_294_967_295])
    case "owner": bytes.pick([1000, 1001, 0])
    case "fd", "pin", "value", "levels": UInt64(bytes.pick(6))
    case "after": bytes.pick([0, 3, 100, .max])
    default: id(name, &bytes)
    }
  }

  /// Mostly that of an object that ``SessionStage/furnish(_:)`` makes, of the right kind.
  private static func id(_ name: String, _ bytes: inout SessionBytes) -> UInt64 {
    let byte = bytes.next()
    guard byte & 3 != 0 else { return UInt64(byte >> 2) % 24 }
    switch name {
    case "device": return 2
    case "hwpt": return 3
    case "memory": return 4
    case "pages": return 5
    case "access": return 6
    case "id": return UInt64(byte >> 2) % 10
    default: return 1
    }
  }

  private static let lengths: [UInt64] = [
    4096, 8192, 65_536, 1 << 20, 2 << 20, 3, 1, 100, 4097, 512 << 10, 0, 1 << 63, .max, 1 << 40,
  ]
  private static let addresses: [UInt64] = [
    0x10_0000, 0x10_1000, 0x20_0000, 0x1000, 0, 1, 0x4000_0000, 0x10_0001, 0xFFFF_FFFF_F000, 1 << 48,
    .max - 4095, .max, 0x30_0000,
  ]
  private static let strings = ["a", "b", "", "1000/a", "ioas.map", String(repeating: "x", count: 65)]
  private static let data = [
    "\"AAECAw==\"", "\"\"", "\"" + String(repeating: "QUJD", count: 4000) + "\"", "\"====\"",
  ]
}
