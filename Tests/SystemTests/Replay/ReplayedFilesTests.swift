// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuClient
import Testing
import iommuctl

@Suite("Files of a replay")
struct ReplayedFilesTests {
  private func memory(
    _ file: UInt64, _ size: UInt64, allocated: UInt64, _ seals: [TracedFile.Seal] = [],
    _ access: TracedFile.Access = .both
  ) -> TracedFile {
    var traced = TracedFile()
    traced.kind = .memory
    traced.file = file
    traced.size = size
    traced.allocated = allocated
    traced.seals = seals
    traced.access = access
    return traced
  }

  private func other(_ access: TracedFile.Access) -> TracedFile {
    var traced = TracedFile()
    traced.access = access
    return traced
  }

  @Test("what is made is what was described")
  func made() throws {
    let wanted = [
      memory(1, 12288, allocated: 12288, [.shrink, .grow]),
      memory(1, 12288, allocated: 12288, [.shrink, .grow], .read),
      memory(2, 1 << 40, allocated: 0),
      memory(3, 20000, allocated: 20480, [.seal, .shrink, .grow, .write]),
      memory(4, 8192, allocated: 4096, [.futureWrite], .write),
      other(.read), other(.write), other(.both),
    ]
    var files = ReplayedFiles()
    var described = TracedFiles()
    let batch = try files.make(wanted)
    #expect(described.describe(batch) == wanted)
    // They are the same files the next time.
    #expect(described.describe(try files.make(wanted)) == wanted)
  }

  @Test("a file is changed as its client has changed it, and is another where that cannot be")
  func changed() throws {
    var files = ReplayedFiles()
    var described = TracedFiles()
    let steps = [
      memory(1, 4096, allocated: 0), memory(1, 8192, allocated: 4096),
      memory(1, 8192, allocated: 8192, [.grow]),
      memory(1, 4096, allocated: 4096, [.shrink, .grow]),
    ]
    for step in steps { #expect(described.describe(try files.make([step])) == [step]) }
    let sealed = try files.make([memory(1, 8192, allocated: 8192, [.shrink, .grow])])
    #expect(described.describe(sealed) == [memory(2, 8192, allocated: 8192, [.shrink, .grow])])
    let unsealed = try files.make([memory(1, 8192, allocated: 8192)])
    #expect(described.describe(unsealed) == [memory(3, 8192, allocated: 8192)])
  }

  @Test("files that came from the daemon are passed again")
  func kept() throws {
    var files = ReplayedFiles()
    var described = TracedFiles()
    let traced = memory(1, 4096, allocated: 4096, [.shrink])
    var others = ReplayedFiles()
    let received = try others.make([traced])
    #expect(described.describe(received) == [traced])
    try files.keep(received, [traced])
    #expect(described.describe(try files.make([traced])) == [traced])
  }

  @Test("no more memory is taken than there is")
  func tooMuch() throws {
    var files = ReplayedFiles(available: { 8192 })
    _ = try files.make([memory(1, 1 << 40, allocated: 8192)])
    let problem = #expect(throws: Problem.self) { _ = try files.make([memory(2, 1 << 40, allocated: 12288)]) }
    #expect(
      problem?.message
        == "cannot find 12288 bytes for a file like the one that was passed: Cannot allocate memory")
    // What is there already is not asked for again.
    _ = try files.make([memory(1, 1 << 40, allocated: 16384)])
    #expect(availableMemory() > 1 << 20 && availableMemory() < 1 << 50)
  }
}
