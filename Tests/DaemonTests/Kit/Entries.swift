// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon

/// What a daemon has put into its journal.
final class Entries: @unchecked Sendable {
  private let lock = Lock()
  private var kept: [(kind: Journal.Kind, message: String, fields: [String])] = []

  var journal: Journal {
    Journal.to { [self] kind, message, fields in
      lock.lock()
      kept.append((kind, message, fields))
      lock.unlock()
    }
  }

  func of(_ kind: Journal.Kind) -> [(message: String, fields: [String])] {
    lock.lock()
    defer { lock.unlock() }
    return kept.filter { $0.kind == kind }.map { ($0.message, $0.fields) }
  }
}
