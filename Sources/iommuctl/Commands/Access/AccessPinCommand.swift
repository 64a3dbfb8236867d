// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct AccessPinCommand: OptionedCommand {
  static let configuration = CommandConfiguration(
    commandName: "pin", abstract: "Pin mapped memory for as long as this command runs.",
    discussion: """
      It holds the pin until standard input ends, until Ctrl-C, or while COMMAND runs, whose exit status is \
      then its own. A pin belongs to the connection that made it, so it never outlives the command. When somebody \
      wants to unmap what it holds, standard error says so; when the pin is taken away, the command ends.
      """)

  @Argument(help: "Access.") var access: UInt32
  @OptionGroup var range: RangeArguments
  @Flag(help: "Pin for writing too.") var write = false
  @Argument(parsing: .postTerminator, help: "What to run meanwhile, after `--`.") var command: [String] = []
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  /// The answer with its list under `items`, as everywhere in this program's output.
  struct Pinned: Members {
    var access: UInt32 = 0
    var pin: UInt32 = 0
    var items: [AccessPin.Segment] = []

    mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("access", &access, "access")
      try visitor.member("pin", &pin, "counts per access")
      try visitor.member("items", &items, "the memory behind the range, in order")
    }
  }

  func run() throws {
    let daemon = try Daemon(options)
    let (first, length) = range.value
    let result = try daemon.call(AccessPin(access: access, iova: first, length: length, write: write))
    daemon.client.endWithConnection()
    let watch = PinWatch(daemon.client, access, result.pin)
    if command.isEmpty {
      try hold(result, watch)
    } else {
      // Standard output is the command's.
      try ChildProcess.run(command, watch: watch)
    }
    if let end = watch.end { throw end }
    try daemon.call(AccessUnpin(access: access, pin: result.pin))
  }

  private func hold(_ result: AccessPin.Result, _ watch: PinWatch) throws(Problem) {
    let interruption = try Interruption()
    try options.show(report(result))
    try interruption.wait(watchesInput: true, watch)
  }

  private func report(_ result: AccessPin.Result) -> Report {
    var table = Table([
      .right("PIN"), .right("MEMORY"), .right("OFFSET"), .right("LENGTH"), .left("MAPPABLE"),
    ])
    for segment in result.segments {
      table.add([
        "\(result.pin)", "\(segment.memory)", "\(ByteSize(segment.offset))", "\(ByteSize(segment.length))",
        yes(segment.mappable),
      ])
    }
    var members = Pinned()
    members.access = access
    members.pin = result.pin
    members.items = result.segments
    return Report(members, ids: ["\(result.pin)"], .table(table))
  }
}
