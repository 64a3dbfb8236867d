// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient
import Testing

/// Sessions that only programs have.
@Suite("Replay of lines")
struct ReplayedLinesTests {
  /// Records what `body` does on the socket at a path, does it again, and answers what the replay prints, and the trace.
  private func replayed(_ body: (String) throws -> Void) throws -> (said: String, trace: CLIDaemon) {
    let daemon = try CLIDaemon(traces: true)
    try body("\(daemon.folder)/socket")
    #expect(daemon.stop() == 0)
    let fresh = try CLIDaemon(traces: true)
    return (try fresh.run("iommuctl replay \(daemon.folder)/trace"), daemon)
  }

  private static let areas = #"{"ioas":1}"#

  @Test("whoever goes while its unmap waits is gone in the replay too before the next request")
  func gone() throws {
    let (said, trace) = try replayed { path in
      let holder = try RawLink(path)
      try holder.ask("context.open", #"{"name":"shared"}"#)
      try holder.ask("ioas.alloc")
      try holder.ask("ioas.map", #"{"ioas":1,"iova":4096,"length":8192,"source":{"kind":"new"}}"#)
      try holder.ask("access.create", #"{"ioas":1,"pins":true}"#)
      try holder.ask("access.pin", #"{"access":4,"iova":4096,"length":4096}"#)
      var unmap: RawLink? = try RawLink(path)
      try unmap?.ask("context.open", #"{"name":"shared"}"#)
      try unmap?.send(RawLink.request("ioas.unmap", #"{"ioas":1,"all":true,"wait_ms":60000}"#))
      #expect(try holder.line()?.contains("access.unmap_requested") == true)
      let subscription = #"{"kinds":["dma.fault"]}"#
      #expect(try holder.ask("events.subscribe", subscription).contains(#""unmaps":[{"ioas":1,"#))
      unmap = nil
      // Until the daemon has noticed.
      while try !holder.ask("events.subscribe", subscription).contains(#""unmaps":[],"#) {}
    }
    #expect(said.hasSuffix(" answers and 1 event the same, no differences\n"), "\(said)")
    #expect(try trace.run(#"grep -c '"by":"client"' trace"#) == "1\n")
  }

  @Test("lines go out as they came: broken, too long, unfinished, with descriptors that end the connection")
  func broken() throws {
    let memfd = try filledMemfd(pages: 3, seals: 2)
    let (said, trace) = try replayed { path in
      let first = try RawLink(path)
      try first.send(Array("{\"x\u{1}\":".utf8) + [0xFF, 0x00, 0xE2, 0x82, 10])
      #expect(try first.line()?.contains("-32700") == true)
      try first.send([UInt8](repeating: UInt8(ascii: "y"), count: 3 << 20) + [10])
      #expect(try first.line()?.contains("longer than") == true)
      try first.ask("ioas.alloc")
      let source = #""source":{"kind":"fd","fd":0}}"#
      try first.ask("ioas.map", #"{"ioas":1,"length":8192,"# + source, [memfd.rawValue])
      try first.ask("ioas.map", #"{"ioas":1,"length":4096,"# + source, [memfd.rawValue, memfd.rawValue])
      try first.ask("access.create", #"{"ioas":1}"#)
      try first.ask("ioas.areas", Self.areas)
      // The bytes are the client's, and not in the trace.
      try first.ask("access.read", #"{"access":4,"iova":"0x2000","length":8}"#)
      try first.ask("memory.list")
      try first.send("{\"unfinished")
      first.finishSending()
      #expect(try first.line()?.contains("has no newline") == true)
      #expect(try first.line() == nil)
      let second = try RawLink(path)
      try second.send(RawLink.request("ioas.alloc", "{}", 2), [memfd.rawValue])
      #expect(try second.line()?.contains("declares 2 descriptors and 1 came") == true)
      #expect(try second.line() == nil)
    }
    let answers = try trace.run(#"grep -c '"kind":"answer"' trace"#).dropLast()
    #expect(said.hasSuffix(" requests, \(answers) answers the same, no differences\n"), "\(said)")
    #expect(try trace.run(#"grep -c '"base64":' trace"#) == "1\n")
    #expect(try trace.run(#"grep '"more":true' trace | grep -c unfinished"#) == "1\n")
  }

  @Test("answers that overtake others are waited for in the order of the trace")
  func overtaken() throws {
    let (said, trace) = try replayed { path in
      let (holder, unmap) = (try RawLink(path), try RawLink(path))
      for link in [holder, unmap] { try link.ask("context.open", #"{"name":"shared"}"#) }
      try holder.ask("ioas.alloc")
      try holder.ask("ioas.map", #"{"ioas":1,"iova":4096,"length":8192,"source":{"kind":"new"}}"#)
      for link in [holder, unmap] { try link.ask("access.create", #"{"ioas":1,"pins":true}"#) }
      try unmap.ask("access.pin", #"{"access":5,"iova":8192,"length":4096}"#)
      try holder.ask("access.pin", #"{"access":4,"iova":4096,"length":4096}"#)
      // Its own pin goes ahead of the unmap that waits; the list does not.
      try unmap.send(
        RawLink.request("ioas.unmap", #"{"ioas":1,"all":true,"wait_ms":60000,"unpin_own":true}"#))
      #expect(try holder.line()?.contains("access.unmap_requested") == true)
      try unmap.send(RawLink.request("ioas.areas", Self.areas))
      try unmap.send(RawLink.request("access.unpin", #"{"access":5,"pin":1}"#))
      let ahead = try #require(try unmap.line())
      #expect(ahead.contains("access.unpin"), "\(ahead)")
      try holder.ask("access.unpin", #"{"access":4,"pin":1}"#)
      #expect(try unmap.line()?.contains("\"unmapped\":8192") == true)
      #expect(try unmap.line()?.contains("\"items\":[]") == true)
    }
    #expect(said.hasSuffix(" answers and 1 event the same, no differences\n"), "\(said)")
    // Had they been answered the other way round, they would belong together all the same.
    let fresh = try CLIDaemon(traces: true)
    let swap = #"/unmapped/{h;d};/\\"items\\":/G"#
    _ = try fresh.run("sed '\(swap)' \(trace.folder)/trace >swapped")
    #expect(try fresh.run("cmp -s swapped \(trace.folder)/trace") == "[1]\n")
    #expect(try fresh.run("iommuctl replay swapped") == said)
  }

  @Test("events that a client has missed are told to the replay, and taken for the same")
  func missedEvents() throws {
    let (said, trace) = try replayed { path in
      let (reader, device) = (try RawLink(path), try RawLink(path))
      for link in [reader, device] { try link.ask("context.open", #"{"name":"shared"}"#) }
      try device.ask("device.bind", #"{"format":"flat"}"#)
      try reader.ask("events.subscribe", #"{"kinds":["dma.fault"]}"#)
      let fault = RawLink.request("device.dma_read", #"{"device":1,"iova":4096,"length":4}"#)
      for _ in 0..<80 {
        try device.send(String(repeating: fault, count: 100))
        for _ in 0..<100 { _ = try device.line() }
      }
      while try reader.line()?.contains("\"kind\":\"lost\"") == false {}
      try reader.ask("server.info")
    }
    #expect(try trace.run(#"grep -c '\\"kind\\":\\"lost\\"' trace"#) == "1\n")
    #expect(said.hasSuffix(" events the same, no differences\n"), "\(said)")
  }
}
