// SPDX-License-Identifier: Apache-2.0

import IommuDaemon
import IommuWire
import Testing

@Suite("Routes")
struct RouteTests {
  @Test("Routes and method types are the same set")
  func sameSet() {
    let house = House()
    let routes = house.services.makeRoutes().map(\.name.description)
    let types = Reference.methods.map { $0.name.description }
    #expect(Set(routes) == Set(types))
    #expect(routes.count == types.count)
  }

  @Test("Observers may not read memory, nor change anything")
  func observers() {
    let open = House().services.makeRoutes().filter { $0.role == .observer }.map(\.name.description)
    #expect(
      Set(open) == [
        "server.info", "server.methods", "server.stats", "events.subscribe", "events.unsubscribe",
        "context.open", "context.list", "object.list",
        "ioas.iova_ranges", "ioas.areas", "ioas.explain", "device.info", "hwpt.info", "hwpt.translate",
        "memory.list",
        "pages.list", "pages.tiers",
      ])
  }

  @Test("server.methods describes every route")
  func methods() throws {
    let house = House()
    let caller = try house.connect()
    let all = try caller.call(house.services.server.methods, ServerMethods()).items
    #expect(all.count == Reference.methods.count)
    let one = try caller.call(house.services.server.methods, ServerMethods(method: "ioas.map")).items
    #expect(one.map(\.name) == ["ioas.map"])
    #expect(one.first?.errors.contains("EEXIST") == true)
    #expect(one.first?.role == .user)
    expect(.enoent, "method") {
      _ = try caller.call(house.services.server.methods, ServerMethods(method: "no.such"))
    }
  }
}
