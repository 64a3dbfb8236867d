// SPDX-License-Identifier: Apache-2.0

import IommuDaemon
import IommuLinux
import IommuWire
import Testing

/// What clients of a context that has come back are told.
@Suite struct ReturningTests {
  /// 16 pages in an IOAS with a device that sees them through HWPT 3, and whatever `first` asks for before.
  private func fill(_ client: TestClient, first: [(String, String)] = [], tracks: Bool = false) throws {
    let calls =
      first + [
        ("ioas.alloc", "{}"), ("device.bind", #"{"dirty_tracking":\#(tracks)}"#),
        ("hwpt.alloc", #"{"device":2,"ioas":1,"dirty_tracking":\#(tracks)}"#),
        ("device.attach", #"{"device":2,"to":3}"#),
        ("ioas.map", #"{"ioas":1,"length":65536,"iova":"0x10000","source":{"kind":"new"}}"#),
      ]
    for (method, parameters) in calls {
      let answer = try client.call(method, parameters)
      #expect(isResult(answer, of: "c"), "\(method): \(answer ?? "")")
    }
  }

  @Test func `a table that tracks what is written has everything written after a restart`() throws {
    let scene = try RestartScene()
    let look = #"{"hwpt":3,"iova":"0x10000","length":65536,"page_size":4096}"#
    do {
      let client = try scene.open()
      try fill(client, tracks: true)
      #expect(isResult(try client.call("hwpt.dirty_tracking", #"{"hwpt":3,"on":true}"#), of: "c"))
      #expect(try client.call("hwpt.dirty_bitmap", look)?.contains(#""ranges":[]"#) == true)
      let write = #"{"device":2,"iova":"0x12000","data":"aGVsbG8="}"#
      #expect(isResult(try client.call("device.dma_write", write), of: "c"))
    }
    try scene.restart()
    let client = try scene.open()
    let all = #""ranges":[{"iova":"0x10000","length":65536}]"#
    let told = try client.call("hwpt.dirty_bitmap", look) ?? ""
    #expect(told.contains(all), "\(told)")
    #expect(try client.call("hwpt.dirty_bitmap", look)?.contains(#""ranges":[]"#) == true)
  }

  @Test func `who subscribes after a restart is told what is degraded`() throws {
    let scene = try RestartScene()
    do { try fill(try scene.open()) }
    scene.keeper.hear()
    #expect(scene.daemon.stop() == 0)
    scene.keeper.lose { $0.hasPrefix("m") }
    try scene.restart()
    let client = try scene.open()
    let state = try client.call("events.subscribe", #"{"kinds":["context.degraded"]}"#) ?? ""
    #expect(state.contains(#""degraded":1,"frames_changed":false"#), "\(state)")
    // Devices fault where nothing is.
    let read = try client.call("device.dma_read", #"{"device":2,"iova":"0x10000","length":8}"#) ?? ""
    #expect(read.contains(#""errno":"EFAULT""#), "\(read)")
  }

  @Test func `frames of the machine are looked up again, and who subscribes is told so`() throws {
    guard (try? Pagemap()) != nil, RingPool.isAvailable else {
      print("skipped: physical frames need CAP_SYS_ADMIN and io_uring")
      return
    }
    let scene = try RestartScene()
    let translate = #"{"hwpt":3,"iova":"0x10000","length":65536}"#
    do {
      let client = try scene.open()
      try fill(client, first: [("context.option", #"{"frames":"physical"}"#)])
      #expect(
        try client.call("events.subscribe", #"{"kinds":[]}"#)?.contains(#""frames_changed":false"#) == true)
    }
    let watcher = try scene.daemon.connect()
    #expect(try watcher.call("server.info") != nil)
    try scene.restart()
    let client = try scene.open()
    let state = try client.call("events.subscribe", #"{"kinds":[]}"#) ?? ""
    #expect(state.contains(#""degraded":0,"frames_changed":true"#), "\(state)")
    let runs = try client.call("hwpt.translate", translate) ?? ""
    #expect(runs.contains(#""frame":"0x"#), "\(runs)")
    let read = try client.call("device.dma_read", #"{"device":2,"iova":"0x10000","length":3}"#) ?? ""
    #expect(read.contains(#""data":"AAAA""#), "\(read)")
  }
}
