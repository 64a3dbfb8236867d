// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Nanoseconds on the clock that never jumps.
func now() -> UInt64 {
  var time = timespec()
  unsafe clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// What one kind of request took.
struct Samples {
  /// Requests on their way at once.
  let depth: Int
  /// Nanoseconds of each round of `depth` requests.
  private var latencies: [UInt64] = []
  private var requests = 0
  private var nanoseconds: UInt64 = 0

  init(depth: Int) { self.depth = depth }

  /// Runs `round`, which makes as many requests as it is given, until `count` were made. The first few are not
  /// counted.
  mutating func measure(_ count: Int, _ round: (Int) throws -> Void) throws {
    for _ in 0..<min(100, count / depth) { try round(depth) }
    var left = count
    latencies.reserveCapacity(latencies.count + count / depth + 1)
    let start = now()
    var last = start
    while left > 0 {
      let some = min(depth, left)
      try round(some)
      left -= some
      let time = now()
      latencies.append(time - last)
      last = time
    }
    requests += count
    nanoseconds += last - start
  }

  /// Requests in a second.
  var rate: Double { Double(requests) * 1e9 / Double(max(1, nanoseconds)) }

  /// The 50th and the 99th of 100 latencies, in microseconds.
  var percentiles: (p50: Double, p99: Double) {
    guard !latencies.isEmpty else { return (0, 0) }
    let sorted = latencies.sorted()
    func at(_ share: Int) -> Double { Double(sorted[(sorted.count - 1) * share / 100]) / 1000 }
    return (at(50), at(99))
  }
}
