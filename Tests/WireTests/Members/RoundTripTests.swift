// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire
import Testing

/// Golden lines of methods whose shape is not plain, and round trips of the rest.
struct RoundTripTests {
  @Test func mapOfOneRange() throws {
    let map = IOASMap(ioas: 1, .init(length: 2_097_152, source: .fd(0), iova: IOVA(0x200000), write: false))
    let text =
      #"{"ioas":1,"length":2097152,"source":{"kind":"fd","fd":0,"offset":0},"iova":"0x200000","read":true,"write":false}"#
    #expect(encode(map) == text)
    #expect(try decode(text) == map)
    let short = try decode(#"{"ioas":1,"length":4096,"source":{"kind":"new"}}"#, as: IOASMap.self)
    #expect(short == IOASMap(ioas: 1, .init(length: 4096, source: .new)))
    #expect(short.single)
  }

  @Test func mapOfSeveralRanges() throws {
    let map = IOASMap(
      ioas: 1,
      ranges: [.init(length: 4096, source: .memory(3, offset: 8192)), .init(length: 1, source: .new)])
    let text =
      #"{"ioas":1,"ranges":[{"length":4096,"source":{"kind":"memory","memory":3,"offset":8192},"read":true},"#
      + #"{"length":1,"source":{"kind":"new","hugepages":"none"},"read":true}]}"#
    #expect(encode(map) == text)
    #expect(try decode(text) == map)
    // A list of one is a list.
    let one = try decode(#"{"ranges":[{"source":{"kind":"new"},"length":1}],"ioas":1}"#, as: IOASMap.self)
    #expect(one.ranges.count == 1 && !one.single)
    #expect(encode(one).contains("ranges"))
    #expect(try decode(#"{"ioas":1,"ranges":[]}"#, as: IOASMap.self).ranges.isEmpty)
  }

  @Test func mapResults() {
    #expect(
      encode(IOASMap.Result(iovas: [IOVA(16)], memories: [2], single: true)) == #"{"iova":"0x10","memory":2}"#
    )
    #expect(
      encode(IOASMap.Result(iovas: [IOVA(16)], memories: [2], single: false))
        == #"{"iovas":["0x10"],"memories":[2]}"#)
  }

  @Test func unmapForms() throws {
    let one = IOASUnmap(ioas: 1, iova: IOVA(0x5000), length: 4096)
    #expect(encode(one) == #"{"ioas":1,"all":false,"iova":"0x5000","length":4096}"#)
    #expect(try decode(#"{"ioas":1,"iova":20480,"length":4096}"#) == one)
    let all = try decode(#"{"ioas":1,"all":true}"#, as: IOASUnmap.self)
    #expect(all.all && all.ranges.isEmpty)
    #expect(encode(IOASUnmap(allOf: 1)) == #"{"ioas":1,"all":true}"#)
    let two = IOASUnmap(ioas: 1, ranges: [.init(iova: IOVA(0), length: 1), .init(iova: IOVA(9), length: 2)])
    #expect(try decode(encode(two)) == two)
  }

  private func fault<M: Method>(_ text: String, _ method: M.Type) -> String? {
    do throws(Failure) {
      _ = try decode(text, as: method)
      return nil
    } catch {
      return "\(error.code) \(error.field ?? "") \(error.message)"
    }
  }

  @Test func faultsAreNamed() {
    #expect(fault(#"{"ioas":1}"#, IOASMap.self) == "-32602 length is missing")
    #expect(fault(#"{"length":1,"source":{"kind":"new"}}"#, IOASMap.self) == "-32602 ioas is missing")
    #expect(fault(#"{"ioas":1,"length":1,"source":{}}"#, IOASMap.self) == "-32602 source.kind is missing")
    #expect(
      fault(#"{"ioas":1,"length":1,"source":{"kind":"nil"}}"#, IOASMap.self)
        == #"-32602 source.kind has to be one of "fd", "memory", "new", "process""#)
    // A member of another kind.
    #expect(
      fault(#"{"ioas":1,"length":1,"source":{"kind":"new","fd":0}}"#, IOASMap.self)
        == "-32602 source.fd is not known here")
    #expect(
      fault(#"{"ioas":1,"ranges":[{"length":1,"source":{"kind":"new"}},{"length":-1}]}"#, IOASMap.self)
        == "-32602 ranges[1].length has to be an unsigned integer of at most 64 bits")
    // Both forms at once.
    #expect(fault(#"{"ioas":1,"ranges":[],"length":1}"#, IOASMap.self) == "-32602 length is not known here")
    #expect(
      fault(#"{"ioas":1,"all":true,"iova":0,"length":1}"#, IOASUnmap.self) == "-32602 iova is not known here")
    #expect(fault(#"{"ioas":1,"all":true,"ranges":[]}"#, IOASUnmap.self) == "-32602 ranges is not known here")
    #expect(fault(#"{"ioas":4294967296}"#, IOASIOVARanges.self)?.hasPrefix("-32602 ioas") == true)
    #expect(fault("[]", IOASAlloc.self) == "-32602  has to be an object")
    #expect(fault(#"{"x":1}"#, IOASAlloc.self) == "-32602 x is not known here")
  }

  @Test func moreThan64UnknownMembers() {
    let known = (0..<70).map { "\"m\($0)\":0" }.joined(separator: ",")
    #expect(fault("{\(known)}", IOASAlloc.self) == "-32602 m0 is not known here")
    #expect(fault("{\"ioas\":1,\(known)}", IOASIOVARanges.self) == "-32602 m0 is not known here")
    #expect(fault("{\(known),\"ioas\":1}", IOASIOVARanges.self) == "-32602 m0 is not known here")
  }

  /// What a client sends comes back cut.
  @Test func longNamesAreCut() {
    let name = String(repeating: "e\u{301}\u{302}", count: 10_000)
    #expect((fault("{\"\(name)\":1}", IOASAlloc.self)?.utf8.count ?? .max) < 500)
    #expect(Failure.methodNotFound(name).message.utf8.count < 500)
  }

  /// A client takes answers of newer daemons.
  @Test func tolerantReadersPassOverMembers() throws {
    let text = #"{"future":[{}],"ioas":4,"more":null}"#
    #expect(throws: Failure.self) { try decode(text, as: IOASAlloc.Result.self) }
    #expect(try decode(text, as: IOASAlloc.Result.self, tolerant: true).ioas == 4)
  }

  /// What a walk writes it also reads, for every method and result.
  @Test func everyMethodRoundTrips() throws {
    for method in Reference.methods { try roundTrip(method) }
  }

  private func roundTrip<M: Method>(_ method: M.Type) throws {
    let result = M.Result()
    #expect(try decode(encode(result)) == result, "\(M.name)")
    let parameters = M()
    let text = encode(parameters)
    if text.contains("ranges") { return }
    #expect(try decode(text) == parameters, "\(M.name)")
  }

  @Test func listings() throws {
    let listing = ObjectList.Result([.init(id: 1, kind: .ioas, summary: "empty")], next: 1)
    #expect(encode(listing) == #"{"items":[{"id":1,"kind":"ioas","summary":"empty"}],"next":1}"#)
    #expect(encode(ObjectList.Result()) == #"{"items":[]}"#)
    #expect(try decode(encode(listing)) == listing)
  }
}
