// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient
import Testing

/// What a real daemon has recorded, done again by the real program with another one.
@Suite("Replay")
struct ReplayTests {
  /// Records what `body` does, and answers the trace.
  private func recorded(_ body: (CLIDaemon) throws -> Void) throws -> CLIDaemon {
    let daemon = try CLIDaemon(traces: true)
    try body(daemon)
    #expect(daemon.stop() == 0)
    return daemon
  }

  /// What a replay of `trace` with a fresh daemon prints.
  private func replay(_ trace: CLIDaemon, _ options: String = "", edit: String? = nil) throws -> String {
    let daemon = try CLIDaemon(traces: true)
    let copying = edit.map { "\($0) \(trace.folder)/trace >FILE" } ?? "cp \(trace.folder)/trace FILE"
    #expect(try daemon.run(copying) == "")
    return try daemon.run("iommuctl replay FILE --at admin:admin \(options)")
  }

  /// Everything that people do at a shell.
  private func session(_ daemon: CLIDaemon) throws {
    _ = try daemon.run(
      #"""
      exec >/dev/null 2>&1
      head -c 20000 /dev/zero | tr '\0' x >file
      iommuctl ioas alloc; iommuctl device bind; iommuctl device attach 2 1
      iommuctl ioas map 1 --file file; iommuctl ioas map 1 --size 64K --iova 0x100000
      iommuctl ioas areas 1; iommuctl hwpt translate 3 0x8000+4M; iommuctl access create 1
      iommuctl access read 8 0x8000 16
      head -c 3000000 /dev/zero | iommuctl access write 8 0x8000
      printf DMA | iommuctl device write 2 0x100000; iommuctl device read 2 0x100000 3
      iommuctl memory open 6 -- head -c 3 /dev/fd/3
      iommuctl --socket admin status; iommuctl --socket admin context list; iommuctl call server.info
      """#)
    let holder = try daemon.start(["access", "pin", "8", "0x100000+4K"])
    _ = try holder.read(until: "yes")
    _ = try daemon.run("iommuctl ioas unmap 1 0x100000 --wait 1")
    let unmap = try daemon.start(["ioas", "unmap", "1", "0x100000", "--wait", "60s"])
    _ = try holder.read(until: "an unmap waits")
    _ = try holder.read(until: "an unmap waits")
    holder.endInput()
    #expect(holder.wait() == 0 && unmap.wait() == 0)
    let monitor = try daemon.start(["monitor", "--count", "1"])
    _ = try monitor.read(until: "state")
    _ = try daemon.run("iommuctl device read 2 0x900000 4; printf '[1]\\n{broken\\n' | iommuctl call -")
    #expect(monitor.wait() == 0)
  }

  @Test("a session at a shell is answered the same")
  func shell() throws {
    let trace = try recorded(session)
    let outcome = try replay(trace)
    let requests = try trace.run(#"grep -c '"kind":"request"' trace"#).dropLast()
    let events = try trace.run(#"grep -c '"kind":"event"' trace"#).dropLast()
    #expect(events == "3")
    #expect(
      outcome == "\(requests) requests, \(requests) answers and \(events) events the same, no differences\n")
    #expect(
      try replay(trace, "--json") == #"{"schemaVersion":1,"requests":\#(requests),"answers":\#(requests),"#
        + #""same_answers":\#(requests),"events":3,"same_events":3,"items":[]}"# + "\n")
    #expect(try replay(trace, "-q") == "")
  }

  /// Records what one connection asks, each of which takes a line of the trace, as do the answers.
  private func recorded(_ requests: [(method: String, parameters: String)]) throws -> CLIDaemon {
    try recorded { daemon in
      let link = try RawLink("\(daemon.folder)/socket")
      for (method, parameters) in requests { try link.ask(method, parameters) }
      link.finishSending()
      #expect(try link.line() == nil)
    }
  }

  @Test("what is answered differently is named with its line, and with exit status 1")
  func differences() throws {
    let unmap = ("ioas.unmap", #"{"ioas":1,"iova":"0x5000","length":4096}"#)
    let trace = try recorded([("ioas.alloc", "{}"), ("ioas.iova_ranges", #"{"ioas":1}"#), unmap])
    // The trace's answers are spoilt, not the daemon's.
    let edit =
      #"sed -e 's/"result\\":{\\"ioas\\":1}/"result\\":{\\"ioas\\":77}/' -e 's/no area lies/no area is/'"#
    #expect(
      try replay(trace, edit: edit) == #"""
        LINE  METHOD      WHERE          BEFORE                 AFTER
           4  ioas.alloc  result.ioas    77                     1
           8  ioas.unmap  error.message  ...rea is wholly i...  ...rea lies wholly...
        3 requests, 1 of 3 answers the same, 2 differences
        [1]

        """#)
    #expect(try replay(trace, "--quiet", edit: edit) == "4\n8\n[1]\n")
    #expect(
      try replay(trace, "--no-legend", edit: edit).hasPrefix("4  ioas.alloc  result.ioas    77"))
    let json = try replay(trace, "--json", edit: edit)
    let item =
      #"{"line":4,"connection":1,"method":"ioas.alloc","path":"result.ioas","before":"77","after":"1"}"#
    #expect(json.contains(#""same_answers":1,"events":0,"same_events":0,"items":["# + item + ","), "\(json)")
    #expect(json.hasSuffix("}]}\n[1]\n"))
  }

  @Test("descriptors that are answered are compared too")
  func answeredDescriptors() throws {
    let trace = try recorded { daemon in
      _ = try daemon.run("iommuctl ioas alloc; iommuctl ioas map 1 --size 8K; iommuctl -q memory open 2")
    }
    let edit =
      #"sed -e 's/"fds":\[{"kind":"memory","access":"r[w]*","file":1,"size":8192,/"fds":[{"kind":"memory","access":"w","file":1,"size":9,/'"#
    let text = try replay(trace, "-j", edit: edit)
    #expect(text.contains(#""path":"fds[0].size","before":"9","after":"8192"}"#), "\(text)")
    #expect(text.contains(#""path":"fds[0].access","before":"\"w\"","after":"\"rw\""}"#), "\(text)")
    #expect(try replay(trace) == "6 requests, 6 answers the same, no differences\n")
  }

  @Test("an answer that does not come is missed once, and one that nobody has recorded is told")
  func missing() throws {
    let trace = try recorded([("context.list", "{}"), ("ioas.alloc", "{}")])
    let edit = #"sed '/"kind":"answer"/s/\\"id\\":\\"ioas/\\"id\\":\\"aios/'"#
    let text = try replay(trace, "--wait 3s -j", edit: edit)
    let answer = #""{\"jsonrpc\":\"2.0\",\"id\":\"aios.alloc\",\"result\":{\"ioas\":1}}""#
    #expect(
      text.contains(#"{"line":6,"connection":1,"method":"","path":"","before":\#(answer)}"#), "\(text)")
    #expect(text.contains(#"{"line":8,"connection":1,"method":"","path":"","after":"#), "\(text)")
    #expect(text.hasSuffix("[1]\n"))
    // The same for an end that does not come.
    let open = try replay(trace, "--wait 3s --no-legend", edit: #"sed '/"kind":"end"/d'"#)
    #expect(
      open == "7  -  connection  closed  open\n2 requests, 2 answers the same, 1 difference\n[1]\n", "\(open)"
    )
  }

  @Test("a trace that breaks off is done as far as it goes")
  func brokenOff() throws {
    let trace = try recorded(session)
    let end = "1 answer the same, no differences\n"
    let whole = try replay(trace, edit: "head -n 4")
    #expect(whole == "1 request, \(end)")
    let length = try #require(Int(try trace.run("head -n 4 trace | wc -c").dropLast()))
    #expect(
      try replay(trace, edit: "head -c \(length + 20)")
        == "iommuctl: the trace ends in the middle of line 5, which is left out\n1 request, \(end)")
    #expect(
      try replay(trace, "-j 2>/dev/null", edit: "head -c \(length + 20)")
        .contains(#""broken_off":5,"items":[]}"#))
    #expect(try replay(trace, edit: "head -n 1") == "0 requests, 0 answers the same, no differences\n")
  }

  @Test("what is no trace is refused with its line, before anything is done")
  func damaged() throws {
    let trace = try recorded { daemon in _ = try daemon.run("iommuctl -q ioas alloc") }
    let daemon = try CLIDaemon(traces: true)
    _ = try daemon.run("cp \(trace.folder)/trace good; sed 7s/kind/kid/ good >bad")
    _ = try daemon.run("sed '6s/.*/nonsense/' good >nonsense; : >empty; printf x >x; echo 1 >y; echo '{}' >z")
    try daemon.check(
      #"""
      $ iommuctl replay bad
      iommuctl: 'bad', line 7: kind is missing
      [1]
      $ iommuctl replay nonsense
      iommuctl: 'nonsense', line 6: not valid JSON at byte 0: a character that JSON does not have there
      [1]
      $ iommuctl replay empty
      iommuctl: 'empty' is empty: it is no trace
      [1]
      $ iommuctl replay x
      iommuctl: 'x', line 1: it has no newline, so that this is no trace
      [1]
      $ iommuctl replay y
      iommuctl: 'y', line 1: a record has to be an object
      [1]
      $ iommuctl replay z
      iommuctl: 'z', line 1: time is missing
      [1]
      $ iommuctl replay /nonexistent
      iommuctl: cannot open '/nonexistent': No such file or directory
      [1]
      $ iommuctl replay .
      iommuctl: '.' is no regular file: a trace is read twice
      [1]
      $ iommuctl call server.stats | grep -o '"totals":{"connections":[0-9]*'
      "totals":{"connections":1
      $ iommuctl replay good --socket /nonexistent
      iommuctl: there is no iommud at /nonexistent (ENOENT)
      [3]
      """#)
  }

  @Test("a connection goes to the socket of its role, which has to be known")
  func roles() throws {
    let trace = try recorded { daemon in
      _ = try daemon.run("iommuctl ioas alloc; iommuctl --socket admin call context.list")
    }
    let daemon = try CLIDaemon(traces: true)
    _ = try daemon.run("cp \(trace.folder)/trace FILE")
    let refusal = try daemon.run("iommuctl replay FILE")
    #expect(
      refusal.contains(": a connection came by the socket of role admin; say with --at admin:PATH"),
      "\(refusal)")
    #expect(refusal.hasPrefix("iommuctl: 'FILE', line ") && refusal.hasSuffix("\n[64]\n"))
    #expect(try daemon.run("iommuctl replay FILE --at admi:x 2>/dev/null") == "[64]\n")
    #expect(try replay(trace) == "3 requests, 3 answers the same, no differences\n")
  }
}
