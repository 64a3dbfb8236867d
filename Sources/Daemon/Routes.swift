// SPDX-License-Identifier: Apache-2.0

import IommuWire

extension Services {
  /// Every method with who may call it, what it costs the loop, and the function that does it.
  ///
  /// Observers see everything but what memory holds.
  package func makeRoutes() -> [Route] {
    let routes = [
      Route(ServerInfo.self, role: .observer, cost: .constant, server.info),
      Route(ServerMethods.self, role: .observer, cost: .listing, server.methods),
      Route(ServerStats.self, role: .observer, cost: .listing, server.stats),

      Route(EventsSubscribe.self, role: .observer, cost: .listing, events.subscribe),
      Route(EventsUnsubscribe.self, role: .observer, cost: .constant, events.unsubscribe),

      Route(ContextOpen.self, role: .observer, cost: .constant, context.open),
      Route(ContextList.self, role: .observer, cost: .listing, context.list),
      Route(ContextDestroy.self, role: .user, cost: .bounded, context.destroy),
      Route(ContextOption.self, role: .user, cost: .constant, context.option),

      Route(ObjectList.self, role: .observer, cost: .listing, object.list),
      Route(
        ObjectDestroy.self, role: .user, cost: .bounded,
        ahead: { call, session in ObjectID(call.id).map { session.context.accesses[$0] != nil } ?? false },
        object.destroy),

      Route(IOASAlloc.self, role: .user, cost: .constant, ioas.alloc),
      Route(IOASIOVARanges.self, role: .observer, cost: .constant, ioas.ranges),
      Route(IOASAllowIOVAs.self, role: .user, cost: .bounded, ioas.allow),
      Route(IOASReserve.self, role: .user, cost: .bounded, ioas.reserve),
      Route(IOASOption.self, role: .user, cost: .bounded, ioas.option),
      Route(IOASMap.self, role: .user, cost: .bounded, ioas.map),
      Route(IOASCost.self, role: .user, cost: .bounded, ioas.cost),
      Route(IOASCopy.self, role: .user, cost: .bounded, room: IOASService.roomForCopy, ioas.copy),
      Route(IOASUnmap.self, role: .user, cost: .bounded, ioas.unmap),
      Route(IOASRepin.self, role: .user, cost: .bounded, ioas.repin),
      Route(IOASExplain.self, role: .observer, cost: .listing, ioas.explain),
      Route(IOASAreas.self, role: .observer, cost: .listing, ioas.areas),

      Route(DeviceBind.self, role: .user, cost: .constant, device.bind),
      Route(DeviceInfo.self, role: .observer, cost: .constant, device.info),
      Route(DeviceAttach.self, role: .user, cost: .bounded, device.attach),
      Route(DeviceDetach.self, role: .user, cost: .bounded, device.detach),
      Route(DeviceDMARead.self, role: .user, cost: .bounded, device.dmaRead),
      Route(DeviceDMAWrite.self, role: .user, cost: .bounded, device.dmaWrite),

      Route(HWPTAlloc.self, role: .user, cost: .bounded, hwpt.alloc),
      Route(HWPTInfo.self, role: .observer, cost: .bounded, hwpt.info),
      Route(HWPTTranslate.self, role: .observer, cost: .bounded, hwpt.translate),
      Route(HWPTDirtyTracking.self, role: .user, cost: .bounded, hwpt.dirtyTracking),
      Route(HWPTDirtyBitmap.self, role: .user, cost: .listing, hwpt.dirtyBitmap),

      Route(AccessCreate.self, role: .user, cost: .constant, access.create),
      Route(AccessReplace.self, role: .user, cost: .bounded, access.replace),
      Route(AccessPin.self, role: .user, cost: .bounded, access.pin),
      Route(AccessUnpin.self, role: .user, cost: .bounded, ahead: { _, _ in true }, access.unpin),
      Route(AccessRead.self, role: .user, cost: .bounded, access.read),
      Route(AccessWrite.self, role: .user, cost: .bounded, access.write),

      Route(MemoryList.self, role: .observer, cost: .listing, memory.list),
      Route(MemoryOpen.self, role: .user, cost: .constant, memory.open),

      Route(PagesList.self, role: .observer, cost: .listing, pages.list),
      Route(PagesTiers.self, role: .observer, cost: .listing, pages.tiers),
    ]
    server.methods = routes.map { Self.describe($0.method, role: $0.role) }
    return routes
  }

  private static func describe<M: Method>(_ method: M.Type, role: Role) -> ServerMethods.Item {
    ServerMethods.Item(describing: method, role: role)
  }
}
