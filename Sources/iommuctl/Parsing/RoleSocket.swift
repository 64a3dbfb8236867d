// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import IommuWire

/// The socket of a role, as `admin:/run/iommud/admin.sock`.
package struct RoleSocket: Equatable, Sendable {
  package var role: Role
  package var path: String

  package init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, let role = Role(rawValue: String(parts[0])) else { return nil }
    self.role = role
    path = String(parts[1])
  }
}

extension RoleSocket: ExpressibleByArgument {
  package init?(argument: String) { self.init(argument) }
}
