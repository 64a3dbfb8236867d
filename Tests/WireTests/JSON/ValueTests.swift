// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire
import Testing

struct ValueTests {
  @Test(
    arguments: [
      0, 1, 9, 10, 99, 100, 4096, 1 << 32, (1 << 53) + 1, 9_999_999_999_999_999_999,
      10_000_000_000_000_000_000, .max - 1, .max,
    ] as [UInt64])
  func integersAreExact(_ value: UInt64) throws {
    #expect(encode(value) == "\(value)")
    #expect(try decode("\(value)") == value)
    #expect(try decode(" \(value) ") == value)
  }

  @Test func everyPowerOfTen() throws {
    var value: UInt64 = 1
    for _ in 0..<20 {
      for near in [value - 1, value, value + 1] {
        #expect(encode(near) == "\(near)")
        #expect(try decode("\(near)") == near)
      }
      value = value &* 10
    }
  }

  @Test(arguments: [
    "18446744073709551616", "18446744073709551620", "99999999999999999999",
    "100000000000000000000", "-1", "-0", "1.0", "1e3", "\"1\"", "null", "true", "[]", "{}",
  ])
  func notIntegers(_ text: String) {
    #expect(throws: Failure.self) { try decode(text, as: UInt64.self) }
    #expect(throws: Failure.self) { try decode(text, as: UInt32.self) }
  }

  @Test func narrowIntegers() throws {
    #expect(try decode("4294967295", as: UInt32.self) == .max)
    #expect(throws: Failure.self) { try decode("4294967296", as: UInt32.self) }
  }

  @Test(arguments: [0, 1, 0xf, 0x10, 0xfff, 0x1000, 0xdead_beef, 1 << 63, .max] as [UInt64])
  func addresses(_ value: UInt64) throws {
    #expect(encode(IOVA(value)) == "\"0x\(String(value, radix: 16))\"")
    #expect(try decode("\"0x\(String(value, radix: 16))\"") == IOVA(value))
    #expect(try decode("\"0x\(String(value, radix: 16, uppercase: true))\"") == IOVA(value))
    #expect(try decode("\(value)") == IOVA(value))
  }

  @Test(arguments: [
    "\"\"", "\"0x\"", "\"0x0\u{20}\"", "\"0X10\"", "\"10\"", "\"0xg\"", "\"x10\"",
    "\"0x10000000000000000\"", "\"-0x1\"", "-1", "1.0", "18446744073709551616", "null", "[]",
  ])
  func notAddresses(_ text: String) {
    #expect(throws: Failure.self) { try decode(text, as: IOVA.self) }
  }

  @Test(arguments: [
    "", "a", "sixteen bytes ok", "quote\" backslash\\ slash/", "\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}",
    "é€😀\u{10FFFF}", String(repeating: "long \u{1} ", count: 1000),
  ])
  func strings(_ text: String) throws {
    #expect(try decode(encode(text)) == text)
  }

  @Test func escapesAreResolved() throws {
    #expect(try decode(#""\u0041\u00e9\u20AC\uD83D\uDE00\/\b\f\n\r\t\"\\""#) == "Aé€😀/\u{8}\u{c}\n\r\t\"\\")
    #expect(encode("a\"b\\c\n\t\u{1}\u{1f}") == #""a\"b\\c\n\t\u0001\u001f""#)
  }

  @Test func base64() throws {
    #expect(encode(Bytes([])) == "\"\"")
    #expect(encode(Bytes(Array("f".utf8))) == "\"Zg==\"")
    #expect(encode(Bytes(Array("fo".utf8))) == "\"Zm8=\"")
    #expect(encode(Bytes(Array("foobar".utf8))) == "\"Zm9vYmFy\"")
    #expect(try decode(#""\u005ag=\u003d""#, as: Bytes.self).bytes == Array("f".utf8))
    #expect(try decode(#""\/\/\/\/""#, as: Bytes.self).bytes == [255, 255, 255])
    var generator = SystemRandomNumberGenerator()
    for count in 0..<100 {
      let bytes = Bytes((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
      #expect(try decode(encode(bytes)) == bytes)
    }
  }

  @Test(arguments: [
    "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==Zg==", "====", "=", "Zm9v\\n", "Zm 9", "Zm9-",
    "Zm9_", "Z=g=", "é",
  ])
  func notBase64(_ text: String) {
    #expect(throws: Failure.self) { try decode("\"\(text)\"", as: Bytes.self) }
  }

  @Test func enumerations() throws {
    #expect(try decode("\"hwpt\"") == ObjectKind.hwpt)
    #expect(encode(ObjectKind.memory) == "\"memory\"")
    #expect { try decode("\"table\"", as: Role.self) } throws: {
      ($0 as? Failure)?.message == #"has to be one of "user", "observer", "admin""#
    }
    #expect(throws: Failure.self) { try decode("1", as: Role.self) }
  }

  @Test func lists() throws {
    #expect(try decode("[]", as: [UInt64].self) == [])
    #expect(throws: Failure.self) { try decode("[1,[2],3]", as: [UInt64].self) }
    #expect(try decode("[[1],[],[2,3]]", as: [[UInt64]].self) == [[1], [], [2, 3]])
    #expect(encode([[1], [], [2, 3]] as [[UInt64]]) == "[[1],[],[2,3]]")
    #expect { try decode("[1,2,\"3\"]", as: [UInt64].self) } throws: { ($0 as? Failure)?.field == "[2]" }
  }
}
