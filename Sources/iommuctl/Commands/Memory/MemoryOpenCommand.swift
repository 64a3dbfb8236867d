// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CLinux
import IommuClient

struct MemoryOpenCommand: OptionedCommand {
  static let configuration = CommandConfiguration(
    commandName: "open", abstract: "Get a descriptor of memory, and run a command with it.",
    discussion: """
      COMMAND finds the descriptor at number 3: `iommuctl memory open 4 -- sha256sum /dev/fd/3`. Without \
      COMMAND, say what the descriptor allows.
      """)

  @Argument(help: "Memory.") var memory: UInt32
  @Flag(help: "For writing too.") var write = false
  @Argument(parsing: .postTerminator, help: "What to run with it, after `--`.") var command: [String] = []
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  /// What a descriptor is.
  struct Opened: Members {
    var memory: UInt32 = 0
    var size: UInt64 = 0
    var write = false

    mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("memory", &memory, "the memory")
      try visitor.member("size", &size, "bytes")
      try visitor.member("write", &write, "whether the descriptor allows writing")
    }
  }

  func run() throws {
    let daemon = try Daemon(options)
    let request = MemoryOpen(memory: memory, write: write)
    let answer = try Problem.catching { () throws(ClientError) in
      try daemon.client.callForDescriptors(request)
    }
    guard let descriptor = answer.takeDescriptor(0) else {
      throw Problem.failed("iommud answered against the protocol: memory.open without a descriptor")
    }
    if !command.isEmpty { return try ChildProcess.run(command, passing: descriptor.rawValue) }
    var facts = iommu_file_facts()
    _ = unsafe iommu_file_facts(descriptor.rawValue, &facts)
    var opened = Opened()
    opened.memory = memory
    opened.size = facts.size
    opened.write = answer.result.write
    let rights = opened.write ? "reading and writing" : "reading"
    try options.show(
      Report(opened, .sentence("memory \(memory): \(facts.size) bytes, open for \(rights)")))
  }
}
