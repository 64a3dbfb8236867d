// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuCore
import IommuDaemon
import IommuWire
import Testing

/// All services without a loop: jobs run on the spot, and what belongs to no request when the test says so.
final class House {
  let quotas: Quotas
  let services: Services
  let routes: [Route]
  private let backlog: Backlog
  private var lastID: UInt64 = 0

  private final class Backlog {
    var jobs: [Job<Void>] = []
  }

  /// - Parameter frames: which frames contexts begin with, for tests of what only some of them make.
  init(frames: FrameLayout = TestFrames.layout, _ change: (inout QuotaLimits) -> Void = { _ in }) {
    var limits = QuotaLimits(memory: 64 << 30, descriptors: 65_536)
    change(&limits)
    quotas = Quotas(limits)
    let backlog = Backlog()
    self.backlog = backlog
    services = Services(
      quotas: quotas, traffic: Traffic(), background: { _, job in backlog.jobs.append(job) })
    services.contexts.options.frames = frames
    routes = services.makeRoutes()
  }

  /// Does what belongs to no request.
  func runBacklog() throws {
    while !backlog.jobs.isEmpty {
      try Outcome.job(backlog.jobs.removeFirst()).awaited()
      turn()
    }
  }

  /// Parked requests that were woken.
  private var woken: [() -> Void] = []

  /// Has `body` run in the next turn of the loop, of which there is one after each request.
  func post(_ body: @escaping () -> Void) { woken.append(body) }

  func turn() {
    while !woken.isEmpty { woken.removeFirst()() }
  }

  func connect(uid: UInt32 = 1000, role: Role = .user, pid: Int32 = 1) throws -> Caller {
    lastID += 1
    let id = SessionID(rawValue: lastID)
    let peer = Peer(uid: uid, pid: pid)
    let context = try services.sessionOpens(id, peer, role)
    let session = Session(id: id, peer: peer, role: role, context: context, discard: { Glibc.close($0) })
    services.sessionBegins(session)
    return Caller(self, session)
  }

  /// What is held now: the half of server.stats that no refused request may change.
  var state: ServerStats.State {
    get throws {
      let session = try connect()
      defer { session.close() }
      var state = try services.server.stats(ServerStats(), session.session).awaited().state
      // The one who asks is no part of what is asked for.
      state.contexts -= 1
      return state
    }
  }
}

extension House {
  /// Looks at everything that contexts hold, with nothing going on.
  func checkInvariants() { services.contexts._checkInvariants() }

