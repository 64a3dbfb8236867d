// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase
import IommuWire

/// A segment of a pin, mapped into this process.
///
/// It shows the very bytes that devices see. Nothing keeps another holder of the file from truncating it
/// where it is not sealed: touching it then raises SIGBUS.
@safe
public struct MappedSegment: ~Copyable {
  private let mapping: OwnedMapping
  /// Bytes before the segment in its first page.
  private let skew: Int
  /// Bytes.
  public let count: Int
  public let isWritable: Bool

  init(_ mapping: consuming OwnedMapping, skew: Int, count: Int, isWritable: Bool) {
    self.mapping = mapping
    self.skew = skew
    self.count = count
    self.isWritable = isWritable
  }

  /// Runs `body` on the bytes, which must not be kept.
  public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try unsafe body(UnsafeRawBufferPointer(start: mapping.base + skew, count: count))
  }

  /// Runs `body` on the bytes, which must not be kept. Only where ``isWritable``.
  public func withMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
    precondition(isWritable, "the segment was mapped for reading")
    return try unsafe body(UnsafeMutableRawBufferPointer(start: mapping.base + skew, count: count))
  }
}

extension Client {
  /// Maps a segment of a pin: asks for the memory's descriptor and maps its part of it.
  ///
  /// - Parameter write: whether the pin was made for writing and the bytes are to be changed.
  public func map(_ segment: AccessPin.Segment, write: Bool = false) throws(ClientError) -> MappedSegment {
    let answer = try callForDescriptors(MemoryOpen(memory: segment.memory, write: write))
    guard let descriptor = answer.takeDescriptor(0) else {
      throw .broken("memory.open answered no descriptor")
    }
    let skew = segment.offset % UInt64(Page.size)
    guard let offset = Int(exactly: segment.offset - skew), let count = Int(exactly: segment.length),
      let length = Int(exactly: segment.length + skew)
    else { throw .unmappable(.eoverflow) }
    let protection = write ? PROT_READ | PROT_WRITE : PROT_READ
    let address = unsafe mmap(nil, length, protection, MAP_SHARED, descriptor.rawValue, offset)
    guard let address = unsafe address, unsafe address != MAP_FAILED else { throw .unmappable(Errno.current) }
    return unsafe MappedSegment(
      OwnedMapping(owning: address, length: length), skew: Int(skew), count: count, isWritable: write)
  }
}
