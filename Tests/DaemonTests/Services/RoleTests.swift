// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite("Roles by socket", .timeLimit(.minutes(1)))
struct RoleTests {
  /// Says that the socket is at fault, rather than what was asked for.
  private static let refusal = "is not for callers of the"

  @Test("Every method is tried in every role, and only the role decides")
  func everyMethod() throws {
    let daemon = try TestDaemon()
    let routes = House().routes
    #expect(Set(routes.map(\.name.description)) == Set(Reference.methods.map { $0.name.description }))
    for role in Role.allCases {
      let client = try daemon.connect(role)
      for route in routes {
        let name = route.name.description
        let answer = try #require(try client.call(name), "\(role) \(name)")
        let isRefused = answer.contains(Self.refusal)
        #expect(isRefused == !role.covers(route.role), "\(role) \(name): \(answer)")
        if isRefused { #expect(errorCode(answer) == 1, "\(role) \(name): \(answer)") }
      }
    }
  }

  @Test("No method that observers may call answers what memory holds, or changes anything")
  func contents() {
    for route in House().routes where route.role == .observer {
      let shape = Self.resultShape(of: route.method)
      #expect(!Self.holdsBytes(shape), "\(route.name) answers bytes to observers")
    }
    let all = House().routes.filter { Self.holdsBytes(Self.resultShape(of: $0.method)) }
    #expect(all.map(\.name.description).sorted() == ["access.read", "device.dma_read"])
  }

  private static func resultShape<M: Method>(of method: M.Type) -> Shape { M.Result.shape }

  private static func holdsBytes(_ shape: Shape) -> Bool {
    switch shape {
    case .base64: true
    case .list(let element): holdsBytes(element)
    case .object(let object):
      (object.members + object.variants.flatMap { $0 }).contains { holdsBytes($0.shape) }
    default: false
    }
  }

  @Test("Observers look at everybody's contexts, change nothing, and keep none of them there")
  func observers() throws {
    let house = House()
    let user = try house.connect()
    _ = try user.open("vm")
    let ioas = try user.ioas()
    let observer = try house.connect(uid: 2000, role: .observer)
    let before = try house.state
    #expect(try observer.open("vm", create: false, owner: 1000).objects == 1)
    #expect(try observer.objects.map(\.id) == [ioas])
    #expect(
      try observer.call(observer.services.context.list, ContextList(after: nil)).items.map(\.connections) == [
        1
      ])
    expect(.enoent, "name") { _ = try observer.open("other", owner: 1000) }
    expect(.enoent, "name") { _ = try observer.open("own") }
    #expect(try house.state.objects == before.objects)
    // The context goes with the last who works in it, whoever still looks.
    _ = try user.call(user.services.object.destroy, ObjectDestroy(id: ioas))
    user.close()
    expect(.enoent, nil) { _ = try observer.objects }
    let again = try house.connect()
    #expect(try again.open("vm").created)
    observer.close()
    #expect(
      try again.call(again.services.context.list, ContextList(after: nil)).items.map(\.connections) == [1])
    try house.runBacklog()
  }

  @Test("Admins work in everybody's contexts, at the expense of their owners")
  func admins() throws {
    let house = House { $0[each: .contexts] = 1 }
    let admin = try house.connect(uid: 0, role: .admin)
    #expect(try admin.open("vm", owner: 1000).created)
    _ = try admin.ioas()
    let owner = try house.connect(uid: 1000)
    expect(.edquot, "name") { _ = try owner.open("second") }
    #expect(try owner.open("vm", create: false).objects == 1)
    #expect(try owner.call(owner.services.object.list, ObjectList(kind: nil)).items.map(\.kind) == [.ioas])
    let other = try house.connect(uid: 0, role: .admin)
    _ = try other.call(other.services.context.destroy, ContextDestroy("vm", owner: 1000))
    expect(.enoent, nil) { _ = try owner.ioas() }
    #expect(try owner.open("vm").created)
    expect(.enoent, "name") {
      _ = try other.call(other.services.context.destroy, ContextDestroy("vm", owner: 1001))
    }
  }

  @Test("A user's owner parameter names nobody else, and what is there cannot be told from what is not")
  func probing() throws {
    let house = House()
    let owner = try house.connect(uid: 1000)
    _ = try owner.open("vm")
    let user = try house.connect(uid: 1001)
    var messages: Set<String> = []
    for name in ["vm", "none"] {
      for call in [
        { _ = try user.open(name, create: false, owner: 1000) },
        { _ = try user.call(user.services.context.destroy, ContextDestroy(name, owner: 1000)) },
      ] {
        do {
          try call()
          Issue.record("another user's context")
        } catch let failure as Failure {
          #expect(failure.errno == .enoent)
          #expect(failure.field == "owner")
          messages.insert(failure.message)
        }
      }
    }
    #expect(messages.count == 1)
    #expect(try user.open("vm", owner: 1001).created)
  }

  @Test(
    "Users that are nobody for long have the connection's own context alone",
    arguments: [UInt32(61_184), 65_519, 65_534, .max])
  func nobody(uid: UInt32) throws {
    let house = House()
    let caller = try house.connect(uid: uid)
    expect(.eperm, "name") { _ = try caller.open("vm") }
    let ioas = try caller.ioas()
    try caller.map(ioas, .init(length: 4096, source: .new))
    let admin = try house.connect(uid: 0, role: .admin)
    expect(.eperm, "name") { _ = try admin.open("vm", owner: uid) }
    caller.close()
    try house.runBacklog()
    #expect(try house.state.objects == ServerStats.Objects())
  }

  @Test("Their neighbours are users like any other", arguments: [UInt32(61_183), 65_520, 65_533, 65_535])
  func somebody(uid: UInt32) throws {
    let house = House()
    #expect(try house.connect(uid: uid).open("vm").created)
  }
}
