// SPDX-License-Identifier: Apache-2.0

import CSystemd
import Glibc
import IommuBase

/// systemd's event loop, for one thread: what is made from it, it runs and only it touches.
@safe
package final class EventLoop {
  let event: OpaquePointer

  package init() throws(Errno) {
    var made: OpaquePointer?
    let status = unsafe sd_event_new(&made)
    guard status >= 0, let made = unsafe made else { throw Errno(-status) }
    unsafe event = unsafe made
  }

  deinit { unsafe sd_event_unref(event) }

  /// Runs handlers until somebody calls ``exit(_:)``, and answers what was said there.
  package func run() throws(Errno) -> Int32 {
    while unsafe sd_event_get_state(event) != Int32(SD_EVENT_FINISHED) { try turn() }
    var code: Int32 = 0
    let status = unsafe sd_event_get_exit_code(event, &code)
    guard status >= 0 else { throw Errno(-status) }
    return code
  }

  /// Waits for something that is looked out for and runs its handler.
  ///
  /// - Parameter timeout: microseconds to wait at most.
  /// - Returns: whether there was anything.
  @discardableResult
  package func turn(timeout: UInt64 = .max) throws(Errno) -> Bool {
    var status = unsafe sd_event_prepare(event)
    if status == 0 { status = unsafe sd_event_wait(event, timeout) }
    if status > 0 {
      status = unsafe sd_event_dispatch(event)
      noteTurn()
      guard status >= 0 else { throw Errno(-status) }
      return true
    }
    guard status == 0 else { throw Errno(-status) }
    return false
  }

  /// Microseconds that the longest handler took so far, during which nobody else was heard.
  package private(set) var longestTurn: UInt64 = 0

  private func noteTurn() {
    let (begin, end) = (now, Monotonic.microseconds)
    if end > begin { longestTurn = max(longestTurn, end - begin) }
  }

  /// Has ``run()`` return `code` (at least 0) after the handler that runs now.
  package func exit(_ code: Int32) { _ = unsafe sd_event_exit(event, code) }

  /// Microseconds of the monotonic clock when this turn of the loop began.
  package var now: UInt64 {
    var microseconds: UInt64 = 0
    _ = unsafe sd_event_now(event, CLOCK_MONOTONIC, &microseconds)
    return microseconds
  }
}

/// One thing that an ``EventLoop`` looks out for, for as long as this lives.
///
/// A handler must not own its source.
@safe
package class EventSource {
  fileprivate var source: OpaquePointer?

  fileprivate init() {}

  /// Off when the source dies: from then on the handler, which may be gone too, is never called.
  deinit { unsafe sd_event_source_disable_unref(source) }

  fileprivate func enable(_ mode: Mode) { _ = unsafe sd_event_source_set_enabled(source, mode.rawValue) }

  fileprivate enum Mode: Int32 {
    case off = 0
    case on = 1
    case oneShot = -1
  }

  fileprivate func made(_ status: Int32) throws(Errno) {
    guard status >= 0 else { throw Errno(-status) }
  }

  fileprivate var context: UnsafeMutableRawPointer { unsafe Unmanaged.passUnretained(self).toOpaque() }
}

/// Looks out for what a descriptor is ready for.
package final class IOSource: EventSource {
  /// Bits of epoll.
  package struct Events: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Events(rawValue: 0x001)
    package static let writable = Events(rawValue: 0x004)
    package static let failed = Events(rawValue: 0x008)
    /// Both directions are closed. Reported whether asked for or not.
    package static let hungUp = Events(rawValue: 0x010)
    /// Told once for each change, rather than for as long as it is so.
    package static let changes = Events(rawValue: 1 << 31)
  }

  private let handler: (Events) -> Void
  private var isOn = true

  /// What is looked out for. With ``Events/changes`` the present state is told once.
  package var events: Events {
    didSet {
      if events != oldValue { _ = unsafe sd_event_source_set_io_events(source, events.rawValue) }
    }
  }

  /// `descriptor` must stay open for as long as the source lives.
  package init(
    _ loop: EventLoop, _ descriptor: Int32, _ events: Events, handler: @escaping (Events) -> Void
  ) throws(Errno) {
    self.handler = handler
    self.events = events
    super.init()
    try made(
      unsafe sd_event_add_io(
        loop.event, &source, descriptor, events.rawValue,
        { _, _, events, context in
          guard let context = unsafe context else { return 0 }
          let this = unsafe Unmanaged<IOSource>.fromOpaque(context).takeUnretainedValue()
          this.handler(Events(rawValue: events))
          return 0
        }, context))
  }

  /// While false, not even ``Events/hungUp`` is told.
  package var isEnabled: Bool {
    get { isOn }
    set {
      guard isOn != newValue else { return }
      isOn = newValue
      enable(newValue ? .on : .off)
    }
  }
}

