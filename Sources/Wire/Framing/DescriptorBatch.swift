// SPDX-License-Identifier: Apache-2.0

import Glibc
import IommuBase

/// Descriptors that travel with one line. Those that nobody takes are closed with it.
///
/// One is made for each line that brings descriptors, and none for other lines.
package final class DescriptorBatch {
  /// Taken ones are -1.
  private var numbers: [Int32]

  /// Closes a descriptor in its own way; nil closes it at once.
  private let dispose: ((Int32) -> Void)?

  /// Takes over open descriptors that nobody else owns.
  ///
  /// - Parameter dispose: takes over those that nobody takes, where closing them may take its time.
  package init(owning numbers: [Int32], dispose: ((Int32) -> Void)? = nil) {
    self.numbers = numbers
    self.dispose = dispose
  }

  /// Takes over one descriptor.
  package init(_ descriptor: consuming OwnedDescriptor) {
    numbers = [descriptor.release()]
    dispose = nil
  }

  deinit {
    for number in numbers where number >= 0 {
      if let dispose { dispose(number) } else { close(number) }
    }
  }

  /// Descriptors that came, taken or not.
  package var count: Int { numbers.count }

  /// Appends one to those that will be sent.
  package func append(_ descriptor: consuming OwnedDescriptor) {
    numbers.append(descriptor.release())
  }

  /// Hands the descriptor with this index over; nil when there is none or it was taken.
  package func take(_ index: Int) -> OwnedDescriptor? {
    guard numbers.indices.contains(index), numbers[index] >= 0 else { return nil }
    let number = numbers[index]
    numbers[index] = -1
    return OwnedDescriptor(owning: number)
  }

  /// The number of a descriptor that stays with the batch; nil when there is none or it was taken.
  package func number(_ index: Int) -> Int32? {
    guard numbers.indices.contains(index), numbers[index] >= 0 else { return nil }
    return numbers[index]
  }

  /// The numbers, for a call that borrows them. None may have been taken.
  func withNumbers<R>(_ body: (UnsafeBufferPointer<Int32>) -> R) -> R {
    unsafe numbers.withUnsafeBufferPointer { unsafe body($0) }
  }
}
