// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Something to wait at until a test opens it, and a way for the test to see who came.
final class Gate: @unchecked Sendable {
  private let lock = Lock()
  private let changed = Condition()
  private var isOpen = false
  private var inside = 0
  private var most = 0
  private var come = 0

  /// Waits until the gate is open.
  func pass() {
    lock.lock()
    come += 1
    inside += 1
    most = max(most, inside)
    changed.broadcast()
    while !isOpen { changed.wait(lock) }
    inside -= 1
    lock.unlock()
  }

  func open() {
    lock.lock()
    isOpen = true
    changed.broadcast()
    lock.unlock()
  }

  /// Waits until `count` have come.
  func awaitArrivals(_ count: Int) {
    lock.lock()
    while come < count { changed.wait(lock) }
    lock.unlock()
  }

  /// How many stood there at the same time at most.
  var mostAtOnce: Int {
    lock.lock()
    defer { lock.unlock() }
    return most
  }
}
