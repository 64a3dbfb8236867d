// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A mutual exclusion lock that can also be tried.
///
/// A pthread mutex rather than `Synchronization.Mutex`: the thread sanitizer understands it. It stands inside the
/// object that holds it, which costs no allocation, and guards that object's other fields.
@safe
public struct Lock: ~Copyable, @unchecked Sendable {
  // POSIX wants a mutex to stay where it was made, and a cell does. All zeroes is glibc's initialiser.
  @usableFromInline let cell: _Cell<pthread_mutex_t>

  public init() { unsafe cell = unsafe _Cell(pthread_mutex_t()) }

  deinit { _ = unsafe pthread_mutex_destroy(cell._address) }

  @inlinable
  public func lock() { _ = unsafe pthread_mutex_lock(cell._address) }

  /// Takes the lock and answers true, or answers false at once when somebody holds it.
  @inlinable
  public func tryLock() -> Bool { unsafe pthread_mutex_trylock(cell._address) == 0 }

  @inlinable
  public func unlock() { _ = unsafe pthread_mutex_unlock(cell._address) }
}

/// A lock that many readers or one writer hold, and that can also be tried.
@safe
public struct ReadWriteLock: ~Copyable, @unchecked Sendable {
  @usableFromInline let cell: _Cell<pthread_rwlock_t>

  public init() { cell = _Cell(pthread_rwlock_t()) }

  deinit { _ = unsafe pthread_rwlock_destroy(cell._address) }

  @inlinable public func lockShared() { _ = unsafe pthread_rwlock_rdlock(cell._address) }
  @inlinable public func tryLockShared() -> Bool { unsafe pthread_rwlock_tryrdlock(cell._address) == 0 }
  @inlinable public func lockExclusive() { _ = unsafe pthread_rwlock_wrlock(cell._address) }
  @inlinable public func tryLockExclusive() -> Bool { unsafe pthread_rwlock_trywrlock(cell._address) == 0 }
  @inlinable public func unlock() { _ = unsafe pthread_rwlock_unlock(cell._address) }
}

/// Lets threads that hold a ``Lock`` wait for a change of what it guards.
@safe
public struct Condition: ~Copyable, @unchecked Sendable {
  private let cell: _Cell<pthread_cond_t>

  public init() { cell = _Cell(pthread_cond_t()) }

  deinit { _ = unsafe pthread_cond_destroy(cell._address) }

  /// Gives `lock`, which the caller holds, away, waits for a broadcast, and takes it again. May also return
  /// without a broadcast, so the caller looks at what it waits for again.
  public func wait(_ lock: borrowing Lock) { _ = unsafe pthread_cond_wait(cell._address, lock.cell._address) }

  /// ``wait(_:)`` for a limited time; how long exactly depends on the system's clock.
  public func wait(_ lock: borrowing Lock, milliseconds: Int) {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
    let nanoseconds = time.tv_nsec + (milliseconds % 1000) * 1_000_000
    time.tv_sec += milliseconds / 1000 + nanoseconds / 1_000_000_000
    time.tv_nsec = nanoseconds % 1_000_000_000
    _ = unsafe pthread_cond_timedwait(cell._address, lock.cell._address, &time)
  }

  /// Wakes every thread that waits.
  public func broadcast() { _ = unsafe pthread_cond_broadcast(cell._address) }
}
