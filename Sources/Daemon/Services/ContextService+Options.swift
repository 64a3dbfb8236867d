// SPDX-License-Identifier: Apache-2.0

import IommuBase
import IommuLinux
import IommuWire

extension ContextService {
  package func option(
    _ call: ContextOption, _ session: Session
  ) throws(Failure) -> Outcome<ContextOption.Result> {
    let context = session.context
    try context.checkAlive()
    if call.rlimitMode != nil {
      guard session.role == .admin else {
        throw Failure(.eperm, "who pays for pins is said by the admin role", field: "rlimit_mode")
      }
      try checkEmpty(context, "rlimit_mode")
    }
    if let frames = call.frames {
      try checkEmpty(context, "frames")
      if frames == .physical { try seeMachineFrames() }
    }
    // Nothing is refused from here on.
    if let mode = call.rlimitMode { context.options.rlimitMode = mode }
    if let frames = call.frames { context.options.frames = frames }
    return .done(.init(rlimitMode: context.options.rlimitMode, frames: context.options.frames))
  }

  private func checkEmpty(_ context: Context, _ field: String) throws(Failure) {
    guard context.objects.isEmpty, context.inFlight == 0 else {
      let words = "\(field) is fixed by the first object, and the context holds \(context.objects.count)"
      throw Failure(.ebusy, words, field: field)
    }
  }

  private func seeMachineFrames() throws(Failure) {
    guard RingPool.isAvailable else {
      let words = "only pins of io_uring keep a page in its frame, and io_uring is not to be had here"
      throw Failure(.eopnotsupp, words, field: "frames")
    }
    guard contexts.pagemap == nil else { return }
    do throws(Errno) {
      contexts.pagemap = try Pagemap()
    } catch {
      let words = "the daemon may not see the machine's frames (\(error)); that takes CAP_SYS_ADMIN"
      throw Failure(.eperm, words, field: "frames")
    }
  }
}
