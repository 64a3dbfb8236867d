// SPDX-License-Identifier: Apache-2.0

import IommuClient
import Testing
import iommuctl

@Suite("What a trace has to be")
struct TraceOrderTests {
  private static let head = #"{"time":0,"kind":"trace","format":1}"#
  private static let open = #"{"time":0,"kind":"open","connection":4,"role":"user","uid":7}"#

  /// Why `lines` are no trace; nil when they are.
  private func fault(_ lines: [String]) -> String? {
    var order = TraceOrder()
    var scanner = Scanner()
    do throws(Failure) {
      for line in lines { try order.check(try TraceRecord(Array(line.utf8), &scanner)) }
    } catch {
      return error.message
    }
    return nil
  }

  @Test("records come after the opening of their connection, until its close, and the client's until its end")
  func order() {
    let line = #""connection":4,"text":"x"}"#
    let all = [
      Self.head, Self.open, #"{"time":1,"kind":"request","# + line, #"{"time":1,"kind":"answer","# + line,
      #"{"time":1,"kind":"end","connection":4}"#, #"{"time":1,"kind":"event","# + line,
      #"{"time":1,"kind":"close","connection":4,"by":"daemon"}"#,
      #"{"time":0,"kind":"open","connection":5,"role":"admin","uid":7,"something":"new"}"#,
    ]
    #expect(fault(all) == nil)
    for count in 1..<all.count { #expect(fault(Array(all.prefix(count))) == nil) }
    #expect(fault(Array(all.dropFirst())) == #"a trace begins with a record of kind "trace""#)
    #expect(fault([Self.head] + all) == "a trace begins only once")
    #expect(fault([Self.head, all[2]]) == "connection 4 is not open")
    #expect(fault(Array(all.prefix(7)) + [all[3]]) == "connection 4 is not open")
    #expect(fault(Array(all.prefix(5)) + [all[2]]) == "connection 4 sends nothing after its end")
    #expect(fault(Array(all.prefix(7)) + [Self.open]) == "connection 4 was open before")
  }

  @Test(
    "records that do not say what they have to are refused",
    arguments: [
      (#""kind":"trace","format":2}"#, "the trace has format 2; this program reads format 1"),
      (#""kind":"trace"}"#, "the trace has format unknown; this program reads format 1"),
    ])
  func head(_ rest: String, _ reason: String) {
    #expect(fault([#"{"time":0,"# + rest]) == reason)
  }

  @Test(
    "records that do not say what they have to are refused",
    arguments: [
      (#""kind":"request","text":"x"}"#, "a record without its connection"),
      (#""kind":"open","connection":5,"role":"user"}"#, "it is not said whose connection 5 is: role and uid"),
      (#""kind":"request","connection":4}"#, "a line is either text or base64"),
      (#""kind":"event","connection":4,"text":"x","base64":"eA=="}"#, "a line is either text or base64"),
      (
        #""kind":"answer","connection":4,"text":"x","fds":[{"kind":"memory","access":"r","file":1}]}"#,
        "it is not said which memory a descriptor leads to: file and size"
      ),
      (
        #""kind":"request","connection":4,"text":"x","fds":[{"kind":"memory","access":"r","file":1,"size":1,"huge_page":3}]}"#,
        "huge pages are of 2 MiB or 1 GiB"
      ),
    ])
  func members(_ rest: String, _ reason: String) {
    #expect(fault([Self.head, Self.open, #"{"time":0,"# + rest]) == reason)
  }

  @Test("no line comes with more descriptors than a message carries")
  func descriptors() {
    let many = Array(repeating: #"{"kind":"other","access":"r"}"#, count: 253).joined(separator: ",")
    let start = #"{"time":0,"kind":"request","connection":4,"text":"x","fds":["#
    #expect(fault([Self.head, Self.open, start + many + "]}"]) == nil)
    #expect(
      fault([Self.head, Self.open, start + many + #",{"kind":"other","access":"r"}]}"#])
        == "no line comes with more than 253 descriptors")
  }
}
