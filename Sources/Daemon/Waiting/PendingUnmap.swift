// SPDX-License-Identifier: Apache-2.0

import IommuCore

/// An unmap that waits: its areas are marked, and those in the way are counted. It ends once, by ``finish()`` or by
/// ``cancel()``. Confined to the loop.
package struct PendingUnmap: ~Copyable {
  package let waiter: UnmapWaiter
  private let mark: Mark
  private let waiters: UnmapWaiters

  /// - Parameter mark: of the areas that `waiter` wants to unmap.
  init(_ waiter: UnmapWaiter, _ mark: Mark, _ waiters: UnmapWaiters) {
    self.waiter = waiter
    self.mark = mark
    self.waiters = waiters
    waiter.space.waiters.append(waiter)
    waiters.add(waiter)
  }

  /// Areas that are marked for it.
  package var areas: Int { mark.count }

  /// The areas are unmapped; answers how many there were.
  consuming func finish() -> Int {
    let count = mark.count
    end()
    return count
  }

  /// Nothing was unmapped, and everything is as it was before.
  consuming func cancel() { end() }

  private consuming func end() {
    mark.takeBack()
    waiter.space.waiters.removeAll { $0 === waiter }
    waiters.remove(waiter)
  }
}
