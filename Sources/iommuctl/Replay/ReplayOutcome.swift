// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// What came out of a replay.
package struct ReplayOutcome: Members {
  /// Lines that were sent.
  package var requests: UInt64 = 0
  /// Answers of the trace, and how many of them were answered the same.
  package var answers: UInt64 = 0
  package var sameAnswers: UInt64 = 0
  package var events: UInt64 = 0
  package var sameEvents: UInt64 = 0
  /// The line in whose middle the trace ends.
  package var brokenOff: UInt64?
  package var items: [Item] = []

  package init() {}

  package mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
    try visitor.member("requests", &requests, "lines that were sent")
    try visitor.member("answers", &answers, "answers of the trace")
    try visitor.member("same_answers", &sameAnswers, "of these, answered the same")
    try visitor.member("events", &events, "events of the trace")
    try visitor.member("same_events", &sameEvents, "of these, told the same")
    try visitor.option("broken_off", &brokenOff, "the line in whose middle the trace ends")
    try visitor.member("items", &items, "differences")
  }

  /// One difference.
  package struct Item: Members {
    /// Of the trace.
    package var line: UInt64 = 0
    package var connection: UInt64 = 0
    /// Empty where a line names none.
    package var method = ""
    /// Empty for the whole line.
    package var path = ""
    /// As it was written; nil where there is nothing.
    package var before: String?
    package var after: String?

    package init() {}

    package mutating func visit<V: Visitor & ~Copyable>(_ visitor: inout V) throws(Failure) {
      try visitor.member("line", &line, "of the trace")
      try visitor.member("connection", &connection, "of the trace")
      try visitor.member("method", &method, "that was called")
      try visitor.member("path", &path, "where the difference is; empty for everything")
      try visitor.option("before", &before, "in the trace")
      try visitor.option("after", &after, "now")
    }
  }
}

extension ReplayOutcome {
  /// One sentence.
  package var summary: String {
    var text = counted(requests, "request")
    text += ", " + (sameAnswers == answers ? "" : "\(sameAnswers) of ") + counted(answers, "answer")
    if events > 0 {
      text += sameAnswers == answers && sameEvents == events ? " and " : " the same, "
      text += (sameEvents == events ? "" : "\(sameEvents) of ") + counted(events, "event")
    }
    return text + " the same, "
      + (items.isEmpty ? "no differences" : counted(UInt64(items.count), "difference"))
  }

  /// Differences for people, in at most `width` columns where the names leave room for that.
  package func table(width: Int) -> Table {
    var table = Table([.right("LINE"), .left("METHOD"), .left("WHERE"), .left("BEFORE"), .left("AFTER")])
    let names: [(Item) -> Int] = [{ "\($0.line)".count }, { $0.method.count }, { $0.path.count }]
    // The columns of names, and four gaps of two.
    let taken = names.reduce(8) { sum, length in sum + max(6, items.map(length).max() ?? 0) }
    let room = max(12, (width - taken) / 2)
    for item in items {
      let (before, after) = excerpts(item.before ?? "", item.after ?? "", room)
      table.add(["\(item.line)", item.method, item.path, before, after])
    }
    return table
  }
}

/// Two texts that differ, each in at most `room` characters, from shortly before the first that is not the same on.
package func excerpts(_ one: String, _ other: String, _ room: Int) -> (String, String) {
  var skipped = 0
  if max(one.count, other.count) > room {
    let same = zip(one, other).prefix { $0 == $1 }.count
    // Some of what is the same shows where it is.
    skipped = max(0, same - 4)
    if skipped <= 3 { skipped = 0 }
  }
  func excerpt(_ text: String) -> String {
    let rest = skipped > 0 ? "..." + text.dropFirst(skipped) : text
    return rest.count > room ? rest.prefix(room - 3) + "..." : rest
  }
  return (excerpt(one), excerpt(other))
}
