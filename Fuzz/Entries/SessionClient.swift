// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuWire

/// A client's end of a connection. It never waits; what does not fit is not sent.
final class SessionClient {
  private let socket: Socket
  private var inbox = Framer()
  private var scanner = Scanner()
  private(set) var isClosed = false
  /// Requests that have to be answered, as long as it is known which those are: in order, but that some may overtake.
  private var awaited: [(id: Int, mayOvertake: Bool)]? = []
  private(set) var lastAnswer: String?
  /// With IOMMU_FUZZ_TRACE in the environment all lines are shown, to see what an input means.
  private static let isTraced = unsafe getenv("IOMMU_FUZZ_TRACE") != nil

  init(_ socket: consuming Socket) { self.socket = socket }

  /// Whether answers are missing.
  var isWaiting: Bool { !isClosed && awaited?.isEmpty == false }

  /// - Parameter id: of the request that `text` is; nil for text of which nobody knows what it is.
  func send(_ text: String, id: Int?, _ descriptors: [Int32] = []) {
    guard !isClosed else { return }
    let batch = descriptors.isEmpty ? nil : DescriptorBatch(owning: descriptors.map { dup($0) })
    if Self.isTraced { print("-> \(descriptors) \(text)", terminator: text.hasSuffix("\n") ? "" : "\n") }
    let bytes = Array(text.utf8)
    do throws(Errno) {
      let sent = try send(bytes, batch)
      // Nobody knows what half a line becomes.
      if sent < bytes.count || id == nil { awaited = nil }
      if let id { awaited?.append((id, Self.mayOvertake(text))) }
    } catch {
      if error != .eagain { isClosed = true }
    }
  }

  /// Whether it runs ahead of a call that waits.
  private static func mayOvertake(_ text: String) -> Bool {
    text.contains(#""method":"access.unpin""#) || text.contains(#""method":"object.destroy""#)
  }

  private func send(_ bytes: [UInt8], _ batch: DescriptorBatch?) throws(Errno) -> Int {
    var failure: Errno?
    let sent = unsafe bytes.withUnsafeBytes { bytes -> Int in
      do throws(Errno) { return try unsafe socket.send(bytes, batch) } catch { failure = error }
      return 0
    }
    if let failure { throw failure }
    return sent
  }

  func finishSending() { socket.finishSending() }

  /// Reads what is there and checks that it keeps the protocol.
  func read() {
    while !isClosed {
      switch socket.receive(into: &inbox) {
      case .bytes: readLines()
      case .blocked: return
      case .end, .failed: isClosed = true
      }
    }
  }

  private func readLines() {
    while true {
      switch inbox.next() {
      case .none: return
      case .line(let line): readLine(line)
      case .overlong, .fatal: preconditionFailure("the daemon broke the protocol")
      }
    }
  }

  private func readLine(_ line: Framer.Line) {
    do {
      let text = unsafe inbox.text(line)
      lastAnswer = unsafe String(decoding: text, as: UTF8.self)
      if Self.isTraced { print("<- \(lastAnswer ?? "")") }
      let response = try unsafe Response(text, &scanner)
      let brought = try inbox.settle(line, declared: response.descriptors)
      precondition(response.descriptors == brought?.count ?? 0)
      guard !response.isNotification else { return }
      guard let id = response.id else {
        // The end of a connection whose descriptors do not match, or a line that is none.
        awaited = nil
        return
      }
      guard let waiting = awaited, !waiting.isEmpty, case .number(let number) = id else { return }
      let place = waiting.firstIndex { $0.id == Int(number) }
      guard let place, place == 0 || waiting[place].mayOvertake else {
        preconditionFailure("answers come in another order than requests")
      }
      awaited?.remove(at: place)
    } catch {
      preconditionFailure("the daemon broke the protocol: \(error)")
    }
  }
}
