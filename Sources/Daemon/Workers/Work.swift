// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// What work may do to the worker that has it.
package enum Lane: Sendable {
  /// It ends.
  case ordinary
  /// It may never end, since it waits for somebody else's memory or file system: one at a time for each uid.
  case endless
}

/// Something that a worker runs once.
protocol Work: AnyObject, Sendable {
  var lane: Lane { get }
  func run()
}

/// Work together with the place where its product waits for the loop.
///
/// The pool's lock is between the worker that writes the product and the loop that takes it.
final class WorkCell<Product: Sendable>: Work, @unchecked Sendable {
  let lane: Lane
  private var body: (@Sendable () -> Product)?
  private var product: Product?

  init(_ lane: Lane, _ body: @escaping @Sendable () -> Product) {
    self.lane = lane
    self.body = body
  }

  func run() {
    guard let body else { return }
    product = body()
    // What the work holds is let go where it ran, since that too may take its time.
    self.body = nil
  }

  func takeProduct() -> Product? { product.take() }
}
