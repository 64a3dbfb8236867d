// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A bar on standard error, for people who wait longer than a second at a terminal.
struct Progress: ~Copyable {
  private let label: String
  /// Bytes; nil when nobody knows.
  private let total: UInt64?
  private var done: UInt64 = 0
  private let start = monotonicNanoseconds()
  private var drawn: UInt64 = 0
  private let isShown = isatty(STDERR_FILENO) == 1
  private let style = Style(isTerminal: true, environment: environmentVariable)

  init(_ label: String, total: UInt64?) {
    self.label = label
    self.total = total
  }

  deinit {
    // Leaves the line as it was found.
    if drawn > 0 { try? writeToError("\r\u{1b}[K") }
  }

  /// Counts `bytes` more; draws at most ten times a second.
  mutating func advance(by bytes: UInt64) {
    done += bytes
    guard isShown else { return }
    let now = monotonicNanoseconds()
    guard now - start >= 1_000_000_000, now - drawn >= 100_000_000 else { return }
    drawn = now
    let text = bar(label, done: done, total: total, nanoseconds: now - start, unicode: style.unicode)
    try? writeToError("\r\(text)\u{1b}[K")
  }
}

/// Nanoseconds of a clock that is never set.
func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// A progress bar of at most 79 columns; without a total, what was done so far.
package func bar(_ label: String, done: UInt64, total: UInt64?, nanoseconds: UInt64, unicode: Bool) -> String
{
  let seconds = max(Double(nanoseconds) / 1e9, 0.001)
  let speed = ByteSize(UInt64(Double(done) / seconds)).rough + "/s"
  guard let total, total > 0 else { return "\(label) \(ByteSize(done).rough), \(speed)" }
  let share = min(Double(done) / Double(total), 1)
  let tail = " \(Int(share * 100))% \(speed)"
  let width = max(10, 79 - label.count - 3 - tail.count)
  let full = Int(share * Double(width))
  let on = String(repeating: unicode ? "█" : "#", count: full)
  let off = String(repeating: unicode ? "·" : ".", count: width - full)
  return "\(label) [\(on)\(off)]\(tail)"
}
