// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct MemoryShowCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Say all about one memory, and which slices maps made of it.")

  @Argument(help: "Memory.") var memory: UInt32
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  /// A memory with its slices.
  struct Shown: Members {
    var memory = MemoryList.Item()
    var pages: [PagesList.Item] = []

    mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try memory.visit(&visitor)
      try visitor.member("items", &pages, "slices that maps made of it")
    }
  }

  func report(_ daemon: Daemon) throws(Problem) -> Report {
    var shown = Shown()
    guard let item = try daemon.all({ MemoryList(after: $0) }).first(where: { $0.memory == memory }) else {
      throw .refused(Failure(.enoent, "there is no memory \(memory)", field: "memory"))
    }
    shown.memory = item
    shown.pages = try daemon.all { PagesList(after: $0) }.filter { $0.memory == memory }
    let kind =
      switch item.kind {
      case .fd: "a file that a client brought"
      case .new: "made by the daemon"
      case .process: "part of a process"
      case .memory: item.kind.rawValue
      }
    let slices = shown.pages.map { slice in
      (
        "pages \(slice.pages)",
        "\(counted(slice.count, "page")) from byte \(slice.offset) on, \(slice.pinnedPages) pinned"
      )
    }
    return Report(
      shown, ids: shown.pages.map { "\($0.pages)" },
      .fields(
        [
          ("memory", "\(item.memory), \(kind)"),
          ("size", "\(item.size) bytes" + (item.sealed ? ", sealed" : "")),
          ("rights", item.writable ? "reading and writing" : "reading"),
          ("residency", item.residency.rawValue),
          (
            "pinned",
            "\(counted(item.pinnedPages, "page")), for which the kernel holds \(item.registeredPages)"
          ),
        ] + slices))
  }
}
