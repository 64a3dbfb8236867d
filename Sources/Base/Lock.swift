// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A mutual exclusion lock that can also be tried.
///
/// A pthread mutex rather than `Synchronization.Mutex`: the thread sanitizer understands it. It guards
/// fields of the object that holds it, so it carries no value of its own.
@safe
public final class Lock: @unchecked Sendable {
  // At a stable address for as long as the lock lives, as POSIX asks for.
  @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>

  public init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe mutex.initialize(to: pthread_mutex_t())
    let status = unsafe pthread_mutex_init(mutex, nil)
    precondition(status == 0)
  }

  deinit {
    unsafe pthread_mutex_destroy(mutex)
    unsafe mutex.deallocate()
  }

  @inlinable
  public func lock() { _ = unsafe pthread_mutex_lock(mutex) }

  /// Takes the lock and answers true, or answers false at once when somebody holds it.
  @inlinable
  public func tryLock() -> Bool { unsafe pthread_mutex_trylock(mutex) == 0 }

  @inlinable
  public func unlock() { _ = unsafe pthread_mutex_unlock(mutex) }
}

/// A lock that many readers or one writer hold, and that can also be tried.
@safe
public final class ReadWriteLock: @unchecked Sendable {
  @usableFromInline let lock: UnsafeMutablePointer<pthread_rwlock_t>

  public init() {
    unsafe lock = .allocate(capacity: 1)
    unsafe lock.initialize(to: pthread_rwlock_t())
    let status = unsafe pthread_rwlock_init(lock, nil)
    precondition(status == 0)
  }

  deinit {
    unsafe pthread_rwlock_destroy(lock)
    unsafe lock.deallocate()
  }

  @inlinable public func lockShared() { _ = unsafe pthread_rwlock_rdlock(lock) }
  @inlinable public func tryLockShared() -> Bool { unsafe pthread_rwlock_tryrdlock(lock) == 0 }
  @inlinable public func lockExclusive() { _ = unsafe pthread_rwlock_wrlock(lock) }
  @inlinable public func tryLockExclusive() -> Bool { unsafe pthread_rwlock_trywrlock(lock) == 0 }
  @inlinable public func unlock() { _ = unsafe pthread_rwlock_unlock(lock) }
}
