// SPDX-License-Identifier: Apache-2.0

import IommuClient

/// A kind of request that the daemon is measured with.
protocol Load {
  /// Makes `count` requests, as deep as `samples` says.
  func run(_ client: Client, _ count: Int, _ samples: inout Samples) throws
}

struct InfoLoad: Load {
  func run(_ client: Client, _ count: Int, _ samples: inout Samples) throws {
    var pending: [Pending<ServerInfo>] = []
    pending.reserveCapacity(samples.depth)
    try samples.measure(count) { round in
      for _ in 0..<round { pending.append(try client.send(ServerInfo())) }
      for one in pending { _ = try client.receive(one) }
      pending.removeAll(keepingCapacity: true)
    }
  }
}

/// Maps a page of memory that the context holds, and unmaps it again: two requests.
struct MapLoad: Load {
  let ioas: UInt32
  let memory: UInt32

  func run(_ client: Client, _ count: Int, _ samples: inout Samples) throws {
    var maps: [Pending<IOASMap>] = []
    var unmaps: [Pending<IOASUnmap>] = []
    var isMapped = false
    try samples.measure(count) { round in
      if round == 1 {
        // In turns, so that each is a round of its own.
        if isMapped {
          _ = try client.call(IOASUnmap(ioas: ioas, iova: Self.iova(0), length: 4096))
        } else {
          _ = try client.call(map(0))
        }
        isMapped.toggle()
        return
      }
      for page in 0..<UInt64(round / 2) {
        maps.append(try client.send(map(page)))
        unmaps.append(try client.send(IOASUnmap(ioas: ioas, iova: Self.iova(page), length: 4096)))
      }
      for at in maps.indices {
        _ = try client.receive(maps[at])
        _ = try client.receive(unmaps[at])
      }
      maps.removeAll(keepingCapacity: true)
      unmaps.removeAll(keepingCapacity: true)
    }
    if isMapped { _ = try client.call(IOASUnmap(allOf: ioas)) }
  }

  private static func iova(_ page: UInt64) -> IOVA { IOVA(0x100_0000 + page * 4096) }

  private func map(_ page: UInt64) -> IOASMap {
    IOASMap(
      ioas: ioas,
      .init(length: 4096, source: .memory(memory, offset: page * 4096), iova: Self.iova(page)))
  }
}

/// The objects that the loads work on.
struct Setup {
  /// Without a device: nothing is pinned.
  let plain: UInt32
  /// With one.
  let attached: UInt32
  /// Memory made by the daemon, with a page for each request on its way.
  let memory: UInt32

  init(_ client: Client, depth: Int) throws {
    plain = try client.call(IOASAlloc()).ioas
    attached = try client.call(IOASAlloc()).ioas
    let device = try client.call(DeviceBind(name: "bench")).device
    _ = try client.call(DeviceAttach(device: device, to: attached))
    let made = try client.call(
      IOASMap(ioas: plain, .init(length: UInt64(depth) * 4096, source: .new, iova: IOVA(0x1000_0000))))
    guard let memory = made.memory else { throw BenchError("ioas.map told no memory") }
    self.memory = memory
  }

  /// Maps and unmaps through a bare client, which needs objects of its own: it is a connection of its own.
  func rawMaps(_ link: RawLink) throws -> RawLoad {
    func ask(_ method: String, _ parameters: String) -> String {
      "{" + Bench.envelope + "\"\(method)\",\"params\":{\(parameters)}}"
    }
    // The first objects of a context have the ids 1 and 2.
    let new = #""ioas":1,"iova":"0x10000000","length":4096,"source":{"kind":"new"}"#
    for line in [ask("ioas.alloc", ""), ask("ioas.map", new)] {
      try link.send(Array((line + "\n").utf8))
      try link.receive(lines: 1)
    }
    let known = #""ioas":1,"iova":"0x1000000","length":4096,"source":{"kind":"memory","memory":2}"#
    let gone = #""ioas":1,"iova":"0x1000000","length":4096"#
    let load = RawLoad(link, [ask("ioas.map", known), ask("ioas.unmap", gone)])
    try load.check()
    return load
  }

  /// Maps `count` pages, all of the same memory, and leaves them mapped; answers nanoseconds from the first request
  /// to the last answer.
  func mapMany(_ client: Client, _ count: Int) throws -> UInt64 {
    var pending: [Pending<IOASMap>] = []
    pending.reserveCapacity(count)
    var received = 0
    let start = now()
    for number in 0..<count {
      let range = IOASMap.Range(
        length: 4096, source: .memory(memory), iova: IOVA(0x1_0000_0000 + UInt64(number) * 4096))
      pending.append(try client.send(IOASMap(ioas: plain, range)))
      if pending.count - received == 1024 {
        while received < pending.count {
          _ = try client.receive(pending[received])
          received += 1
        }
      }
    }
    while received < pending.count {
      _ = try client.receive(pending[received])
      received += 1
    }
    return now() - start
  }
}
