// SPDX-License-Identifier: Apache-2.0

/// Who pays for the memory of I/O page tables, for as long as it stands in one. Any thread.
package protocol TableBudget: AnyObject, Sendable {
  /// Takes `bytes`, or answers false and takes nothing.
  func take(tableBytes bytes: UInt64) -> Bool
  func give(tableBytes bytes: UInt64)
}
