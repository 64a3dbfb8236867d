// SPDX-License-Identifier: Apache-2.0

import IommuLinux
import IommuWire

/// What is decided about a context before it holds its first object.
package struct ContextOptions {
  /// Whose pins are counted together.
  package var rlimitMode = RlimitMode.user
  /// Which frame numbers pages have.
  package var frames = FrameLayout.bus

  package init() {}
}

extension Contexts {
  /// Who pays for what `session` pins: the owner of its context, or the process at its other end.
  func payer(for session: Session) -> Account {
    switch session.context.options.rlimitMode {
    case .user: session.context.account
    case .process: quotas.account(of: session.uid, process: session.peer.pid)
    }
  }

  /// Frames for `bytes` bytes of memory in `context`: those of `known`, where they are enough.
  ///
  /// - Throws: ENOSPC when the bus has no range so large.
  func frames(
    for bytes: UInt64, in context: Context, known: FrameRange?, _ field: String
  ) throws(Failure) -> Frames {
    if context.options.frames == .physical {
      guard let pagemap else {
        throw Failure(.eperm, "the machine's frames cannot be seen any more", field: field)
      }
      return .machine(MachineFrames(pagemap))
    }
    return .bus(try busFrames(for: bytes, in: context, known: known, field))
  }

  /// Frames of the daemon's bus, also where pages usually have the machine's.
  func busFrames(
    for bytes: UInt64, in context: Context, known: FrameRange?, _ field: String
  ) throws(Failure) -> FrameRange {
    if let known, known.capacity >= bytes { return known }
    do {
      return try FrameRange(
        bytes: bytes, in: frames, scattered: context.options.frames == .fragmented)
    } catch {
      throw Failure(error, "there are no bus frames for \(bytes) bytes", field: field)
    }
  }
}
