// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What the place where text goes can show.
package struct Style: Equatable, Sendable {
  package var colour: Bool
  package var unicode: Bool
  /// Columns that pictures may use.
  package var width = 80

  package init(colour: Bool, unicode: Bool) {
    self.colour = colour
    self.unicode = unicode
  }

  /// What any file can hold.
  package static let plain = Style(colour: false, unicode: false)

  /// The style for a stream, given the environment that the user set up.
  package init(isTerminal: Bool, environment: (String) -> String?) {
    let terminal = environment("TERM")
    colour = isTerminal && (environment("NO_COLOR") ?? "").isEmpty && terminal != nil && terminal != "dumb"
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty } ?? ""
    let codeset = locale.lowercased()
    unicode = codeset.hasSuffix("utf-8") || codeset.hasSuffix("utf8")
  }

  /// The style for standard output.
  static var standardOutput: Style {
    Style(isTerminal: isatty(STDOUT_FILENO) == 1, environment: environmentVariable)
  }

  func heading(_ text: String) -> String { colour ? "\u{1b}[1m\(text)\u{1b}[0m" : text }
}

/// The value of an environment variable; nil when it is not set.
func environmentVariable(_ name: String) -> String? {
  unsafe getenv(name).map { unsafe String(cString: $0) }
}
