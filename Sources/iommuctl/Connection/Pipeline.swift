// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient

/// Sends the lines of standard input and prints the answers, both as they come.
struct Pipeline: ~Copyable {
  private let client: Client
  private let form: OutputForm
  private var unsent: [UInt8] = []
  private var awaited = 0
  private var refused = 0

  /// Answers that may be on their way: the daemon stops reading at 256 KiB of unread ones.
  private static var depth: Int { 64 }

  init(_ client: Client, form: OutputForm) {
    self.client = client
    self.form = form
  }

  /// - Throws: ``Problem/ended(_:)`` with 1 when an answer was an error, which was printed.
  mutating func run() throws(Problem) {
    while true {
      // Without more input at hand, answers come first: somebody may be typing.
      while awaited > 0, !isInputReady() { try receive() }
      let piece = try readSome()
      if piece.isEmpty { break }
      try send(piece)
    }
    if !unsent.isEmpty { try send([UInt8(ascii: "\n")]) }
    while awaited > 0 { try receive() }
    if refused > 0 { throw .ended(1) }
  }

  private mutating func send(_ bytes: [UInt8]) throws(Problem) {
    unsent += bytes
    var rest = unsent[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = rest[..<end]
      rest = rest[(end + 1)...]
      guard line.contains(where: { $0 > 0x20 }) else { continue }
      try Problem.catching { () throws(ClientError) in
        try client.sendLine(String(decoding: line, as: UTF8.self))
      }
      awaited += 1
      while awaited >= Self.depth { try receive() }
    }
    unsent = Array(rest)
  }

  private mutating func receive() throws(Problem) {
    let answer = try Problem.catching { () throws(ClientError) in try client.receiveLine() }
    guard let answer else { throw .unreachable("iommud closed the connection") }
    awaited -= 1
    let line = answer.result
    // An answer has either of the two at its top; what the daemon writes has no other member before them.
    if line.isError { refused += 1 }
    switch form {
    case .people: try printLines([line])
    case .json: try printLines([JSONOutput.versioned(line)])
    case .ids: break
    }
  }

  /// Whether reading standard input would not wait.
  private func isInputReady() -> Bool {
    var entry = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&entry, 1, 0) > 0
  }

  private func readSome() throws(Problem) -> [UInt8] {
    while true {
      var number: Int32 = 0
      let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { room, count in
        let got = unsafe read(STDIN_FILENO, room.baseAddress, room.count)
        if got < 0 { number = errno } else { count = got }
      }
      if number == 0 { return bytes }
      guard number == EINTR else {
        throw .failed("cannot read standard input: \(errorText(number))")
      }
    }
  }
}

extension String {
  /// Whether an answer of the daemon, which writes `jsonrpc`, `id`, then the outcome, is an error.
  fileprivate var isError: Bool {
    guard let outcome = firstRange(of: ",\"error\":") else { return false }
    guard let result = firstRange(of: ",\"result\":") else { return true }
    return outcome < result
  }

  private func firstRange(of text: String) -> String.Index? {
    var rest = self[...]
    while let start = rest.firstIndex(where: { $0 == "," }) {
      if self[start...].hasPrefix(text) { return start }
      rest = rest[index(after: start)...]
    }
    return nil
  }
}
