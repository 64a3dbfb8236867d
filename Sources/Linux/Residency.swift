// SPDX-License-Identifier: Apache-2.0

/// How firmly an origin's memory is held while it is pinned.
package enum Residency: String, Hashable, Sendable {
  /// By the kernel's own long-term pins.
  case pinned
  /// By mlock: in memory, though the kernel may move it to other frames.
  case locked
  /// Not at all.
  case advisory
  /// Its pins could not be made again after a restart.
  case degraded
}

/// How an origin asks the kernel to hold memory.
package enum Pinning: Hashable, Sendable {
  /// io_uring's registered buffers; mlock where the kernel does not allow them.
  case ioUring
  /// mlock always.
  case mlock
}
