// SPDX-License-Identifier: Apache-2.0

/// How the pages of an origin are numbered.
package enum Frames: Sendable {
  /// By frames of the daemon's own bus.
  case bus(FrameRange)
  /// By the machine's own frames, which only what io_uring pins stays in.
  case machine(MachineFrames)
}
