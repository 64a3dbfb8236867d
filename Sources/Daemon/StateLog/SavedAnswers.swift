// SPDX-License-Identifier: Apache-2.0

/// Results of requests with keys, for those that are sent again: the last ones of each sender, and the senders that were
/// heard last.
package struct SavedAnswers: Sendable {
  /// Results of one sender at most, and their bytes.
  package static let limit = 64
  package static let byteLimit = 1 << 20
  /// Senders at most.
  package static let senderLimit = 32

  private struct Sender {
    var answers: [SavedAnswer] = []
    /// When it was heard last.
    var heard: UInt64 = 0
    var bytes = 0
  }

  private var senders: [String: Sender] = [:]
  private var clock: UInt64 = 0

  package init() {}

  /// About the bytes that they take in a log.
  package private(set) var bytes = 0

  private static func size(_ answer: SavedAnswer) -> Int {
    24 + answer.token.utf8.count + answer.key.utf8.count + answer.result.count + 5 * answer.memories.count
  }

  /// Takes one in, and forgets the oldest beyond the limits. O(answers of the sender).
  package mutating func add(_ answer: SavedAnswer) {
    clock += 1
    if senders[answer.token] == nil, senders.count >= Self.senderLimit,
      let oldest = senders.min(by: { $0.value.heard < $1.value.heard })
    {
      bytes -= oldest.value.bytes
      senders[oldest.key] = nil
    }
    var sender = senders.removeValue(forKey: answer.token) ?? Sender()
    bytes -= sender.bytes
    if let known = sender.answers.firstIndex(where: { $0.key == answer.key }) {
      sender.bytes -= Self.size(sender.answers.remove(at: known))
    }
    sender.heard = clock
    sender.answers.append(answer)
    sender.bytes += Self.size(answer)
    while sender.answers.count > Self.limit || sender.bytes > Self.byteLimit && sender.answers.count > 1 {
      sender.bytes -= Self.size(sender.answers.removeFirst())
    }
    bytes += sender.bytes
    senders[answer.token] = sender
  }

  /// The result of the request that `token` calls `key`. O(answers of the sender).
  package func find(token: String, key: String) -> SavedAnswer? {
    senders[token]?.answers.last { $0.key == key }
  }

  /// Calls `body` with all, so that adding them in this order comes to the same.
  package func forEach(_ body: (SavedAnswer) -> Void) {
    for sender in senders.values.sorted(by: { $0.heard < $1.heard }) {
      for answer in sender.answers { body(answer) }
    }
  }
}
