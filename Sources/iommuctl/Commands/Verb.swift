// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// A command that understands what every verb does.
protocol OptionedCommand: ParsableCommand {
  var options: GlobalOptions { get }
}

/// A command that asks the daemon something and reports what came out.
protocol Verb: OptionedCommand {
  /// Whether it concerns objects, and so runs in the context of the options.
  static var worksInContext: Bool { get }

  func report(_ daemon: Daemon) throws(Problem) -> Report
}

extension Verb {
  static var worksInContext: Bool { true }

  func run() throws {
    let daemon = try Daemon(options, worksInContext: Self.worksInContext)
    try options.show(try report(daemon))
  }
}

extension GlobalOptions {
  func show(_ report: Report) throws(Problem) {
    try printLines(report.lines(form, style: .standardOutput))
  }
}

/// `text` as it stands, or in the plural for any number but one: `1 page`, `2 pages`.
func counted(_ number: UInt64, _ text: String) -> String {
  number == 1 ? "1 \(text)" : "\(number) \(text)s"
}

/// `rw`, `r-`, `-w`: what devices may do.
func protection(read: Bool, write: Bool) -> String { (read ? "r" : "-") + (write ? "w" : "-") }

/// `yes` or `no`.
func yes(_ value: Bool) -> String { value ? "yes" : "no" }
