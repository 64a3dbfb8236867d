// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire
import Testing

/// What a line is told to be, in one comparable value.
private enum Verdict: Equatable {
  case request(RequestID, String, fds: Int, key: String?, params: String)
  case refused(RequestID?, fds: Int?, field: String?)
  case broken

  init(_ line: String) {
    var scanner = Scanner()
    let bytes = Array(line.utf8)
    self = unsafe bytes.withUnsafeBytes { bytes in
      switch unsafe Envelope.read(bytes, &scanner) {
      case .request(let request):
        .request(
          request.id, request.method, fds: request.descriptors, key: request.key,
          params: request.parametersText)
      case .refused(let id, let descriptors, let failure):
        failure.code == -32600 ? .refused(id, fds: descriptors, field: failure.field) : .broken
      case .broken, .long:
        .broken
      }
    }
  }
}

struct RequestTests {
  @Test func membersInAnyOrder() {
    let expected = Verdict.request(.number(7), "ioas.map", fds: 2, key: "k", params: #"{"ioas":1}"#)
    let members = [
      #""jsonrpc":"2.0""#, #""id":7"#, #""method":"ioas.map""#, #""params":{"ioas":1}"#, #""fds":2"#,
      #""key":"k""#,
    ]
    for shift in 0..<members.count {
      let line = "{" + (members[shift...] + members[..<shift]).joined(separator: ",") + "}"
      #expect(Verdict(line) == expected)
      #expect(
        Verdict("{" + (members[shift...] + members[..<shift]).reversed().joined(separator: " , ") + "}")
          == expected)
    }
  }

  @Test func ids() {
    func id(_ text: String) -> RequestID? {
      if case .request(let id, _, _, _, _) = Verdict(#"{"jsonrpc":"2.0","id":\#(text),"method":"m"}"#) {
        return id
      }
      return nil
    }
    #expect(id("0") == .number(0))
    #expect(id("18446744073709551615") == .number(.max))
    #expect(id("-1") == .negative(1))
    #expect(id("-9223372036854775808") == .negative(1 << 63))
    #expect(id("-0") == .number(0))
    #expect(id("\"\"") == .string(""))
    #expect(id("\"a\\u0062\"") == .string("ab"))
    #expect(id("\"\(String(repeating: "x", count: 64))\"") != nil)
    for text in [
      "\"\(String(repeating: "x", count: 65))\"", "1.0", "1e3", "null", "true", "[]", "{}",
      "18446744073709551616",
    ] {
      #expect(id(text) == nil)
    }
  }

  @Test func refusals() {
    #expect(
      Verdict(#"{"jsonrpc":"2.0","id":1,"method":"m","extra":1}"#)
        == .refused(.number(1), fds: 0, field: "extra"))
    #expect(Verdict(#"{"jsonrpc":"2.0","method":"m"}"#) == .refused(nil, fds: 0, field: "id"))
    #expect(Verdict(#"{"jsonrpc":"2.0","id":null,"method":"m"}"#) == .refused(nil, fds: 0, field: "id"))
    #expect(Verdict(#"{"jsonrpc":"2.0","id":1}"#) == .refused(.number(1), fds: 0, field: "method"))
    #expect(
      Verdict(#"{"jsonrpc":"2.0","id":1,"method":2,"fds":3}"#)
        == .refused(.number(1), fds: 3, field: "method"))
    #expect(Verdict(#"{"id":1,"method":"m"}"#) == .refused(.number(1), fds: 0, field: "jsonrpc"))
    #expect(
      Verdict(#"{"jsonrpc":2.0,"id":1,"method":"m"}"#) == .refused(.number(1), fds: 0, field: "jsonrpc"))
    #expect(
      Verdict(#"{"jsonrpc":"1.0","id":1,"method":"m"}"#) == .refused(.number(1), fds: 0, field: "jsonrpc"))
    #expect(
      Verdict(#"{"jsonrpc":"2.0","id":1,"method":"m","fds":-1}"#)
        == .refused(.number(1), fds: nil, field: "fds"))
    #expect(
      Verdict(#"{"jsonrpc":"2.0","id":1,"method":"m","fds":17}"#)
        == .refused(.number(1), fds: 17, field: "fds"))
    #expect(
      Verdict(#"{"jsonrpc":"2.0","id":1,"method":"m","key":1}"#) == .refused(.number(1), fds: 0, field: "key")
    )
    #expect(Verdict(#"[{"jsonrpc":"2.0","id":1,"method":"m"}]"#) == .refused(nil, fds: nil, field: nil))
    #expect(Verdict("1") == .refused(nil, fds: nil, field: nil))
    #expect(Verdict(#"{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}"#) == .broken)
    #expect(Verdict("hello") == .broken)
  }

  @Test func parametersOfAMethod() throws {
    let pin = try parameters(#","params":{"length":8192,"access":3,"iova":"0x1000"}"#)
    #expect(pin == AccessPin(access: 3, iova: IOVA(0x1000), length: 8192))
    func failure(_ text: String) -> (Int32, String?, String)? {
      do throws(Failure) {
        _ = try parameters(text)
        return nil
      } catch {
        return (error.code, error.field, error.message)
      }
    }
    #expect(try #require(failure("")) == (-32602, "access", "access is missing"))
    #expect(try #require(failure(#","params":{}"#)) == (-32602, "access", "access is missing"))
    #expect(try #require(failure(#","params":[1,2]"#)) == (-32602, nil, "params has to be an object"))
    #expect(
      try #require(failure(#","params":{"access":1,"iova":0,"length":1,"lenght":2}"#))
        == (-32602, "lenght", "lenght is not known here"))
    #expect(
      try #require(failure(#","params":{"access":1,"iova":0,"length":1.5}"#))
        == (-32602, "length", "length has to be an unsigned integer of at most 64 bits"))
    #expect(
      try #require(failure(#","params":{"access":1,"iova":0,"length":1,"write":null}"#))
        == (-32602, "write", "write has to be true or false"))
  }

  private func parameters(_ member: String) throws(Failure) -> AccessPin {
    var scanner = Scanner()
    let line = Array(#"{"jsonrpc":"2.0","id":1,"method":"access.pin"\#(member)}"#.utf8)
    var result: Swift.Result<AccessPin, Failure>?
    unsafe line.withUnsafeBytes { bytes in
      guard case .request(let request) = unsafe Envelope.read(bytes, &scanner) else { return }
      result = Swift.Result { () throws(Failure) in try request.parameters() }
    }
    guard let result else { throw Failure(code: 0, "no request") }
    return try result.get()
  }

  @Test func methodsAreFoundByName() throws {
    let names = Reference.methods.map { $0.name }
    let table = NameTable(names)
    for (position, name) in names.enumerated() {
      var text = name.description
      #expect(text.withUTF8 { unsafe table.find($0) } == position)
    }
    for name in ["", "ioas", "ioas.mapp", "ioas.ma", "Ioas.map"] {
      var text = name
      #expect(text.withUTF8 { unsafe table.find($0) } == nil)
    }
  }
}
