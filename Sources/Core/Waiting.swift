// SPDX-License-Identifier: Apache-2.0

/// Whether a call may take its time.
package enum Waiting: Sendable {
  /// Locks are waited for, and so are copies under way in what is unmapped.
  case wait
  /// For a thread that must not block: a held lock, or more work than ``Quick`` allows, is answered by
  /// ``Refusal/contended``, and nothing has changed.
  case tryOnly
}

/// What a try-only call does at most.
package enum Quick {
  /// Pages pinned, or filled into domains, or taken out of them.
  package static let pages: UInt64 = 64
  /// Areas set up or torn down, and pages objects locked.
  package static let areas = 64
  /// Bytes copied.
  package static let bytes = 64 * 1024
}