  /// One line of `caller`, from its text to the text of its answer. The descriptors are handed over.
  func answer(_ line: String, of caller: Caller, _ descriptors: [Int32] = []) throws(Failure) -> String {
    var scanner = Scanner()
    var outbox = Outbox()
    var failure: Failure?
    let batch = descriptors.isEmpty ? nil : DescriptorBatch(owning: descriptors)
    caller.session.beginRequest(batch)
    defer { caller.session.endRequest() }
    unsafe Array(line.utf8).withUnsafeBytes { bytes in
      do throws(Failure) {
        guard case .request(let request) = unsafe Envelope.read(bytes, &scanner),
          let route = routes.first(where: { $0.name.description == request.method })
        else { throw Failure(code: Failure.invalidRequestCode, "no request to a route: \(line)") }
        try route.answer(request, caller.session, &outbox)
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return outbox.writer.text
  }
}

/// A connection and short forms of its calls.
final class Caller {
  // The test holds the house; a caller that outlives it has nothing to call.
  unowned let house: House
  let session: Session

  init(_ house: House, _ session: Session) {
    self.house = house
    self.session = session
  }

  var services: Services { house.services }

  func close() {
    session.endRequest()
    services.sessionCloses(session)
  }

  /// One request with descriptors, which are handed over.
  func call<M: Method>(
    _ service: (M, Session) throws(Failure) -> Outcome<M.Result>, _ method: M, _ descriptors: [Int32] = []
  ) throws -> M.Result {
    session.beginRequest(descriptors.isEmpty ? nil : DescriptorBatch(owning: descriptors))
    defer {
      session.endRequest()
      house.turn()
    }
    let result = try service(method, session).awaited()
    answered = session.takeAnswerDescriptors()
    return result
  }

  /// Descriptors of the last answer.
  private(set) var answered: DescriptorBatch?
  func forgetAnswer() { answered = nil }

  var objects: [ObjectList.Item] {
    get throws { try call(services.object.list, ObjectList(kind: nil)).items }
  }

  func ioas() throws -> UInt32 { try call(services.ioas.alloc, IOASAlloc()).ioas }

  func device(_ change: (inout DeviceBind) -> Void = { _ in }) throws -> UInt32 {
    var bind = DeviceBind(name: "nic")
    change(&bind)
    return try call(services.device.bind, bind).device
  }

  @discardableResult
  func attach(_ device: UInt32, to target: UInt32) throws -> UInt32 {
    try call(services.device.attach, DeviceAttach(device: device, to: target)).hwpt
  }

  /// An HWPT by itself.
  func table(_ device: UInt32, _ ioas: UInt32, tracking: Bool = false) throws -> UInt32 {
    try call(services.hwpt.alloc, HWPTAlloc(device: device, ioas: ioas, dirtyTracking: tracking)).hwpt
  }

  func translate(_ hwpt: UInt32, _ iova: UInt64, _ length: UInt64) throws -> [HWPTTranslate.Run] {
    try call(
      services.hwpt.translate, HWPTTranslate(hwpt: hwpt, iova: IOVA(iova), length: length)
    ).runs
  }

  func track(_ hwpt: UInt32, _ on: Bool) throws {
    _ = try call(services.hwpt.dirtyTracking, HWPTDirtyTracking(hwpt: hwpt, on: on))
  }

  func dirty(
    _ hwpt: UInt32, _ iova: UInt64, _ length: UInt64, page: UInt64 = 4096, keep: Bool = false,
    limit: UInt32? = nil
  ) throws -> [HWPTDirtyBitmap.Range] {
    let call = HWPTDirtyBitmap(
      hwpt: hwpt, iova: IOVA(iova), length: length, pageSize: page, keep: keep, limit: limit)
    return try self.call(services.hwpt.dirtyBitmap, call).ranges
  }

  @discardableResult
  func map(
    _ ioas: UInt32, _ range: IOASMap.Range, _ descriptors: [Int32] = []
  ) throws -> (iova: IOVA, memory: UInt32) {
    let result = try call(services.ioas.map, IOASMap(ioas: ioas, range), descriptors)
    return (try #require(result.iova), try #require(result.memory))
  }

  @discardableResult
  func unmap(_ ioas: UInt32, _ iova: UInt64, _ length: UInt64) throws -> UInt64 {
    try call(services.ioas.unmap, IOASUnmap(ioas: ioas, iova: IOVA(iova), length: length)).unmapped
  }

  func access(_ ioas: UInt32, pins: Bool = true) throws -> UInt32 {
    try call(services.access.create, AccessCreate(ioas: ioas, pins: pins)).access
  }

  func pin(_ access: UInt32, _ iova: UInt64, _ length: UInt64, write: Bool = false) throws -> AccessPin.Result
  {
    try call(services.access.pin, AccessPin(access: access, iova: IOVA(iova), length: length, write: write))
  }

  func open(_ name: String, create: Bool = true, owner: UInt32? = nil) throws -> ContextOpen.Result {
    try call(services.context.open, ContextOpen(name, create: create, owner: owner))
  }
}

/// A memfd of `pages` pages, each byte of which is the low byte of its page's number plus one, and a fresh
/// descriptor of it for a request.
final class TestMemory {
  let descriptor: OwnedDescriptor
  let pages: Int

  init(pages: Int, seals: UInt32 = UInt32(IOMMU_SEAL_SHRINK | IOMMU_SEAL_GROW)) throws {
    let number = unsafe iommu_memfd_create("test", UInt32(IOMMU_HUGE_NONE))
    try #require(number >= 0)
    descriptor = OwnedDescriptor(owning: number)
    self.pages = pages
    for page in 0..<pages {
      let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: page + 1), count: 4096)
      let written = unsafe bytes.withUnsafeBytes {
        unsafe pwrite(number, $0.baseAddress, 4096, page * 4096)
      }
      try #require(written == 4096)
    }
    if seals != 0 { try #require(iommu_add_seals(number, seals) == 0) }
  }

  /// A descriptor to hand over, with the same rights or for reading alone.
  func passed(readOnly: Bool = false) throws -> Int32 {
    if readOnly {
      let number = iommu_reopen(descriptor.rawValue, 0)
      try #require(number >= 0)
      return number
    }
    return try descriptor.duplicate().release()
  }

  func bytes(at offset: Int, _ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = unsafe bytes.withUnsafeMutableBytes {
      unsafe pread(descriptor.rawValue, $0.baseAddress, count, off_t(offset))
    }
    try #require(got == count)
    return bytes
  }
}

/// Checks that `body` is refused with `errno`, naming `field`.
func expect(
  _ errno: Errno, _ field: String?, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("it was not refused", sourceLocation: sourceLocation)
  } catch let failure as Failure {
    #expect(failure.errno == errno, "\(failure)", sourceLocation: sourceLocation)
    #expect(failure.field == field, "\(failure)", sourceLocation: sourceLocation)
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
}
