// SPDX-License-Identifier: Apache-2.0

import Foundation
import IommuClient
import IommuWire
import Testing

struct MappedSegmentTests {
  /// A client whose memory 3 is a file of three pages, each filled with its number.
  private func client() throws -> Client {
    try Peer.serve { request, _, outbox in
      let call = try? request.parameters(of: MemoryOpen.self)
      let path = NSTemporaryDirectory() + "iommud-\(UUID().uuidString)"
      let bytes = [1, 2, 3].flatMap { [UInt8](repeating: $0, count: 4096) }
      guard call?.memory == 3, FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
        return outbox.refuse(request.id, Failure(.enoent, "no such memory", field: "memory"))
      }
      let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
      unsafe unlink(path)
      outbox.answer(
        request.id, MemoryOpen.Result(write: true), DescriptorBatch(OwnedDescriptor(owning: descriptor)))
    }
  }

  @Test func bytesOfTheSegment() throws {
    let mapped = try client().map(.init(memory: 3, offset: 4000, length: 4200, mappable: true))
    #expect(mapped.count == 4200 && !mapped.isWritable)
    let bytes = unsafe mapped.withBytes { unsafe Array($0) }
    #expect(bytes.count == 4200 && bytes[95] == 1 && bytes[96] == 2 && bytes[4191] == 2 && bytes[4192] == 3)
  }

  @Test func writing() throws {
    let mapped = try client().map(.init(memory: 3, offset: 8192, length: 100, mappable: true), write: true)
    unsafe mapped.withMutableBytes { bytes in unsafe bytes[99] = 9 }
    let bytes = unsafe mapped.withBytes { unsafe Array($0) }
    #expect(bytes[98] == 3 && bytes[99] == 9)
  }

  @Test func refusals() throws {
    let client = try client()
    #expect(throws: ClientError.refused(Failure(.enoent, "no such memory", field: "memory"))) {
      _ = try client.map(.init(memory: 4, offset: 0, length: 1, mappable: true)).count
    }
    #expect(throws: ClientError.unmappable(.eoverflow)) {
      _ = try client.map(.init(memory: 3, offset: 1 << 63, length: 1, mappable: true)).count
    }
    #expect(throws: ClientError.unmappable(.einval)) {
      _ = try client.map(.init(memory: 3, offset: 0, length: 0, mappable: true)).count
    }
  }
}
