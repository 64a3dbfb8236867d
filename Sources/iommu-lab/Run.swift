// SPDX-License-Identifier: Apache-2.0

import CLabMalloc
import Glibc
import IommuBase
import IommuCore

/// What a labelled step has to show.
struct Row {
  var label: String
  var counts: Counts
  var pinnedAfter: UInt64
  var storeBytes: UInt64
  var engineBytes: Int64
  /// Processor time spent in the engine since the row before.
  var nanoseconds: UInt64
}

/// One run of a script on a new world.
final class Run {
  struct Settings {
    var layout = FrameLayout.contig
    var batchLimit: Int?
    // Tables' memory outlives the run, as it would on a machine that has been up for a while.
    let flatChunks = FlatChunkPool(kept: 64)
    let tablePages = VTDPagePool(kept: 8192)
  }

  let settings: Settings
  let bench = Bench()
  let account: LabAccount
  var spaces: [String: LabSpace] = [:]
  var origins: [String: CountingOrigin] = [:]
  var unpinsOnUnmap = false

  private(set) var rows: [Row] = []
  /// Steps that the engine refused: the line and the error.
  private(set) var refusals: [(line: Line, errno: Errno, before: Int)] = []
  private var nanoseconds: UInt64 = 0
  private let heapBefore = lab_heap_bytes(HeapOwner.engine.rawValue)

  init(_ settings: Settings) {
    self.settings = settings
    account = LabAccount(bench)
  }

  /// Runs all `lines`. A step that the engine refuses is noted; the script goes on.
  func run(_ lines: [Line], file: String) throws(LabError) {
    defer { for space in spaces.values { space.clear() } }
    for line in lines {
      do {
        try perform(line.step)
      } catch let refusal as Refusal {
        refusals.append((line, refusal.errno, rows.count))
      } catch {
        throw LabError("\(file):\(line.number): \(error)")
      }
      guard let label = line.label else { continue }
      rows.append(
        Row(
          label: label, counts: bench.state.counts, pinnedAfter: bench.state.pinned,
          storeBytes: storeBytes(),
          engineBytes: lab_heap_bytes(HeapOwner.engine.rawValue) - heapBefore, nanoseconds: nanoseconds))
      bench.state.counts = Counts()
      nanoseconds = 0
    }
  }

  private func storeBytes() -> UInt64 {
    var seen: Set<ObjectIdentifier> = []
    var bytes: UInt64 = 0
    for space in spaces.values {
      for area in space.space.areas() where seen.insert(ObjectIdentifier(area.pages)).inserted {
        bytes += area.pages.storeBytes
      }
    }
    return bytes
  }

  /// Runs a part of a step that is the engine's work: it is timed, and its memory counts as the engine's.
  func engine<T, E: Error>(_ body: () throws(E) -> T) throws(E) -> T {
    let start = Self.now()
    let before = lab_heap_set_owner(HeapOwner.engine.rawValue)
    defer {
      _ = lab_heap_set_owner(before)
      nanoseconds += Self.now() - start
    }
    return try body()
  }

  /// Processor time of this thread, so that other work on the machine does not count. The lab waits for nothing.
  private static func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  // The parser has checked all names.
  func space(_ name: String) throws(LabError) -> LabSpace {
    guard let space = spaces[name] else { throw LabError("there is no ioas `\(name)`") }
    return space
  }

  func origin(_ name: String) throws(LabError) -> CountingOrigin {
    guard let origin = origins[name] else { throw LabError("there is no origin `\(name)`") }
    return origin
  }
}
