// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Events that wait to be looked at: a bounded number, behind which the rest is only counted.
struct EventBuffer {
  static let limit = 1024

  private var waiting: [Event] = []
  private var taken = 0
  private var lost: UInt64 = 0
  private var last: UInt64 = 0

  mutating func append(_ event: Event) {
    if lost == 0, waiting.count - taken < Self.limit {
      waiting.append(event)
    } else if case .lost(let body) = event.body {
      lost += body.lost
    } else {
      lost += 1
    }
    last = event.seq
  }

  mutating func next() -> Event? {
    if taken < waiting.count {
      defer {
        taken += 1
        if taken == waiting.count {
          waiting = []
          taken = 0
        }
      }
      return waiting[taken]
    }
    guard lost > 0 else { return nil }
    defer { lost = 0 }
    return Event(seq: last, .lost(Lost(lost: lost)))
  }
}