/// Calls its handler once, later, each time it is set.
package final class TimerSource: EventSource {
  private let loop: EventLoop
  private let handler: () -> Void
  package private(set) var isSet = false

  /// - Parameter accuracy: by how many microseconds a call may be late so that others need no wake-up of
  ///   their own.
  package init(_ loop: EventLoop, accuracy: UInt64 = 1000, handler: @escaping () -> Void) throws(Errno) {
    self.loop = loop
    self.handler = handler
    super.init()
    try made(
      unsafe sd_event_add_time(
        loop.event, &source, CLOCK_MONOTONIC, .max, accuracy,
        { _, _, context in
          guard let context = unsafe context else { return 0 }
          let this = unsafe Unmanaged<TimerSource>.fromOpaque(context).takeUnretainedValue()
          this.isSet = false
          this.handler()
          return 0
        }, context))
    enable(.off)
  }

  /// Sets the timer `microseconds` from now, whatever it was set to.
  package func set(after microseconds: UInt64) {
    let (time, overflow) = loop.now.addingReportingOverflow(microseconds)
    _ = unsafe sd_event_source_set_time(source, overflow ? .max : time)
    enable(.oneShot)
    isSet = true
  }

  package func cancel() {
    guard isSet else { return }
    isSet = false
    enable(.off)
  }
}

/// Calls its handler once in the next turn of the loop, after all that is ready before it, each time it is
/// posted.
package final class PostSource: EventSource {
  private let loop: EventLoop
  private let handler: () -> Void
  private let isLate: Bool
  private var isPosted = false

  /// - Parameter isLate: whether everything else that is ready comes first.
  package init(_ loop: EventLoop, isLate: Bool = false, handler: @escaping () -> Void) {
    self.loop = loop
    self.isLate = isLate
    self.handler = handler
    super.init()
  }

  package func post() {
    guard !isPosted else { return }
    // A source that is used again keeps its place at the head of the queue, before all that is ready since.
    unsafe sd_event_source_disable_unref(source)
    unsafe source = nil
    let status = unsafe sd_event_add_defer(
      loop.event, &source,
      { _, context in
        guard let context = unsafe context else { return 0 }
        let this = unsafe Unmanaged<PostSource>.fromOpaque(context).takeUnretainedValue()
        this.isPosted = false
        this.handler()
        return 0
      }, context)
    // Fails for want of memory only, which ends a Swift program anyway.
    precondition(status >= 0)
    if isLate { _ = unsafe sd_event_source_set_priority(source, Int64(SD_EVENT_PRIORITY_IDLE)) }
    isPosted = true
  }
}

/// Calls its handler for each signal of one kind. The signal has to be blocked in every thread.
package final class SignalSource: EventSource {
  private let handler: () -> Void

  package init(_ loop: EventLoop, _ signal: Int32, handler: @escaping () -> Void) throws(Errno) {
    self.handler = handler
    super.init()
    try made(
      unsafe sd_event_add_signal(
        loop.event, &source, signal,
        { _, _, context in
          guard let context = unsafe context else { return 0 }
          unsafe Unmanaged<SignalSource>.fromOpaque(context).takeUnretainedValue().handler()
          return 0
        }, context))
  }
}
