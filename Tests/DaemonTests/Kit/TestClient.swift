// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire
import Testing

/// The client's end of a connection, at the level of lines. Calls wait for at most ten seconds.
final class TestClient {
  struct TimedOut: Error {}

  let socket: Socket
  private var framer = Framer()

  init(_ socket: consuming Socket) { self.socket = socket }

  init(path: String) throws {
    socket = try Socket.connect(to: path)
  }

  private func wait(_ events: Int32) throws {
    var entry = pollfd(fd: socket.rawValue, events: Int16(events), revents: 0)
    guard unsafe poll(&entry, 1, 10_000) == 1 else { throw TimedOut() }
  }

  /// Whether there is something to read, or room to write, at this moment.
  func isReady(_ events: Int32) -> Bool {
    var entry = pollfd(fd: socket.rawValue, events: Int16(events), revents: 0)
    return unsafe poll(&entry, 1, 0) == 1
  }

  /// Sends all of `text`.
  func send(_ text: String, descriptors: DescriptorBatch? = nil) throws {
    var bytes = Array(text.utf8)[...]
    var descriptors = descriptors
    while !bytes.isEmpty {
      do throws(Errno) {
        bytes = bytes.dropFirst(try sendSome(bytes, descriptors))
        descriptors = nil
      } catch {
        guard error == .eagain else { throw error }
        try wait(POLLOUT)
      }
    }
  }

  /// Sends what fits and answers how many bytes that was.
  func sendSome(_ bytes: ArraySlice<UInt8>, _ descriptors: DescriptorBatch? = nil) throws(Errno) -> Int {
    let result = unsafe bytes.withUnsafeBytes { bytes -> Result<Int, Errno> in
      do throws(Errno) {
        return .success(try unsafe socket.send(bytes, descriptors))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// The next line; nil at the end of the stream, however it came about.
  func line() throws -> String? { try answer()?.text }

  /// The next line and how many descriptors it brought.
  func answer() throws -> (text: String, descriptors: Int)? {
    while true {
      switch framer.next() {
      case .line(let line):
        let text = unsafe String(decoding: framer.text(line), as: UTF8.self)
        var declared = 0
        if let range = text.firstRange(of: #","fds":"#) {
          declared = Int(text[range.upperBound...].dropLast()) ?? -1
        }
        let batch = try framer.settle(line, declared: declared)
        return (text, batch?.count ?? 0)
      case .none:
        break
      case .overlong, .fatal:
        throw Errno.einval
      }
      try wait(POLLIN)
      switch socket.receive(into: &framer) {
      case .bytes, .blocked: break
      case .end: return nil
      case .failed(let errno) where errno.rawValue == ECONNRESET: return nil
      case .failed(let errno): throw errno
      }
    }
  }

  /// All lines that are there now.
  func lines() throws -> [String] {
    var lines: [String] = []
    while true {
      switch framer.next() {
      case .line(let line):
        lines.append(unsafe String(decoding: framer.text(line), as: UTF8.self))
        _ = try framer.settle(line, declared: 0)
      case .none:
        guard case .bytes = socket.receive(into: &framer) else { return lines }
      case .overlong, .fatal:
        throw Errno.einval
      }
    }
  }

  /// One call and its answer.
  func call(_ method: String, _ parameters: String = "{}") throws -> String? {
    try send(request("c", method, parameters))
    return try line()
  }

  /// The number that a call answers as `number`.
  func number(_ method: String, _ parameters: String = "{}") throws -> UInt64? {
    member("number", of: try call(method, parameters) ?? "")
  }

  /// The `totals` of what the daemon counts.
  func totals() throws -> String {
    let line = try #require(try call("server.stats"))
    let totals = try #require(line.firstRange(of: #""totals":"#))
    return String(line[totals.upperBound...])
  }

  /// How many requests there were once there are none but this client's own, which asks for it over and over.
  func settledRequests() throws -> UInt64 {
    func requests() throws -> UInt64 { try #require(member("requests", of: try totals())) }
    var (before, quiet) = (try requests(), 0)
    while quiet < 10 {
      let now = try requests()
      quiet = now == before + 1 ? quiet + 1 : 0
      before = now
    }
    return before
  }

  func finishSending() { socket.finishSending() }
}

/// A request as a line.
func request(_ id: String, _ method: String, _ parameters: String = "{}", fds: Int = 0) -> String {
  let descriptors = fds > 0 ? #","fds":\#(fds)"# : ""
  return #"{"jsonrpc":"2.0","id":"\#(id)","method":"\#(method)","params":\#(parameters)\#(descriptors)}"#
    + "\n"
}

/// The first unsigned integer that a line has as a member `name`.
func member(_ name: String, of line: String) -> UInt64? {
  guard let range = line.firstRange(of: "\"\(name)\":") else { return nil }
  return UInt64(line[range.upperBound...].prefix { $0.isNumber })
}

/// Whether `line` answers the request that is called `id` with a result.
func isResult(_ line: String?, of id: String) -> Bool {
  line?.hasPrefix(#"{"jsonrpc":"2.0","id":"\#(id)","result":"#) == true
}

/// The code of the error that `line` answers.
func errorCode(_ line: String?) -> Int? {
  guard let line, let range = line.firstRange(of: #""error":{"code":"#) else { return nil }
  return Int(line[range.upperBound...].prefix { $0.isNumber || $0 == "-" })
}
