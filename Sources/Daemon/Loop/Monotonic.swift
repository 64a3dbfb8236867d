// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The clock that nobody sets.
package enum Monotonic {
  /// Milliseconds since some moment before the daemon began.
  package static var milliseconds: UInt64 { microseconds / 1000 }

  /// Microseconds since the same moment.
  package static var microseconds: UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1000
  }
}
