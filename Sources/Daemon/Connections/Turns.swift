// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Whose turn it is on the loop: the users one after the other, and of each user the connections one after the other.
/// A turn is short, so that who asks for little hardly notices who asks for much, on however many connections.
/// Confined to the loop.
final class Turns {
  private struct Line {
    var connections: [Connection] = []
    /// Connections at the front that had their turn.
    var taken = 0
    var isEmpty: Bool { taken == connections.count }
  }

  private let loop: EventLoop
  private let limits: ConnectionLimits
  private var post: PostSource?
  private var lines: [UInt32: Line] = [:]
  /// Users whose connections wait, the next one first.
  private var order: [UInt32] = []

  /// Who had the last turn, and when it ended, in microseconds.
  private var lastUser: UInt32?
  private var lastConnection: SessionID?
  private var lastEnd: UInt64 = 0
  /// When somebody else had one before.
  private var lastChange: UInt64 = 0
  /// Turns taken at once since one that was waited for.
  private var direct = 0
  /// When the present turn is over.
  private(set) var deadline: UInt64 = 0

  init(_ loop: EventLoop, _ limits: ConnectionLimits) {
    self.loop = loop
    self.limits = limits
    // Behind everything that is ready: what has come meanwhile gets its place first.
    post = PostSource(loop, isLate: true) { [unowned self] in serve() }
  }

  /// Gives `connection` a turn: at once where that takes nothing from anybody, else when it is due.
  func ask(_ connection: Connection) {
    if admits(connection) {
      direct += 1
      give(connection)
    } else {
      wait(connection)
    }
  }

  /// Puts `connection` behind the others of its user that wait, and its user behind the other users.
  func wait(_ connection: Connection) {
    guard !connection.isPosted else { return }
    connection.isPosted = true
    let user = connection.session.uid
    if lines[user, default: Line()].isEmpty { order.append(user) }
    lines[user, default: Line()].connections.append(connection)
    post?.post()
  }

  private func admits(_ connection: Connection) -> Bool {
    guard connection.session.uid == lastUser else {
      return lines[connection.session.uid] == nil && direct < 8
    }
    guard order.isEmpty else { return false }
    // The next of many connections of one user that are ready together waits until others were looked at.
    return connection.session.id == lastConnection || loop.now > lastEnd + 10
  }

  private func serve() {
    direct = 0
    let user = order.removeFirst()
    guard var line = lines.removeValue(forKey: user) else { return }
    let connection = line.connections[line.taken]
    line.taken += 1
    if !line.isEmpty {
      if line.taken > 64 {
        line.connections.removeFirst(line.taken)
        line.taken = 0
      }
      lines[user] = line
      order.append(user)
    }
    connection.isPosted = false
    give(connection)
    if !order.isEmpty { post?.post() }
  }

  private func give(_ connection: Connection) {
    let begin = Monotonic.microseconds
    let user = connection.session.uid
    if user != lastUser {
      lastChange = begin
      lastUser = user
    }
    lastConnection = connection.session.id
    // Nobody else has been here for a while: longer turns take fewer system calls.
    let isShared = !order.isEmpty && order != [user] || begin < lastChange + 10_000
    deadline = begin + (isShared ? limits.sharedSlice : limits.slice)
    connection.takeTurn()
    lastEnd = Monotonic.microseconds
  }
}
