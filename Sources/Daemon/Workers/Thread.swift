// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A POSIX thread that gets no signals, to be joined or detached once.
package struct Thread: Sendable {
  private let handle: pthread_t

  private final class Body {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Begins a thread that runs `body`, or answers nil where the system gives no more.
  package init?(_ body: @escaping @Sendable () -> Void) {
    var all = sigset_t()
    var before = sigset_t()
    _ = unsafe sigfillset(&all)
    // Signals are the loop's, and a new thread begins with its maker's mask.
    _ = unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
    let context = unsafe Unmanaged.passRetained(Body(body))
    var handle = pthread_t()
    let status = unsafe pthread_create(
      &handle, nil,
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard status == 0 else {
      unsafe context.release()
      return nil
    }
    self.handle = handle
  }

  /// Waits until it has ended.
  package func join() { _ = pthread_join(handle, nil) }

  /// Nobody will wait for it.
  package func detach() { _ = pthread_detach(handle) }
}
