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
    private(set) var answers: [SavedAnswer] = []
    /// Of their keys, so that hardly any has to be compared.
    private var hashes: [Int] = []
    private(set) var bytes = 0
    /// When it was heard last.
    var heard: UInt64 = 0

    func find(_ key: String) -> Int? {
      let hash = key.hashValue
      var end = hashes.endIndex
      while let place = hashes[..<end].lastIndex(of: hash) {
        if answers[place].key == key { return place }
        end = place
      }
      return nil
    }

    mutating func add(_ answer: SavedAnswer) {
      if let known = find(answer.key) { remove(at: known) }
      answers.append(answer)
      hashes.append(answer.key.hashValue)
      bytes += SavedAnswers.size(answer)
      while answers.count > SavedAnswers.limit || bytes > SavedAnswers.byteLimit && answers.count > 1 {
        remove(at: 0)
      }
    }

    private mutating func remove(at place: Int) {
      bytes -= SavedAnswers.size(answers.remove(at: place))
      hashes.remove(at: place)
    }
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
    bytes += Self.add(answer, to: &senders[answer.token, default: Sender()], at: clock)
  }

  /// - Returns: by how many bytes the sender takes more.
  private static func add(_ answer: SavedAnswer, to sender: inout Sender, at clock: UInt64) -> Int {
    let before = sender.bytes
    sender.heard = clock
    sender.add(answer)
    return sender.bytes - before
  }

  /// The result of the request that `token` calls `key`. O(answers of the sender).
  package func find(token: String, key: String) -> SavedAnswer? {
    guard let sender = senders[token], let place = sender.find(key) else { return nil }
    return sender.answers[place]
  }

  /// Calls `body` with all, so that adding them in this order comes to the same.
  package func forEach(_ body: (SavedAnswer) -> Void) {
    for sender in senders.values.sorted(by: { $0.heard < $1.heard }) {
      for answer in sender.answers { body(answer) }
    }
  }
}
