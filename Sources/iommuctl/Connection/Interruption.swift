// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuClient

// Where the handler says that a signal came. Set before the handler is, and a constant afterwards.
private nonisolated(unsafe) var interrupted: Int32 = -1

/// Makes signals readable rather than deadly. One of them at a time.
struct Interruption: ~Copyable {
  private let readable: OwnedDescriptor
  private let writable: OwnedDescriptor

  init(_ signals: [Int32] = [SIGINT, SIGTERM, SIGHUP]) throws(Problem) {
    var ends: (readable: Int32, writable: Int32) = (-1, -1)
    let status = unsafe withUnsafeMutablePointer(to: &ends) { ends in
      unsafe ends.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe iommu_pipe($0) }
    }
    guard status >= 0 else { throw .failed("cannot make a pipe: \(errorText(-status))") }
    readable = OwnedDescriptor(owning: ends.readable)
    writable = OwnedDescriptor(owning: ends.writable)
    unsafe interrupted = ends.writable
    for number in signals {
      _ = signal(number) { _ in
        let before = errno
        var byte: UInt8 = 0
        _ = unsafe write(interrupted, &byte, 1)
        errno = before
      }
    }
  }

  /// Waits until a signal comes or, with `watchesInput`, standard input ends.
  ///
  /// - Parameter watch: looks whenever the daemon has said something.
  func wait(watchesInput: Bool, _ watch: PinWatch? = nil) throws(Problem) {
    // Something may have come with an answer.
    watch?.look()
    while true {
      if watchesInput, watch?.end != nil { return }
      var entries = [
        pollfd(fd: watchesInput ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: readable.rawValue, events: Int16(POLLIN), revents: 0),
        pollfd(fd: watch?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
      ]
      let count = unsafe poll(&entries, nfds_t(entries.count), -1)
      guard count >= 0 || errno == EINTR else { throw .failed("cannot wait: \(errorText(errno))") }
      if count < 0 { continue }
      if entries[1].revents != 0 {
        var bytes = [UInt8](repeating: 0, count: 64)
        _ = unsafe read(readable.rawValue, &bytes, bytes.count)
        return
      }
      if entries[2].revents != 0 { watch?.look() }
      if entries[0].revents != 0 {
        var byte: UInt8 = 0
        if unsafe read(STDIN_FILENO, &byte, 1) <= 0 { return }
      }
    }
  }
}
