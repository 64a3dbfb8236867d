// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Lets threads that hold a ``Lock`` wait for a change of what it guards.
@safe
public final class Condition: @unchecked Sendable {
  private let condition: UnsafeMutablePointer<pthread_cond_t>

  public init() {
    unsafe condition = .allocate(capacity: 1)
    unsafe condition.initialize(to: pthread_cond_t())
    let status = unsafe pthread_cond_init(condition, nil)
    precondition(status == 0)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe condition.deallocate()
  }

  /// Gives `lock`, which the caller holds, away, waits for a broadcast, and takes it again. May also return
  /// without a broadcast, so the caller looks at what it waits for again.
  public func wait(_ lock: Lock) { _ = unsafe pthread_cond_wait(condition, lock.mutex) }

  /// Wakes every thread that waits.
  public func broadcast() { _ = unsafe pthread_cond_broadcast(condition) }
}
