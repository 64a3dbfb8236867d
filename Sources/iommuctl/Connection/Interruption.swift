// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuClient

// Where the handler says that a signal came. Set before the handler is, and a constant afterwards.
private nonisolated(unsafe) var interrupted: Int32 = -1

/// Makes SIGINT, SIGTERM and SIGHUP readable rather than deadly.
struct Interruption: ~Copyable {
  private let readable: OwnedDescriptor
  private let writable: OwnedDescriptor

  init() throws(Problem) {
    var ends: (readable: Int32, writable: Int32) = (-1, -1)
    let status = unsafe withUnsafeMutablePointer(to: &ends) { ends in
      unsafe ends.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe iommu_pipe($0) }
    }
    guard status >= 0 else { throw .failed("cannot make a pipe: \(errorText(-status))") }
    readable = OwnedDescriptor(owning: ends.readable)
    writable = OwnedDescriptor(owning: ends.writable)
    unsafe interrupted = ends.writable
    for number in [SIGINT, SIGTERM, SIGHUP] {
      _ = signal(number) { _ in
        var byte: UInt8 = 0
        _ = unsafe write(interrupted, &byte, 1)
      }
    }
  }

  /// Waits until a signal comes or standard input ends.
  ///
  /// - Parameter connection: a socket whose end ends the wait too, with a problem.
  func wait(connection: Int32) throws(Problem) {
    while true {
      var entries = [
        pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
        pollfd(fd: readable.rawValue, events: Int16(POLLIN), revents: 0),
        pollfd(fd: connection, events: 0, revents: 0),
      ]
      let count = unsafe poll(&entries, nfds_t(entries.count), -1)
      guard count >= 0 || errno == EINTR else { throw .failed("cannot wait: \(errorText(errno))") }
      if count < 0 { continue }
      if entries[1].revents != 0 { return }
      if entries[2].revents != 0 { throw .unreachable("iommud closed the connection, and the pin is gone") }
      if entries[0].revents != 0 {
        var byte: UInt8 = 0
        if unsafe read(STDIN_FILENO, &byte, 1) <= 0 { return }
      }
    }
  }
}
