// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct Monitor: OptionedCommand {
  static let configuration = CommandConfiguration(
    commandName: "monitor",
    abstract: "Print what happens in the context as it happens, one JSON object a line.",
    discussion: """
      The first line is how things stand. Kinds are access.unmap_requested, pin.revoked, dma.fault, \
      context.destroyed, context.degraded and context.frames_changed; where this command does not read as fast as \
      things happen, a line of kind lost says how many were left out. It ends with Ctrl-C, or when the daemon does.
      """)

  @Option(
    name: .customLong("kind"),
    help: ArgumentHelp("Only events of this kind; may be given often.", valueName: "kind"))
  var kinds: [EventKind] = []
  @Flag(help: "Watch every context, on an observer's or the admin's socket.") var everywhere = false
  @Option(help: ArgumentHelp("End after so many events.", valueName: "number")) var count: UInt64?
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func validate() throws {
    if options.quiet { throw ValidationError("Events have no ids to print.") }
  }

  /// The first line, in the shape of the others.
  private struct State: Members {
    var result = EventsSubscribe.Result()

    mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      var kind = "state"
      try visitor.member("kind", &kind, "state")
      try result.visit(&visitor)
    }
  }

  func run() throws {
    let daemon = try Daemon(options, worksInContext: !everywhere)
    daemon.client.endWithConnection()
    var state = State()
    state.result = try daemon.call(EventsSubscribe(kinds.isEmpty ? nil : kinds, everywhere: everywhere))
    try show(state)
    var left = count ?? .max
    while left > 0 {
      let event = try Problem.catching { () throws(ClientError) in try daemon.client.nextEvent() }
      guard let event else { continue }
      try show(event)
      left -= 1
    }
  }

  private func show(_ members: some Members) throws(Problem) {
    let text = JSONOutput.text(of: members)
    try printLines([options.json ? JSONOutput.versioned(text) : text])
  }
}

extension EventKind: ExpressibleByArgument {
  public init?(argument: String) {
    guard let kind = EventKind(rawValue: argument), kind != .lost else { return nil }
    self = kind
  }

  public static var allValueStrings: [String] { subscribable.map(\.rawValue) }
}
