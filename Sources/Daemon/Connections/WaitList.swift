// SPDX-License-Identifier: Apache-2.0

/// Requests that wait for one thing, and the way to wake them. Confined to the loop.
package final class WaitList {
  /// Called once at the next release.
  private var waiters: [(number: UInt64, wake: () -> Void)] = []
  private var last: UInt64 = 0

  package init() {}

  /// What was waited for may be there now: everybody tries again, in the order in which they came, after the
  /// caller is done.
  package func release() {
    let woken = waiters
    waiters = []
    for waiter in woken { waiter.wake() }
  }

  package var isEmpty: Bool { waiters.isEmpty }

  /// Has `wake`, which only notes that there is something to do, called at the next release.
  package func add(_ wake: @escaping () -> Void) -> UInt64 {
    last += 1
    waiters.append((last, wake))
    return last
  }

  package func remove(_ number: UInt64) { waiters.removeAll { $0.number == number } }
}
