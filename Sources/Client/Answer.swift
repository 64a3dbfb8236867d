// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// A call whose answer is still to be received.
public struct Pending<M: Method>: Sendable {
  package let id: UInt64

  package init(id: UInt64) { self.id = id }
}

/// What a call was answered.
public struct Answer<Result> {
  public var result: Result
  private let batch: DescriptorBatch?

  init(_ result: Result, _ batch: DescriptorBatch?) {
    self.result = result
    self.batch = batch
  }

  /// Descriptors that came with it.
  public var descriptorCount: Int { batch?.count ?? 0 }

  /// Hands over one of them; nil when there is none with this index or it was taken. Those that nobody takes
  /// are closed.
  public func takeDescriptor(_ index: Int) -> OwnedDescriptor? { batch?.take(index) }
}
