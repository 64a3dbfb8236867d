// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import IommuBase
import IommuDaemon
import IommuWire
import Testing

@Suite struct TracedDescriptorTests {
  @Test func `Descriptors are described as what has to be made to have the like, and told apart`() throws {
    let recorded = try RecordedDaemon()
    let client = try recorded.daemon.connect()
    let memory = try TestMemory(pages: 3)
    let number = unsafe iommu_memfd_create("sparse", UInt32(IOMMU_HUGE_NONE))
    try #require(number >= 0 && ftruncate(number, 1 << 30) == 0)
    let sparse = OwnedDescriptor(owning: number)
    let pipe = try Descriptors.pipe()
    let passed = [
      try memory.passed(), try memory.passed(readOnly: true), try sparse.duplicate().release(), pipe,
    ]
    try client.send(
      request("t", "test.take", #"{"indexes":[0]}"#, fds: 4), descriptors: DescriptorBatch(owning: passed))
    #expect(isResult(try client.line(), of: "t"))
    let files = try #require(try recorded.records()[1].files)
    #expect(files.map(\.kind) == [.memory, .memory, .memory, .other])
    #expect(files.map(\.access) == [.both, .read, .both, .write])
    #expect(files.map(\.file) == [1, 1, 2, nil])
    #expect(files.map(\.size) == [12288, 12288, 1 << 30, nil])
    #expect(files.map(\.allocated) == [12288, 12288, 0, nil])
    #expect(files[0].seals == [.shrink, .grow] && files[2].seals == [] && files[3].seals == nil)
    #expect(files.allSatisfy { $0.hugePage == nil })
  }

  @Test func `Descriptors of answers are known when they come back`() throws {
    let recorded = try RecordedDaemon()
    let client = try recorded.daemon.connect()
    _ = try client.call("ioas.alloc")
    _ = try client.call("ioas.map", #"{"ioas":1,"length":8192,"source":{"kind":"new"}}"#)
    try client.send(request("o", "memory.open", #"{"memory":2,"write":true}"#))
    let records = try {
      _ = try client.line(); return try recorded.records()
    }()
    let files = records.compactMap(\.files)
    #expect(files.map(\.count) == [1, 1])
    #expect(files.flatMap { $0.map(\.file) } == [1, 1])
    #expect(files[0][0].seals == [.seal, .shrink, .grow])
    #expect(records.filter { $0.files != nil }.allSatisfy { $0.kind == .answer })
  }

  @Test(arguments: [
    (request("t", "test.count"), 1), (request("t", "test.count", fds: 2), 1), ("broken\n", 2), ("\n", 1),
  ]) func `Descriptors that end the connection are recorded with the line that they came with`(
    line: String, count: Int
  ) throws {
    let recorded = try RecordedDaemon()
    let client = try recorded.daemon.connect()
    let passed = try (0..<count).map { _ in try Descriptors.pipe() }
    try client.send(line, descriptors: DescriptorBatch(owning: passed))
    #expect(errorCode(try client.line() ?? client.line()) == -32600)
    let records = try recorded.records()
    #expect(records.map(\.kind).contains(.close))
    let request = try #require(records.first { $0.kind == .request })
    #expect(request.text == String(line.dropLast()) && request.files?.count == count)
  }
}

private enum Descriptors {
  /// The writing end of a pipe.
  static func pipe() throws -> Int32 {
    var ends: [Int32] = [-1, -1]
    try #require(unsafe iommu_pipe(&ends) == 0)
    close(ends[0])
    return ends[1]
  }
}
