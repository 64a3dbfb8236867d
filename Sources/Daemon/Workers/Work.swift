// SPDX-License-Identifier: Apache-2.0

import IommuBase

/// Something that a worker runs once.
protocol Work: AnyObject, Sendable {
  func run()
}

/// Work together with the place where its product waits for the loop.
///
/// The pool's lock is between the worker that writes the product and the loop that takes it.
final class WorkCell<Product: Sendable>: Work, @unchecked Sendable {
  private var body: (@Sendable () -> Product)?
  private var product: Product?

  init(_ body: @escaping @Sendable () -> Product) { self.body = body }

  func run() {
    guard let body else { return }
    product = body()
    // What the work holds is let go where it ran, since that too may take its time.
    self.body = nil
  }

  func takeProduct() -> Product? { product.take() }
}
