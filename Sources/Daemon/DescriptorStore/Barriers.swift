// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase

/// Says when everything that was told to the service manager has reached it: each barrier is the end of a pipe that
/// the manager closes when it comes to it. One is on its way at a time. Confined to the loop.
final class Barriers {
  private let loop: EventLoop
  private let notifier: Notifier
  private let passed: () -> Void
  /// The number of the barrier that was sent last; it is on its way while there is a pipe.
  private var sent: UInt64 = 0
  private(set) var lastPassed: UInt64 = 0
  /// Whether anything was told since that barrier was sent.
  private var hasNews = false
  /// Whether somebody waits for the one after the one that is on its way.
  private var isWanted = false
  private var pipe: OwnedDescriptor?
  private var source: IOSource?
  private var retry: TimerSource?

  /// - Parameter passed: called after each barrier.
  init(_ loop: EventLoop, _ notifier: Notifier, passed: @escaping () -> Void) throws(Errno) {
    self.loop = loop
    self.notifier = notifier
    self.passed = passed
    retry = try TimerSource(loop) { [unowned self] in begin() }
  }

  /// The source goes before the pipe that it watches.
  deinit { source = nil }

  /// Something was told that a barrier may be asked for.
  func noteNews() { hasNews = true }

  /// The number of a barrier behind all that was told up to now.
  func request() -> UInt64 {
    guard hasNews else { return sent }
    guard source == nil else {
      isWanted = true
      return sent + 1
    }
    begin()
    // One that could not be sent yet has the next number all the same.
    return source == nil ? sent + 1 : sent
  }

  private func begin() {
    isWanted = false
    do throws(Errno) {
      var ends: (read: Int32, write: Int32) = (-1, -1)
      let status = unsafe withUnsafeMutablePointer(to: &ends) { ends in
        unsafe ends.withMemoryRebound(to: Int32.self, capacity: 2) { unsafe iommu_pipe($0) }
      }
      guard status >= 0 else { throw Errno(-status) }
      let read = OwnedDescriptor(owning: ends.read)
      let write = OwnedDescriptor(owning: ends.write)
      let source = try IOSource(loop, read.rawValue, .readable) { [unowned self] _ in pass() }
      try notifier.send("BARRIER=1", with: write.rawValue)
      self.source = source
      pipe = consume read
      sent += 1
      hasNews = false
    } catch {
      // No descriptor left: there will be.
      isWanted = true
      retry?.set(after: 100_000)
    }
  }

  private func pass() {
    // The one whose handler this is lives until the end of it: by then another file may have the pipe's number.
    source?.isEnabled = false
    source = nil
    pipe = nil
    lastPassed = sent
    if isWanted { begin() }
    passed()
  }
}
