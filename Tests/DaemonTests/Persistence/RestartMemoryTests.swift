// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

/// Memory of persistent contexts that is not what it was when the next daemon comes.
@Suite struct RestartMemoryTests {
  @Test func `memory that was not kept leaves its areas degraded`() throws {
    let scene = try RestartScene()
    do {
      let client = try scene.open()
      try scene.fill(client)
    }
    #expect(scene.daemon.stop() == 0)
    scene.keeper.lose { $0.hasPrefix("m") }
    try scene.restart()
    let client = try scene.open()
    let areas = try client.call("ioas.areas", #"{"ioas":1}"#) ?? ""
    #expect(areas.contains(#""iova":"0x10000","length":65536"#) && areas.contains(#""state":"degraded""#))
    #expect(errorCode(try client.call("device.dma_read", #"{"device":3,"iova":"0x11000","length":4}"#)) == 14)
    #expect(scene.entries.of(.degraded).count == 1)
    #expect(isResult(try client.call("ioas.unmap", #"{"ioas":1,"iova":"0x10000","length":65536}"#), of: "c"))
  }

  /// A memfd of `bytes` bytes, all of which are there.
  private func file(_ bytes: Int) throws -> OwnedDescriptor {
    let number = unsafe iommu_memfd_create("test", 0)
    try #require(number >= 0)
    let file = OwnedDescriptor(owning: number)
    let text = [UInt8](repeating: 65, count: bytes)
    #expect(unsafe pwrite(number, text, bytes, 0) == bytes)
    return file
  }

  private func map(_ client: TestClient, _ file: borrowing OwnedDescriptor, _ parameters: String) throws
    -> String?
  {
    let batch = DescriptorBatch(try file.duplicate())
    try client.send(request("c", "ioas.map", parameters, fds: 1), descriptors: batch)
    return try client.line()
  }

  @Test func `a client's file that grew, and one that ends inside a page, come back`() throws {
    let scene = try RestartScene()
    let odd = try file(5000)
    let growing = try file(8192)
    var before: [String] = []
    do {
      let client = try scene.open()
      _ = try client.call("ioas.alloc")
      let whole = #"{"ioas":1,"length":5000,"iova":"0x1000","source":{"kind":"fd","fd":0}}"#
      #expect(isResult(try map(client, odd, whole), of: "c"))
      let small = #"{"ioas":1,"length":8192,"iova":"0x100000","source":{"kind":"fd","fd":0}}"#
      #expect(isResult(try map(client, growing, small), of: "c"))
      #expect(ftruncate(growing.rawValue, 65536) == 0)
      let large = #"{"ioas":1,"length":65536,"iova":"0x200000","source":{"kind":"fd","fd":0}}"#
      #expect(isResult(try map(client, growing, large), of: "c"))
      for method in ["ioas.areas", "memory.list", "pages.list"] {
        before.append(try client.call(method, method == "ioas.areas" ? #"{"ioas":1}"# : "{}") ?? "")
      }
      // One store object for the two sizes.
      #expect(scene.keeper.names.count { $0.hasPrefix("m") } == 2)
    }
    try scene.restart()
    let client = try scene.open()
    var after: [String] = []
    for method in ["ioas.areas", "memory.list", "pages.list"] {
      after.append(try client.call(method, method == "ioas.areas" ? #"{"ioas":1}"# : "{}") ?? "")
    }
    #expect(before == after)
    let read = #"{"ioas":1,"pins":false}"#
    let access = try client.call("access.create", read) ?? ""
    let id = member("access", of: access) ?? 0
    #expect(
      isResult(try client.call("access.read", #"{"access":\#(id),"iova":"0x1ff0","length":16}"#), of: "c"))
    #expect(isResult(try client.call("ioas.unmap", #"{"ioas":1,"all":true}"#), of: "c"))
    scene.keeper.hear()
    #expect(scene.keeper.names.count { $0.hasPrefix("m") } == 0)
  }

  @Test func `of a file that was cut meanwhile what is gone is degraded, and pinned again once it is back`()
    throws
  {
    let scene = try RestartScene()
    let file = try file(16384)
    do {
      let client = try scene.open()
      _ = try client.call("ioas.alloc")
      _ = try client.call("device.bind")
      _ = try client.call("device.attach", #"{"device":2,"to":1}"#)
      for (iova, offset) in [("0x10000", 0), ("0x20000", 8192)] {
        let parameters =
          #"{"ioas":1,"length":8192,"iova":"\#(iova)","source":{"kind":"fd","fd":0,"offset":\#(offset)}}"#
        #expect(isResult(try map(client, file, parameters), of: "c"))
      }
    }
    #expect(scene.daemon.stop() == 0)
    #expect(ftruncate(file.rawValue, 8192) == 0)
    try scene.restart()
    let client = try scene.open()
    #expect(member("degraded", of: try client.call("context.open", #"{"name":"kept"}"#) ?? "") == 1)
    #expect(
      isResult(try client.call("device.dma_read", #"{"device":2,"iova":"0x10000","length":4}"#), of: "c"))
    #expect(errorCode(try client.call("device.dma_read", #"{"device":2,"iova":"0x20000","length":4}"#)) == 14)
    let still = try client.call("ioas.repin", #"{"ioas":1}"#) ?? ""
    #expect(member("repinned", of: still) == 0 && member("degraded", of: still) == 1)
    let text = [UInt8](repeating: 66, count: 16384)
    #expect(unsafe pwrite(file.rawValue, text, 16384, 0) == 16384)
    let again = try client.call("ioas.repin", #"{"ioas":1}"#) ?? ""
    #expect(member("repinned", of: again) == 1 && member("degraded", of: again) == 0)
    #expect(
      isResult(try client.call("device.dma_read", #"{"device":2,"iova":"0x20000","length":4}"#), of: "c"))
  }

  @Test func `memory over which a daemon was killed is pinned again only when somebody asks`() throws {
    let scene = try RestartScene()
    do {
      let client = try scene.open()
      try scene.fill(client)
    }
    #expect(scene.daemon.stop() == 0)
    try scene.keeper.write(7, at: LogHeader.repinningWord)
    for _ in 0..<2 {
      try scene.restart()
      let client = try scene.open()
      #expect(
        errorCode(try client.call("device.dma_read", #"{"device":3,"iova":"0x11000","length":4}"#)) == 14)
      let pin = try client.call("access.pin", #"{"access":9,"iova":"0x11000","length":4096}"#) ?? ""
      #expect(errorCode(pin) == 14 && pin.contains("killed"))
    }
    let client = try scene.open()
    #expect(member("repinned", of: try client.call("ioas.repin", #"{"ioas":1}"#) ?? "") == 1)
    #expect(
      isResult(try client.call("device.dma_read", #"{"device":3,"iova":"0x11000","length":4}"#), of: "c"))
    try scene.restart()
    let last = try scene.open()
    #expect(isResult(try last.call("device.dma_read", #"{"device":3,"iova":"0x11000","length":4}"#), of: "c"))
  }

  @Test func `what was granted before a restart is not asked for again`() throws {
    let scene = try RestartScene()
    do {
      let client = try scene.open()
      try scene.fill(client)
    }
    try scene.restart { options in
      options.quotas = ["objects=1", "areas=1", "descriptors=1", "held_bytes=1", "pinned_bytes=1"].compactMap
      {
        QuotaSetting($0)
      }
    }
    let client = try scene.open()
    #expect(member("degraded", of: try client.call("context.open", #"{"name":"kept"}"#) ?? "") == 0)
    #expect(errorCode(try client.call("ioas.alloc")) == 122)
  }
}
