// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Glibc
import IommuBase

/// What systemd, where it started the daemon, is told about it. Never waits for it. Confined to the loop.
package final class ServiceManager {
  /// Microseconds between two states at least.
  private static let interval: UInt64 = 1_000_000

  private let notifier: Notifier
  private var timer: TimerSource?
  private var watchdog: TimerSource?
  private var last = ""

  /// - Parameter describe: the state in a few words, asked for at most once a second and only after
  ///   ``changed()``.
  package init(_ loop: EventLoop, _ notifier: Notifier, describe: @escaping () -> String) throws(Errno) {
    self.notifier = notifier
    timer = try TimerSource(loop, accuracy: Self.interval / 4) { [unowned self] in
      let state = describe()
      guard state != last else { return }
      last = state
      notifier.send("STATUS=\(state)", about: .status)
    }
  }

  /// Has the loop itself, and nothing else, say that it lives.
  ///
  /// - Parameter period: microseconds without a word after which systemd kills the daemon, at least 4.
  package func keepWatchdog(_ loop: EventLoop, period: UInt64) throws(Errno) {
    let watchdog = try TimerSource(loop, accuracy: period / 8) { [unowned self] in
      notifier.send("WATCHDOG=1", about: .watchdog)
      self.watchdog?.set(after: period / 2)
    }
    watchdog.set(after: period / 2)
    self.watchdog = watchdog
  }

  /// The period that systemd asks this process for, in microseconds; nil when it does not.
  package static var ownWatchdogPeriod: UInt64? {
    var period: UInt64 = 0
    return unsafe sd_watchdog_enabled(0, &period) > 0 ? max(4, period) : nil
  }

  /// The daemon answers from now on.
  package func ready() {
    notifier.send("READY=1")
    changed()
  }

  /// The daemon ends on its own accord.
  package func stopping() {
    timer?.cancel()
    notifier.send("STOPPING=1\nSTATUS=stopping")
  }

  /// Something may have changed that the state tells.
  @inline(__always)
  package func changed() {
    if let timer, !timer.isSet { timer.set(after: Self.interval) }
  }
}
