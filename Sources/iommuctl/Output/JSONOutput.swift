// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// JSON for programs: the members of a result, with the version of their shape in front.
package enum JSONOutput {
  /// The version of what `--json` prints; raised when a member changes its meaning or goes.
  package static let schemaVersion = 1

  /// The members of `value` as one JSON object.
  package static func text(of value: some Members) -> String {
    var writer = Writer()
    value.write(to: &writer)
    return writer.text
  }

  /// An object with the error that a daemon answered.
  package static func text(of failure: Failure) -> String {
    var writer = Writer()
    failure.write(to: &writer)
    return "{\"error\":\(writer.text)}"
  }

  /// `object`, the text of a JSON object, with `schemaVersion` as its first member.
  package static func versioned(_ object: String) -> String {
    let members = object.drop { $0 == " " }.dropFirst()
    let rest = members.drop { $0 == " " }
    return "{\"schemaVersion\":\(schemaVersion)" + (rest.first == "}" ? "" : ",") + rest
  }
}
