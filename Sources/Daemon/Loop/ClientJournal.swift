// SPDX-License-Identifier: Apache-2.0

/// The journal for what clients cause: who causes one entry can cause a million, so there are a few in a second
/// and then only a count of the others. Confined to the loop.
package final class ClientJournal {
  /// Entries in a second.
  private static let most = 10

  private let journal: Journal
  private let loop: EventLoop
  private var second: UInt64 = 0
  private var written = 0
  private var withheld = 0

  package init(_ journal: Journal, _ loop: EventLoop) {
    self.journal = journal
    self.loop = loop
  }

  package func log(
    _ level: Journal.Level, _ kind: Journal.Kind, _ message: String, _ fields: Journal.Field...
  ) {
    log(level, kind, message, fields)
  }

  package func log(
    _ level: Journal.Level, _ kind: Journal.Kind, _ message: String, _ fields: [Journal.Field]
  ) {
    let now = loop.now / 1_000_000
    if now != second {
      second = now
      written = 0
    }
    guard written < Self.most else {
      withheld += 1
      return
    }
    written += 1
    let more = withheld > 0 ? " (and \(withheld) entries before it were left out)" : ""
    withheld = 0
    journal.log(level, kind, message + more, fields)
  }
}
