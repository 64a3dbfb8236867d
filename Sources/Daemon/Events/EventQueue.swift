// SPDX-License-Identifier: Apache-2.0

import IommuWire

/// Events that wait to be sent to one connection: a bounded number, behind which the rest is only counted.
/// Confined to the loop.
package final class EventQueue {
  /// What the events that wait may weigh together.
  package static let limit = 512

  private var waiting: [Event] = []
  /// Events at the front that were taken out.
  private var taken = 0
  private var weight = 0
  private var lost: UInt64 = 0
  /// Number of the last event, sent or not.
  package private(set) var last: UInt64 = 0
  /// Called when there is something to send. It must only note that.
  var wake: () -> Void = {}

  package init() {}

  package var isEmpty: Bool { waiting.isEmpty && lost == 0 }

  /// Puts an event behind the others. Once one is left out, so are all up to the moment at which the client
  /// has been sent those before.
  package func append(_ body: Event.Body, owner: UInt32? = nil, context: String? = nil) {
    last += 1
    let event = Event(seq: last, owner: owner, context: context, body)
    if lost == 0, weight + body.weight <= Self.limit {
      waiting.append(event)
      weight += body.weight
    } else {
      lost += 1
    }
    wake()
  }

  /// Takes the next event out.
  package func next() -> Event? {
    if taken < waiting.count {
      let event = waiting[taken]
      taken += 1
      weight -= event.body.weight
      if taken == waiting.count {
        waiting = []
        taken = 0
      }
      return event
    }
    guard lost > 0 else { return nil }
    defer { lost = 0 }
    return Event(seq: last, .lost(Lost(lost: lost)))
  }

  /// Forgets everything.
  func clear() {
    waiting = []
    taken = 0
    weight = 0
    lost = 0
  }
}

extension Event.Body {
  /// About how many times the smallest event's memory it takes.
  fileprivate var weight: Int {
    switch self {
    case .unmapRequested(let body): 1 + body.pins.count / 16
    case .pinRevoked(let body): 1 + body.pins.count / 16
    case .fault, .contextDestroyed, .contextDegraded, .framesChanged, .lost: 1
    }
  }
}
