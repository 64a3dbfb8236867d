// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Glibc
import IommuBase

/// What systemd, where it started the daemon, is told about it. Confined to the loop.
package final class ServiceManager {
  /// Microseconds between two states at least.
  private static let interval: UInt64 = 1_000_000

  private let isThere: Bool
  private var timer: TimerSource?
  private var last = ""

  /// - Parameter describe: the state in a few words, asked for at most once a second and only after
  ///   ``changed()``.
  package init(_ loop: EventLoop, describe: @escaping () -> String) throws(Errno) {
    isThere = unsafe getenv("NOTIFY_SOCKET") != nil
    guard isThere else { return }
    timer = try TimerSource(loop, accuracy: Self.interval / 4) { [unowned self] in
      let state = describe()
      guard state != last else { return }
      last = state
      notify("STATUS=\(state)")
    }
  }

  /// The daemon answers from now on.
  package func ready() {
    notify("READY=1")
    changed()
  }

  /// The daemon ends on its own accord.
  package func stopping() {
    timer?.cancel()
    notify("STOPPING=1\nSTATUS=stopping")
  }

  /// Something may have changed that the state tells.
  @inline(__always)
  package func changed() {
    if let timer, !timer.isSet { timer.set(after: Self.interval) }
  }

  private func notify(_ text: String) {
    guard isThere else { return }
    _ = unsafe sd_notify(0, text)
  }
}
