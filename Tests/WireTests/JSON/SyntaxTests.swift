// SPDX-License-Identifier: Apache-2.0

import IommuWire
import Testing

/// Our own corpus: what is JSON here and what is not.
struct SyntaxTests {
  static let valid = [
    "{}", "[]", "null", "true", "false", "0", "-0", "1", "-1", "123456789012345678901234567890", "1.5", "0.0",
    "1e3", "1E+3", "1e-3", "0e0", "\"\"", " \t\r\n{ \"a\" : [ 1 , 2 ] } \t\r\n", "[[],{}]", "{\"\":1}",
    "[1,\"a\",null,true,false,{\"a\":{}}]", #""\"\\\/\b\f\n\r\t\u0041""#, #""\uD83D\uDE00""#,
    #""\u0000""#, #""\uFFFF""#, "\"\u{7f}\"", "\"é€😀\u{10FFFF}\"", #"{"a":1,"A":2}"#,
    #"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#, #"{"a":1,"\u0062":2}"#,
  ]

  static let invalid = [
    "", " ", "{", "[", "}", "]", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1 2]", "{\"a\"}", "{\"a\":}",
    "{\"a\":1,}", "{,}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\" 1}", "{\"a\"::1}", "[1:2]", "{\"a\",1}",
    "1 2", "{} {}", "nul", "nulll", "True", "tru", "+1", "01", "-01", "-", "--1", ".5", "1.", "1.e1", "1e",
    "1e+", "0x10", "1_000", "NaN", "Infinity", "-Infinity", "\"", "\"a", "'a'", "\"\\", "\"\\\"",
    #""\x""#, #""\u""#, #""\u12""#, #""\u12G4""#, #""\U0041""#, #""\a""#, "\"\t\"", "\"\n\"", "\"\u{0}\"",
    "\"\u{1f}\"", #""\uD800""#, #""\uDC00""#, #""\uD800\uD800""#, #""\uD800a""#, #""\uD800\u0041""#,
    #""\uD800\"#, "[1]x", "/* a */1", "// a\n1", "[1]]", "{\"a\":1}}", "[}", "{]", "\u{FEFF}{}", "\u{a0}1",
    "1\u{b}", #"{"a":1,"a":2}"#, #"{"a":1,"b":2,"a":3}"#, #"{"a":1,"\u0061":2}"#, #"{"\u0061":1,"a":2}"#,
    #"[{"a":{"x":1,"x":1}}]"#, "[1,{\"a\":1,\"a\":1}]",
  ]

  @Test(arguments: valid) func accepts(_ text: String) {
    #expect(isAccepted(Array(text.utf8)))
  }

  @Test(arguments: invalid) func refuses(_ text: String) {
    #expect(!isAccepted(Array(text.utf8)))
  }

  /// Each sequence stands at every distance from the end, since eight bytes are looked at together.
  @Test(
    arguments: [
      [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
      [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
      [0xF0, 0x8F, 0xBF, 0xBF],
      [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80],
      [0xFE], [0xFF], [0x00], [0x1F], [0x0A],
    ] as [[UInt8]])
  func refusesBytes(_ bytes: [UInt8]) {
    for padding in 0..<20 {
      let before = [UInt8](repeating: 0x61, count: padding)
      let after = [UInt8](repeating: 0x62, count: 20 - padding)
      #expect(!isAccepted([0x22] + before + bytes + after + [0x22]))
      #expect(!isAccepted([0x22] + before + bytes + [0x22]))
      #expect(!isAccepted([0x22] + before + bytes))
    }
  }

  @Test func everyPrefixOfATextIsRefused() {
    let text = Array(#"{"a":[1,-2.5e+3,"x\n\u0041\uD83D\uDE00é",true,false,null,{"b":{}}]}"#.utf8)
    #expect(isAccepted(text))
    for count in 0..<text.count { #expect(!isAccepted(Array(text[..<count])), "\(count) bytes") }
  }

  @Test func depth() {
    func nested(_ depth: Int, _ open: String, _ close: String) -> [UInt8] {
      Array((String(repeating: open, count: depth) + String(repeating: close, count: depth)).utf8)
    }
    #expect(isAccepted(nested(32, "[", "]")))
    #expect(!isAccepted(nested(33, "[", "]")))
    // The innermost object of the text is empty.
    #expect(
      isAccepted(
        Array((String(repeating: "{\"a\":", count: 31) + "{}" + String(repeating: "}", count: 31)).utf8)))
    #expect(
      !isAccepted(
        Array((String(repeating: "{\"a\":", count: 32) + "{}" + String(repeating: "}", count: 32)).utf8)))
    #expect(!isAccepted([UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)))
  }

  /// More members than are compared pairwise.
  @Test func manyMembers() {
    func object(_ names: [String]) -> [UInt8] {
      Array(("{" + names.map { "\"\($0)\":[1,{\"n0\":2}]" }.joined(separator: ",") + "}").utf8)
    }
    let names = (0..<5000).map { "n\($0)" }
    #expect(isAccepted(object(names)))
    #expect(!isAccepted(object(names + ["n17"])))
    #expect(!isAccepted(object(names + ["\\u006e4999"])))
    for count in 2..<24 {
      #expect(isAccepted(object(Array(names[..<count]))))
      #expect(!isAccepted(object(Array(names[..<count]) + ["n0"])))
      #expect(!isAccepted(object(Array(names[..<count]) + ["n\(count - 1)"])))
    }
  }

  @Test func messagesNameThePlace() {
    func message(_ text: String) -> String {
      do throws(Failure) {
        try scanning(Array(text.utf8)) { (_) throws(Failure) in }
        return ""
      } catch {
        #expect(error.code == -32700)
        return error.message
      }
    }
    #expect(message("[1,]") == "not valid JSON at byte 3: a character that JSON does not have there")
    #expect(
      message(#"{"a":1,"a":1}"#) == "not valid JSON at byte 12: an object ends that names a member twice")
    #expect(message(#"["\uD800"]"#) == "not valid JSON at byte 2: half of a surrogate pair")
  }

  /// One scanner for texts of very different sizes.
  @Test func scannerIsReused() throws {
    var scanner = Scanner()
    let long = Array(("[" + String(repeating: "1,", count: 100_000) + "1]").utf8)
    for text in [Array("[1]".utf8), long, Array("{}".utf8), Array("[2]".utf8), long] {
      try unsafe text.withUnsafeBytes { bytes in _ = try unsafe scanner.scan(bytes) }
    }
  }
}
