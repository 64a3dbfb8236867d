// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// A ``Daemon`` on a thread of its own, inside another program. Any thread.
package final class RunningDaemon: @unchecked Sendable {
  private enum State {
    case starting
    case running(stop: @Sendable () -> Void)
    case failed(StartFailure)
    case ended(Int32)
  }

  private let lock = Lock()
  private let changed = Condition()
  // Both guarded by the lock.
  private var state = State.starting
  private var thread: Thread?

  /// Returns once clients can connect.
  ///
  /// - Parameter make: makes the daemon, on its thread.
  package init(_ make: @escaping @Sendable () throws(StartFailure) -> Daemon) throws(StartFailure) {
    let thread = Thread { [self] in
      do throws(StartFailure) {
        let daemon = try make()
        set(.running(stop: daemon.stopper))
        set(.ended(daemon.run()))
      } catch {
        set(.failed(error))
      }
    }
    guard let thread else { throw StartFailure("no thread for the daemon") }
    lock.lock()
    while case .starting = state { changed.wait(lock) }
    let reached = state
    lock.unlock()
    if case .failed(let failure) = reached {
      thread.join()
      throw failure
    }
    self.thread = thread
  }

  /// The whole daemon, listening at sockets that it makes.
  package static func start(listening: [ListenAddress], _ options: Daemon.Options = Daemon.Options())
    throws(StartFailure) -> RunningDaemon
  {
    var options = options
    options.listen = listening
    return try RunningDaemon { [options] () throws(StartFailure) in try Daemon(options) }
  }

  /// Ends the daemon and answers its exit status; the same again when called again.
  @discardableResult
  package func stop() -> Int32 {
    lock.lock()
    if case .running(let stop) = state { stop() }
    let ending = thread
    thread = nil
    lock.unlock()
    ending?.join()
    return wait()
  }

  /// Waits until the daemon has ended, and answers its exit status.
  @discardableResult
  package func wait() -> Int32 {
    lock.lock()
    defer { lock.unlock() }
    while true {
      if case .ended(let status) = state { return status }
      changed.wait(lock)
    }
  }

  private func set(_ next: State) {
    lock.lock()
    state = next
    changed.broadcast()
    lock.unlock()
  }
}
