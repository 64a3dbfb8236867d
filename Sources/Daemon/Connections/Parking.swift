// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuWire

/// One request that waits on the loop: in a list, with a timer. Confined to the loop.
final class Parking {
  enum Reason {
    case released, expired
  }

  let attempt: Progress.Retry
  let expire: () -> Failure
  private let list: WaitList
  private var place: UInt64?
  private var timer: TimerSource?
  private var post: PostSource?

  /// - Parameter wake: called from the loop itself, never from within a release.
  init(
    _ loop: EventLoop, _ list: WaitList, _ milliseconds: UInt32, _ attempt: @escaping Progress.Retry,
    _ expire: @escaping () -> Failure, wake: @escaping (Reason) -> Void
  ) throws(Errno) {
    self.attempt = attempt
    self.expire = expire
    self.list = list
    post = PostSource(loop) { wake(.released) }
    timer = try TimerSource(loop) { wake(.expired) }
    timer?.set(after: UInt64(milliseconds) * 1000)
    waitOn()
  }

  /// Waits for the next release.
  func waitOn() {
    place = list.add { [weak self] in
      self?.place = nil
      self?.post?.post()
    }
  }

  /// Waits no longer.
  func leave() {
    if let place { list.remove(place) }
    place = nil
    timer = nil
    post = nil
  }
}
