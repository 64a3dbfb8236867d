// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuCore
import IommuWire

/// The daemon itself.
package final class ServerService {
  /// Of this daemon.
  package static var version: String { Version.current }

  private let contexts: Contexts
  private let traffic: Traffic
  private let pid = UInt32(getpid())
  /// Every method as `server.methods` shows it; set once the routes are there.
  var methods: [ServerMethods.Item] = []

  init(contexts: Contexts, traffic: Traffic) {
    self.contexts = contexts
    self.traffic = traffic
  }

  package func info(_ call: ServerInfo, _ session: Session) throws(Failure) -> Outcome<ServerInfo.Result> {
    var result = ServerInfo.Result()
    result.version = Self.version
    result.pid = pid
    result.uid = session.uid
    result.role = session.role
    result.pinLimit = session.context.account.limit(of: .pinnedBytes)
    result.residency = [.pinned, .locked, .advisory]
    return .done(result)
  }

  package func methods(
    _ call: ServerMethods, _ session: Session
  ) throws(Failure) -> Outcome<ServerMethods.Result> {
    guard let name = call.method else { return .done(.init(methods)) }
    let items = methods.filter { $0.name == name }
    guard !items.isEmpty else {
      throw Failure(.enoent, "there is no method \"\(Failure.excerpt(name))\"", field: "method")
    }
    return .done(.init(items))
  }

  package func stats(_ call: ServerStats, _ session: Session) throws(Failure) -> Outcome<ServerStats.Result> {
    var result = ServerStats.Result()
    let (quotas, census) = (contexts.quotas, contexts.census)
    contexts.forEach { $0.settle() }
    result.state.connections = traffic.open
    result.state.contexts = UInt64(contexts.count)
    result.state.objects = census.objects
    result.state.areas = quotas.use(of: .areas)
    result.state.pins = census.pins
    result.state.pinnedPages = pinnedPages
    result.state.pinnedBytes = result.state.pinnedPages << Page.shift
    result.state.chargedPages = quotas.use(of: .pinnedBytes) >> Page.shift
    result.state.descriptors = quotas.use(of: .descriptors)
    result.state.heldBytes = quotas.use(of: .heldBytes)
    result.state.engineBytes = quotas.use(of: .engineBytes)
    result.state.stuckWorkers = traffic.stuckWorkers()
    result.quotas = Quota.allCases.map { quotas.status(of: $0, for: session.context.account) }
    result.totals = census.totals
    result.totals.connections = traffic.connections
    result.totals.requests = traffic.requests
    result.totals.errors = traffic.errors
    result.totals.descriptors = traffic.descriptors
    result.totals.jobs = traffic.jobs
    result.totals.loopGap = traffic.loopGap()
    return .done(result)
  }

  /// Pages pinned or locked in memory for all contexts.
  var pinnedPages: UInt64 {
    var pages: UInt64 = 0
    contexts.forEach { context in
      for memory in context.memories.values { pages += memory.pinnedPages }
    }
    return pages
  }
}

extension Quotas {
  fileprivate func status(of quota: Quota, for account: Account) -> ServerStats.Quota {
    var status = ServerStats.Quota()
    status.quota = quota.name
    status.used = account.use(of: quota)
    status.limit = account.limit(of: quota)
    status.usedByAll = use(of: quota)
    status.limitOfAll = limit(ofAll: quota)
    return status
  }
}
