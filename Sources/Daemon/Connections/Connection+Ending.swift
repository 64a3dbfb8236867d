// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire

extension Connection {
  /// Sends what waits and ends.
  ///
  /// - Parameter isLost: the client has broken the protocol, and gets a bounded time to read why.
  func leave(isLost: Bool) {
    guard phase == .open || phase == .ending else { return }
    phase = .leaving
    guard isLost else { return }
    do throws(Errno) {
      farewell = try TimerSource(floor.loop) { [unowned self] in close() }
      farewell?.set(after: floor.limits.farewell)
    } catch {
      close()
    }
  }

  /// Ends at once, and says why in the journal.
  func drop(_ reason: String, _ errno: Errno? = nil) {
    var fields: [Journal.Field] = [.uid(session.uid), .connection(session.id)]
    if let errno { fields.append(.errno(errno)) }
    floor.journal.log(.warning, .connectionDropped, "dropped a connection: \(reason)", fields)
    close()
  }

  /// Ends at once. A job that runs is waited for before the session is gone.
  ///
  /// - Parameter closer: who wants it, for a trace.
  func close(by closer: TraceRecord.Closer = .daemon) {
    guard phase != .closed else { return }
    phase = .closed
    floor.tracer?.closed(session.id, by: closer)
    session.isGone = true
    // Before the descriptor is closed, so that nothing is told about its number's next owner.
    source?.isEnabled = false
    source = nil
    session.events.wake = {}
    farewell = nil
    floor.unreadDescriptors -= unread
    unread = 0
    noteWaiting()
    shutdown(socket.rawValue, Int32(SHUT_RDWR))
    endIfIdle()
  }

  /// Ends for good, once no worker has anything of this connection in hand.
  func endIfIdle() {
    if case .parked(_, let parking) = pending {
      pending = nil
      parking.leave()
      _ = parking.expire()
    }
    if isFree { end() }
  }

  /// Nothing is under way any more.
  func end() {
    session.endRequest()
    floor.remove(self)
  }

  /// The daemon stops: sends what can be sent at once.
  func stop() {
    flush()
    close(by: .stop)
  }

  /// The daemon stops, and the job will not be run. What it has marked stays so until everything goes.
  func abandon() {
    pending = nil
    ahead = AheadJobs()
    isReadingAhead = false
    session.endRequest()
    floor.forget(self)
  }
}
