// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuClient

struct Call: OptionedCommand {
  static let configuration = CommandConfiguration(
    commandName: "call", abstract: "Call any method with parameters in JSON, and print its result as JSON.",
    discussion: """
      With METHOD `-`, standard input holds whole requests, one per line as the protocol has them; they are \
      sent without waiting for answers, which are printed one per line in the same order.
      """)

  @Argument(help: "Method, such as ioas.map; `methods` lists them.") var method: String
  @Argument(help: "One JSON object.") var params: String?
  @Option(
    name: .customLong("fd"),
    help: ArgumentHelp(
      "Pass a descriptor that this command was started with; may be given often.", valueName: "number"))
  var descriptors: [Int32] = []
  @OptionGroup(title: "Options of every command") var options: GlobalOptions

  func validate() throws {
    if method == "-", params != nil || !descriptors.isEmpty {
      throw ValidationError("With `-`, parameters come from standard input, and no descriptors go along.")
    }
    if descriptors.count > WireLimit.descriptors {
      throw ValidationError("At most \(WireLimit.descriptors) descriptors go with a call.")
    }
  }

  func run() throws {
    // What concerns the daemon or whole contexts is asked from outside of them.
    let concernsObjects = !method.hasPrefix("server.") && !method.hasPrefix("context.")
    let daemon = try Daemon(options, worksInContext: concernsObjects)
    if method == "-" {
      var pipeline = Pipeline(daemon.client, form: options.form)
      return try pipeline.run()
    }
    // Newlines end a line, and mean nothing else in JSON.
    let text = String((params ?? "{}").map { $0.isNewline ? " " : $0 })
    let result = try Problem.catching { () throws(ClientError) in
      try daemon.client.call(method, parameters: text, descriptors: descriptors).result
    }
    switch options.form {
    case .people: try printLines([result])
    case .json: try printLines([JSONOutput.versioned(result)])
    case .ids: break
    }
  }
}
