// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire

/// What a client knows for the case that it loses its connection.
struct Recovery {
  /// A call that was sent.
  struct Call {
    let method: String
    /// The whole line; empty for one that must not be sent again.
    let line: [UInt8]
    let batch: DescriptorBatch?
    let hasKey: Bool
  }

  let path: String?
  let plan: Reconnecting
  /// Calls by id, until they are answered.
  var unanswered: [UInt64: Call] = [:]
  /// Methods of calls that will not be answered, by id.
  var uncertain: [UInt64: String] = [:]
  /// Nothing is known to be in the context: a new one is as good.
  var isFresh = true
  /// The context survives the daemon, which remembers there what it answered to requests with keys.
  var isPersistent = false
  /// The context is gone.
  var isLost = false
  /// Connections in a row that ended without an answer.
  var fruitless = 0
  /// What no other client's keys begin with.
  private let nonce = String(UInt64.random(in: .min ... .max), radix: 36)

  /// Of these a client makes no more than so many: what it sends may be what ends them.
  static var fruitlessLimit: Int { 5 }

  init(path: String?, plan: Reconnecting) {
    self.path = path
    self.plan = plan
  }

  func key<M: Method>(for method: M.Type, _ id: UInt64) -> String? {
    isPersistent && M.takesKey ? "\(nonce)-\(id)" : nil
  }

  /// Counts a connection that was lost, and answers whether to make another.
  mutating func mayTryAgain() -> Bool {
    fruitless += 1
    return fruitless <= Self.fruitlessLimit
  }

  mutating func answered(_ id: UInt64, isError: Bool) {
    // To open a context again is no progress yet.
    guard let call = unanswered.removeValue(forKey: id) else { return }
    fruitless = 0
    if !isError, call.hasKey || call.line.isEmpty { isFresh = false }
  }
}

extension Client {
  /// Connects and opens a context, and does both again when the connection is lost. A daemon that is just being
  /// started is waited for, for as long as `plan` says.
  ///
  /// - Throws: ``ClientError/unreachable(path:errno:)``, ``ClientError/lost(_:)``, ``ClientError/refused(_:)`` when the
  ///   context cannot be opened.
  public static func connect(to path: String? = nil, reconnecting plan: Reconnecting) throws(ClientError)
    -> Client
  {
    var backoff = Backoff(milliseconds: plan.patience)
    var last = ClientError.lost(nil)
    while backoff.next() {
      do throws(ClientError) {
        let client = try connect(to: path)
        client.recovery = Recovery(path: path, plan: plan)
        _ = try client.openContext()
        return client
      } catch {
        guard error.mayPass else { throw error }
        last = error
      }
    }
    throw last
  }

  /// From now on a lost connection is the end: for whoever has what ends with it, such as a pin.
  public func endWithConnection() { recovery = nil }

  /// Remembers a call whose line begins at byte `start` of what waits to be sent.
  func remember<M: Method>(_ method: M.Type, _ id: UInt64, from start: Int, _ batch: DescriptorBatch?) {
    guard let recovery else { return }
    let hasKey = recovery.key(for: M.self, id) != nil
    let mayRepeat = hasKey || M.isRepeatable
    let line = mayRepeat ? unsafe outbox.writer.withBytes(from: start) { unsafe Array($0.dropLast()) } : []
    self.recovery?.unanswered[id] = Recovery.Call(
      method: M.name.description, line: line, batch: mayRepeat ? batch : nil, hasKey: hasKey)
  }

  /// Runs `body`, and runs it again after each time that the connection was lost and made again.
  func keepingOn<R>(_ body: () throws(ClientError) -> R) throws(ClientError) -> R {
    while true {
      if let name = recovery?.plan.context, recovery?.isLost == true { throw .contextLost(name) }
      do throws(ClientError) {
        return try body()
      } catch {
        guard case .lost = error, recovery != nil else { throw error }
        try reconnect(after: error)
      }
    }
  }

  private func reconnect(after loss: ClientError) throws(ClientError) {
    guard let plan = recovery?.plan, recovery?.mayTryAgain() == true else { throw loss }
    var result = Reconnection()
    var backoff = Backoff(milliseconds: plan.patience)
    let began = Backoff.now
    var last = loss
    while backoff.next() {
      result.attempts += 1
      do throws(ClientError) {
        socket = try Self.connectedSocket(recovery?.path)
        outbox = Outbox()
        framer = Framer()
        result.degraded = try openContext()?.degraded ?? 0
        result.milliseconds = Backoff.now - began
        resend(&result)
        onReconnect?(result)
        return
      } catch {
        guard error.mayPass else { throw error }
        last = error
      }
    }
    throw last
  }

  /// Opens the context over a connection that has not been used yet.
  private func openContext() throws(ClientError) -> ContextOpen.Result? {
    guard let plan = recovery?.plan, let name = plan.context else { return nil }
    let isFresh = recovery?.isFresh ?? true
    let id = takeID()
    outbox.request(
      id,
      ContextOpen(
        name, create: isFresh, owner: plan.owner, persist: plan.persists, client: plan.client))
    let opened = try awaitResponse(to: id) { (response, _) throws(ClientError) in
      do throws(Failure) {
        return Result<ContextOpen.Result, Failure>.success(try response.result(of: ContextOpen.self))
      } catch {
        return .failure(error)
      }
    }
    switch opened {
    case .success(let result):
      if result.objects > 0 { recovery?.isFresh = false }
      recovery?.isPersistent = result.persistent
      return result
    case .failure(let failure):
      guard failure.errno == .enoent, !isFresh else { throw .refused(failure) }
      recovery?.isLost = true
      throw .contextLost(name)
    }
  }

  private func resend(_ result: inout Reconnection) {
    for (id, call) in (recovery?.unanswered ?? [:]).sorted(by: { $0.key < $1.key }) {
      if call.line.isEmpty {
        recovery?.unanswered[id] = nil
        recovery?.uncertain[id] = call.method
        result.uncertain += 1
      } else {
        outbox.line(call.line, isWhole: true, call.batch)
        result.resent += 1
      }
    }
  }
}

extension ClientError {
  /// Whether a moment later it may be otherwise: the daemon is being started.
  fileprivate var mayPass: Bool {
    switch self {
    case .lost: true
    case .unreachable(_, let errno): [ENOENT, ECONNREFUSED, EAGAIN].contains(errno.rawValue)
    default: false
    }
  }
}
