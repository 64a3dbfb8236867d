// SPDX-License-Identifier: Apache-2.0

/// Every method that there is, and the reference made from their types.
public enum Reference {
  /// Sorted by noun and use, as the reference shows them.
  public static let methods: [any Method.Type] = [
    ServerInfo.self, ServerMethods.self, ServerStats.self,
    EventsSubscribe.self, EventsUnsubscribe.self,
    ContextOpen.self, ContextList.self, ContextDestroy.self, ContextOption.self,
    ObjectList.self, ObjectDestroy.self,
    IOASAlloc.self, IOASIOVARanges.self, IOASAllowIOVAs.self, IOASReserve.self, IOASRepin.self,
    IOASOption.self,
    IOASMap.self, IOASCopy.self, IOASUnmap.self, IOASAreas.self, IOASExplain.self, IOASCost.self,
    DeviceBind.self, DeviceInfo.self, DeviceAttach.self, DeviceDetach.self, DeviceDMARead.self,
    DeviceDMAWrite.self,
    HWPTAlloc.self, HWPTInfo.self, HWPTTranslate.self, HWPTDirtyTracking.self, HWPTDirtyBitmap.self,
    AccessCreate.self, AccessReplace.self, AccessPin.self, AccessUnpin.self, AccessRead.self,
    AccessWrite.self,
    MemoryList.self, MemoryOpen.self,
    PagesList.self, PagesTiers.self,
  ]

  /// The reference in Markdown: what `docs/protocol-methods.md` holds.
  public static func markdown() -> String {
    var text = """
      # Methods

      Made from the method types by `iommuctl methods --markdown`; CI fails when they differ. Objects are
      numbers from the context's one id space. Addresses are accepted as an integer or as a string
      `"0x..."`, and always answered as a string. `server.methods` answers the same as JSON Schema, and the
      role that each method needs.

      """
    for method in methods { text += describe(method) }
    return text + events
  }

  private static var events: String {
    """

    ## event

    What a connection is told without having asked: a notification, which has no id and is not answered.
    `events.subscribe` says which kinds.

    """ + table("Parameters", Event.shape).dropFirst()
  }

  private static func describe<M: Method>(_ method: M.Type) -> String {
    var text = "\n## \(M.name)\n\n\(M.summary)\n"
    text += table("Parameters", M.shape)
    text += table("Result", M.Result.shape)
    if !M.errors.isEmpty {
      text += "\nErrors: " + M.errors.map { "`\($0)`" }.joined(separator: ", ") + ".\n"
    }
    if M.takesKey { text += "\nTakes a [key](protocol.md#retries).\n" }
    return text
  }

  private static func table(_ title: String, _ shape: Shape) -> String {
    let rows = rows(shape, "")
    if rows.isEmpty { return title == "Result" ? "\nResult: an empty object.\n" : "" }
    return "\n| \(title) | Type | |\n|---|---|---|\n" + rows.joined()
  }

  /// One row for each member, those of objects inside it below it.
  private static func rows(_ shape: Shape, _ path: String) -> [String] {
    switch shape {
    case .list(let element):
      return rows(element, path + "[]")
    case .object(let object):
      var result = object.members.flatMap { row($0, path, nil) }
      for (place, variant) in object.variants.enumerated() {
        let form = String(UnicodeScalar(UInt8(ascii: "a") + UInt8(truncatingIfNeeded: place)))
        result += variant.flatMap { row($0, path, form) }
      }
      return result
    default:
      return []
    }
  }

  private static func row(_ member: Shape.Member, _ path: String, _ form: String?) -> [String] {
    let name = path.isEmpty ? member.name : path + "." + member.name
    var text = member.text
    if let form { text = "form \(form): " + text }
    if !member.isRequired { text += " *(may be missing)*" }
    return ["| `\(name)` | \(type(member.shape)) | \(text) |\n"] + rows(member.shape, name)
  }

  private static func type(_ shape: Shape) -> String {
    switch shape {
    case .boolean: "boolean"
    case .integer(let maximum):
      maximum == .max ? "integer" : "integer of \(64 - maximum.leadingZeroBitCount) bits"
    case .address: "address"
    case .string: "string"
    case .base64: "base64"
    case .json: "JSON"
    case .list(let element): "array of " + type(element)
    case .choice(let values): values.map { "`\($0)`" }.joined(separator: ", ")
    case .object: "object"
    }
  }
}
