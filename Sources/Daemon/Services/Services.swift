// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuCore
import IommuWire

/// All services together: one for each noun, over the same contexts. Confined to the loop.
package final class Services {
  package let contexts: Contexts
  package let server: ServerService
  package let events: EventsService
  package let context: ContextService
  package let object: ObjectService
  package let ioas: IOASService
  package let device: DeviceService
  package let hwpt: HWPTService
  package let access: AccessService
  package let memory = MemoryService()
  package let pages = PagesService()

  /// What contexts need to survive the daemon.
  private var persistence: Persistence?

  /// Who pays for which connection.
  private var payers: [SessionID: Account] = [:]

  /// - Parameters:
  ///   - quotas: what there is to give out.
  ///   - traffic: what passes through the connections.
  ///   - background: runs work that belongs to no request, such as the end of a context.
  package init(quotas: Quotas, traffic: Traffic, background: @escaping Contexts.Background) {
    contexts = Contexts(quotas: quotas, background: background)
    server = ServerService(contexts: contexts, traffic: traffic)
    events = EventsService(contexts: contexts)
    context = ContextService(contexts: contexts)
    object = ObjectService(contexts: contexts)
    ioas = IOASService(contexts: contexts)
    device = DeviceService(contexts: contexts)
    hwpt = HWPTService(contexts: contexts)
    access = AccessService(contexts: contexts)
  }
}

extension Services {
  /// All services on the ground of a daemon.
  package convenience init(quotas: Quotas, on ground: Daemon.Ground) {
    let pool = ground.workshop.pool
    // Accounts of what is persistent hold the quotas beyond the end of the daemon.
    quotas.isStuck = { [weak pool] in pool?.isStuck($0) ?? false }
    self.init(
      quotas: quotas, traffic: ground.traffic,
      background: { [unowned workshop = ground.workshop] in workshop.runInBackground($0, $1) })
    if ground.store.isThere { persistence = Persistence(ground.loop, ground.store, ground.journal) }
  }
}

extension Services: SessionKeeper {
  package func daemonBegins() { if let persistence { contexts.begin(persistence) } }

  package func sessionOpens(_ id: SessionID, _ peer: Peer, _ role: Role) throws(Failure) -> Context {
    let account = contexts.quotas.account(of: peer.uid)
    do {
      try account.take(1, of: .connections)
    } catch {
      throw Failure(error, field: nil)
    }
    payers[id] = account
    return contexts.makeAnonymous(for: peer.uid)
  }

  package func sessionBegins(_ session: Session) { contexts.events.join(session) }

  package func sessionCloses(_ session: Session) {
    contexts.events.leave(session)
    contexts.leave(session.context, session)
    payers.removeValue(forKey: session.id)?.give(1, of: .connections)
  }

  package var holdsState: Bool {
    let objects = contexts.census.objects
    return objects.ioas + objects.device + objects.access > 0 || !contexts.named.isEmpty
      || !contexts.returning.isEmpty
  }

  package var status: String {
    let objects = contexts.census.objects
    let mebibytes = server.pinnedPages >> (20 - Page.shift)
    let unreadable = contexts.unreadable
    return
      (unreadable > 0 ? "degraded: \(unreadable) contexts cannot be read; " : "")
      + "\(contexts.count) contexts, \(objects.ioas) IOAS, \(contexts.quotas.use(of: .areas)) areas, "
      + "\(contexts.census.pins) pins, \(mebibytes) MiB pinned"
  }
}
