// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What every verb understands, before or after its name.
struct GlobalOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Print one JSON object, with lists under `items`.")
  var json = false

  @Flag(name: [.short, .long], help: "Print ids only, one per line.")
  var quiet = false

  @Flag(name: .long, help: "Print tables without headings and pictures.")
  var noLegend = false

  @Option(
    help: ArgumentHelp(
      "Socket of the daemon. (default: $IOMMUD_SOCKET, that of the user's instance, the system's)",
      valueName: "path"), completion: .file())
  var socket: String?

  @Option(
    help: ArgumentHelp(
      "Context to work in; '' is one that ends with the command. (default: $IOMMUCTL_CONTEXT, default)",
      valueName: "name"))
  var context: String?

  @Flag(help: "Have the context survive the daemon, where it does not exist yet.")
  var persist = false

  @Option(help: ArgumentHelp("User whose context it is, for the admin role.", valueName: "uid"))
  var owner: UInt32?

  func validate() throws {
    if json && quiet { throw ValidationError("--json and --quiet exclude each other.") }
  }

  var form: OutputForm {
    if json { return .json }
    return quiet ? .ids : .people(legend: !noLegend)
  }
}
