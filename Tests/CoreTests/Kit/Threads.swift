// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// Counts what several threads note.
final class Tally: @unchecked Sendable {
  private let lock = Lock()
  private var noted = 0

  func note() {
    lock.lock()
    noted += 1
    lock.unlock()
  }

  var count: Int {
    lock.lock()
    defer { lock.unlock() }
    return noted
  }
}

/// What several threads did, in the order in which they did it.
final class Log: @unchecked Sendable {
  private let lock = Lock()
  private var noted: [String] = []

  func note(_ event: String) {
    lock.lock()
    noted.append(event)
    lock.unlock()
  }

  var events: [String] {
    lock.lock()
    defer { lock.unlock() }
    return noted
  }
}

/// Threads of their own: a test that waits for one must not take it from the pool that runs the tests.
final class Threads {
  private var started: [pthread_t] = []

  private final class Work: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts `work`; answers whether there was a thread for it.
  @discardableResult
  func start(_ work: @escaping @Sendable () -> Void) -> Bool {
    var thread = pthread_t()
    let argument = unsafe Unmanaged.passRetained(Work(work))
    let status = unsafe pthread_create(
      &thread, nil,
      { argument in
        guard let argument = unsafe argument else { return nil }
        unsafe Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, argument.toOpaque())
    guard status == 0 else {
      unsafe argument.release()
      return false
    }
    started.append(thread)
    return true
  }

  /// Waits until all that was started has ended.
  func join() {
    for thread in started { pthread_join(thread, nil) }
    started = []
  }
}

/// A door that threads wait at until somebody opens it, once and for all.
final class Gate: @unchecked Sendable {
  private let lock = Lock()
  private let opened = Condition()
  private var isOpen = false

  func open() {
    lock.lock()
    isOpen = true
    lock.unlock()
    opened.broadcast()
  }

  func wait() {
    lock.lock()
    while !isOpen { opened.wait(lock) }
    lock.unlock()
  }
}
